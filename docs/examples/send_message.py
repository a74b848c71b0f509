# ruff: noqa: INP001 - a script by itself, in no package
"""Sends a message with a file from a script: what a case-management system does, with nothing but Python.

    export PIC_URL=https://portal.example.se PIC_CLIENT_ID=... PIC_CLIENT_SECRET=...
    python send_message.py --unit ID --subject Beslut --text "Hej!" --file beslut.pdf --case 2026-17 < recipient.json

``recipient.json`` holds ``personal_number`` and ``mail_address``: they come by the standard input, because arguments
stand in lists of processes. ``--case`` is any name for this sending: run again with the same one, after whatever went
wrong, the script goes on and sends nothing twice. Prints the ids of the thread and the message as JSON.
"""

import argparse
import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from typing import Any

PIECE_BYTES = 8 * 1024 * 1024
TRIES = 6
ANSWER_SECONDS = 200
"""Sending may take three minutes, if the service has to read the file once more."""
WAIT_SECONDS = 5
LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
"""Answers that may be others in a while."""


@dataclass(frozen=True)
class Answer:
    """What came back; without a connection that is as if the service were not there."""

    status: int
    headers: Message
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it was done."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def may_change(self) -> bool:
        """Whether to ask again. A conflict with ``Retry-After``: our own first request is still being done."""
        is_under_way = self.status == HTTPStatus.CONFLICT and "Retry-After" in self.headers
        return self.status in {*LATER, HTTPStatus.UNAUTHORIZED} or is_under_way

    @property
    def kind(self) -> str:
        """The type of a problem (RFC 9457), or the error of the token endpoint."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return ""
        return str(told.get("type", told.get("error", "")))

    def json(self) -> Any:
        """What it says."""
        return json.loads(self.body)


class Service:
    """The API, with an access token that is asked for anew when it is over."""

    def __init__(self, url: str, client_id: str, client_secret: str) -> None:
        self._url = url.rstrip("/")
        pair = ":".join(urllib.parse.quote_plus(text) for text in (client_id, client_secret))
        self._basic = "Basic " + base64.b64encode(pair.encode()).decode()
        self._bearer = ""

    def once(self, method: str, path: str, headers: Mapping[str, str], data: bytes | None = None) -> Answer:
        """Ask once."""
        if not self._bearer:
            form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
            told = {"Authorization": self._basic, "Content-Type": "application/x-www-form-urlencoded"}
            answer = self._send("POST", "/api/v1/oauth/token", told, form)
            if not answer.is_good:
                if answer.status not in LATER:
                    raise SystemExit(f"no token: {answer.status} {answer.kind}")
                return answer
            self._bearer = f"Bearer {answer.json()['access_token']}"
        answer = self._send(method, path, {**headers, "Authorization": self._bearer}, data)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._bearer = ""  # It lasts ten minutes.
        return answer

    def call(self, method: str, path: str, headers: Mapping[str, str], data: bytes | None = None) -> Answer:
        """Ask until it is done, or nothing will change."""
        for _ in range(TRIES):
            answer = self.once(method, path, headers, data)
            if answer.is_good:
                return answer
            if not answer.may_change:
                raise SystemExit(f"{method} was refused: {answer.status} {answer.kind}")
            if answer.status != HTTPStatus.UNAUTHORIZED:
                time.sleep(int(answer.headers.get("Retry-After", WAIT_SECONDS)))
        raise SystemExit(f"{method} did not succeed in {TRIES} tries")

    def post(self, path: str, key: str, body: object = None) -> Any:
        """Post JSON under a name for this request, so that it is done once however often it arrives."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self.call("POST", path, headers, b"" if body is None else json.dumps(body).encode()).json()

    def _send(self, method: str, path: str, headers: Mapping[str, str], data: bytes | None) -> Answer:
        request = urllib.request.Request(self._url + path, data=data, headers=dict(headers), method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - the address is a setting
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as fault:
            with fault:
                return Answer(fault.code, fault.headers, fault.read())
        except OSError:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, Message(), b"")


def upload(service: Service, thread: str, message: str, file: Path) -> None:
    """By tus 1.0, in pieces: where one is lost, the upload goes on from what has arrived."""
    told = {"thread": thread, "message": message, "filename": file.name}
    metadata = ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in told.items())
    tus = {"Tus-Resumable": "1.0.0"}
    length = file.stat().st_size
    begun = service.call("POST", "/api/v1/uploads", {**tus, "Upload-Length": str(length), "Upload-Metadata": metadata})
    where, offset, lost = begun.headers["Location"], 0, 0
    with file.open("rb") as content:
        while offset < length:
            content.seek(offset)
            headers = {**tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            answer = service.once("PATCH", where, headers, content.read(PIECE_BYTES))
            arrived = int(service.call("HEAD", where, tus).headers["Upload-Offset"])
            lost = 0 if arrived > offset else lost + 1
            if lost == TRIES:
                raise SystemExit(f"the upload does not go on: {answer.status} {answer.kind}")
            offset = arrived


def main() -> None:
    """Open a thread, write a message, upload the file, send."""
    parser = argparse.ArgumentParser(description="Send a message with a file.")
    for name in ("--unit", "--subject", "--text", "--case"):
        parser.add_argument(name, required=True)
    parser.add_argument("--file", required=True, type=Path)
    asked = parser.parse_args()
    service = Service(*(os.environ[f"PIC_{name}"] for name in ("URL", "CLIENT_ID", "CLIENT_SECRET")))
    new = {"unit": asked.unit, "subject": asked.subject, "persons": [json.load(sys.stdin)]}
    thread = service.post("/api/v1/threads", f"{asked.case}-thread", new)["thread"]
    messages = f"/api/v1/threads/{thread}/messages"
    message = service.post(messages, f"{asked.case}-message", {"text": asked.text})["message"]
    path = f"{messages}/{message}"
    if service.call("GET", path, {}).json()["state"] == "draft":
        draft = service.call("POST", f"{path}/open", {}, b"").json()
        for left in draft["unfinished"]:  # by a run that was cut off
            service.call("DELETE", f"{path}/files/{left['file']}", {})
        if asked.file.name not in {file["name"] for file in draft["files"]}:
            upload(service, thread, message, asked.file)
        service.post(f"{path}/send", f"{asked.case}-send")
    print(json.dumps({"thread": thread, "message": message}))  # noqa: T201 - this is what it is for


if __name__ == "__main__":
    main()
