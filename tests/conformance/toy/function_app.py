"""A function app of every kind of trigger and route that ours has, and no store behind it."""

import hashlib
import os
from collections.abc import AsyncIterator

import azure.functions as func
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from starlette.responses import Response

from functions.faults import run_job
from functions.listing import listed
from functions.publish import publish

PIECE = memoryview(bytearray(8 * 1024 * 1024))
SECRET = "what-a-person-wrote"  # a canary, looked for in what the worker prints

seen: list[str] = []
router = APIRouter(prefix="/api/v1")


class Sum(BaseModel):
    left: int
    right: int


@router.get("/seen")
async def read_seen() -> list[str]:
    return seen


@router.get("/environment/{name}")
async def read_environment(name: str) -> JSONResponse:
    return JSONResponse({"value": os.environ.get(name), "all": sorted(os.environ)})


@router.post("/sums")
async def create_sum(numbers: Sum) -> dict[str, int]:
    return {"sum": numbers.left + numbers.right}


@router.patch("/uploads/{upload}")
async def append_upload(upload: str, request: Request) -> JSONResponse:
    digest, length = hashlib.sha256(), 0
    try:
        async for piece in request.stream():
            digest.update(piece)
            length += len(piece)
    except BaseException as left:
        seen.append(f"upload {upload} {type(left).__name__}")
        raise
    return JSONResponse({"upload": upload, "sha256": digest.hexdigest(), "length": length})


@router.head("/uploads/{upload}")
async def upload_offset(upload: str) -> Response:
    return Response(headers={"Upload-Offset": upload})


@router.delete("/uploads/{upload}", status_code=204)
async def cancel_upload(upload: str) -> None:
    seen.append(f"cancelled {upload}")


@router.options("/uploads")
async def upload_options() -> Response:
    return Response(status_code=204, headers={"Tus-Version": "1.0.0"})


@router.get("/files/{pieces}/{ending}")
async def download_file(pieces: int, ending: str) -> StreamingResponse:
    async def body() -> AsyncIterator[memoryview]:
        try:
            for _ in range(pieces):
                yield PIECE
            if ending == "fault":
                raise ValueError(SECRET)
        finally:
            seen.append(f"download {pieces} over")

    headers = {"Content-Length": str(pieces * len(PIECE))} if ending == "measured" else {}
    return StreamingResponse(body(), headers=headers)


@router.get("/faults")
async def read_fault() -> None:
    raise ValueError(SECRET)


@router.get("/portal/{path:path}")
async def portal(path: str) -> dict[str, str]:
    return {"path": path}


api = FastAPI(openapi_url=None)
api.include_router(router)
app = func.FunctionApp()
publish(listed(__name__, api.routes), api, app)


async def deliver(message: func.QueueMessage) -> None:
    seen.append(f"queue {message.get_body().decode()} {message.dequeue_count}")
    if message.get_body() == b"poison":
        raise ValueError(SECRET)


@app.queue_trigger(arg_name="message", queue_name="%PIC_DISPATCH_QUEUE%", connection="PIC_STORAGE")
async def dispatch(message: func.QueueMessage, context: func.Context) -> None:
    await run_job(deliver(message), name="dispatch", invocation=context.invocation_id)


@app.timer_trigger(arg_name="timer", schedule="%PIC_RETENTION_SCHEDULE%", run_on_startup=False)
async def retain(timer: func.TimerRequest) -> None:
    seen.append(f"timer {timer.past_due}")
