"""Streaming handlers, as the bridge of the product makes them: Starlette request in, Starlette response out."""

# ruff: noqa: ARG001 - a trigger names its parameter, whether the handler reads it or not

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import azure.functions as func
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

PIECE = b"\x5a" * (1 << 20)


def peak_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise AssertionError("Linux only")


@app.route("memory", methods=["GET"])
async def read_memory(req: Request) -> Response:
    return JSONResponse({"peak": peak_bytes(), "pid": os.getpid()})


@app.route("up", methods=["POST"])
async def take_up(req: Request) -> Response:
    digest = hashlib.sha256()
    length = 0
    async for piece in req.stream():
        digest.update(piece)
        length += len(piece)
    return JSONResponse({"length": length, "sha256": digest.hexdigest()})


@app.route("down/{pieces:int}", methods=["GET"])
async def send_down(req: Request) -> Response:
    count = int(req.path_params["pieces"])

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield PIECE

    return StreamingResponse(pieces())


@app.route("watched/{name}", methods=["POST"])
async def watch(req: Request) -> Response:
    seen = Path(os.environ["TOY_FOLDER"]) / req.path_params["name"]
    try:
        async for _ in req.stream():
            seen.with_suffix(".begun").touch()
    except ClientDisconnect:
        seen.write_text("the client left")
        raise
    return PlainTextResponse("complete")


@app.route("produced/{name}", methods=["GET"])
async def produce(req: Request) -> Response:
    seen = Path(os.environ["TOY_FOLDER"]) / req.path_params["name"]

    async def pieces() -> AsyncIterator[bytes]:
        while True:  # Never waits by itself: the worst neighbour for everybody else on the loop.
            yield PIECE

    class Watched(StreamingResponse):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await super().__call__(scope, receive, send)
            finally:
                seen.touch()

    return Watched(pieces())


@app.route("cut", methods=["GET"])
async def cut_short(req: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("the secret of the stream")

    return StreamingResponse(pieces(), headers={"content-length": "8"})


@app.route("slow", methods=["GET"])
async def answer_slowly(req: Request) -> Response:
    (Path(os.environ["TOY_FOLDER"]) / "slow.begun").touch()
    await asyncio.sleep(1.0)
    (Path(os.environ["TOY_FOLDER"]) / "slow.ended").touch()
    return PlainTextResponse("slow but sure")


@app.route("hidden/{*rest}", methods=["GET"])
async def read_hidden(req: Request) -> Response:
    return PlainTextResponse(f"{req.path_params['rest']} {req.headers.get('x-ms-invocation-id')}")
