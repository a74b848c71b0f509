"""A browser at an app inside the runtime: finds the function behind an address as the host would, keeps cookies."""

import base64
import json
import re
from typing import Any

from tests.support.worker import Worker

TUS = {"tus-resumable": "1.0.0"}


class RuntimeBrowser:
    """Cookies are kept by hand, for ours are Secure and the worker's port is not TLS."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._cookies: dict[str, str] = {}
        self._csrf = ""

    @property
    def secrets(self) -> list[str]:
        """What nobody else may learn: the tokens of this browser."""
        return [*filter(None, self._cookies.values()), *filter(None, [self._csrf])]

    def send(
        self, method: str, path: str, *, expect: int, headers: dict[str, str] | None = None, **request: Any
    ) -> dict[str, Any]:
        """One request with ``text`` or ``size`` as its body (see ``drive.py``); the answer as the driver tells it."""
        function, params = function_behind(self._worker.started["surface"], method, path)
        sent = {"cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()), **(headers or {})}
        if method not in {"GET", "HEAD"} and self._csrf:
            sent["x-csrf-token"] = self._csrf
        step = {"function": function, "method": method, "path": path, "params": params, "headers": sent, **request}
        answer = self._worker.tell({"http": step})
        for name, value in answer["headers"]:
            if name.lower() == "set-cookie":
                cookie, _, content = value.partition(";")[0].partition("=")
                self._cookies[cookie] = content.strip('"')
        assert (answer["status"], answer["invocation"]) == (expect, "Success"), answer
        return answer

    def ask(self, method: str, path: str, *, expect: int = 200, body: object = None) -> dict[str, Any]:
        """JSON in, JSON out."""
        headers = None if body is None else {"content-type": "application/json"}
        text = None if body is None else json.dumps(body)
        answer: dict[str, Any] = json.loads(self.send(method, path, expect=expect, headers=headers, text=text)["text"])
        return answer

    def signed_in(self, session: dict[str, Any]) -> None:
        """Take the token of a session that was raised."""
        self._csrf = session["csrf_token"]

    def begin_upload(self, message_path: str, *, name: str, size: int) -> tuple[str, str]:
        """Begin an upload by tus to a draft; where its bytes go, and the id of the file."""
        parts = message_path.split("/")
        metadata = {"thread": parts[4], "message": parts[6], "filename": name}
        encoded = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
        headers = {**TUS, "upload-length": str(size), "upload-metadata": encoded}
        created = dict(self.send("POST", "/api/v1/uploads", expect=201, headers=headers)["headers"])
        return created["location"], created["upload-file"]

    def append(self, location: str, size: int) -> dict[str, Any]:
        """Send all bytes of an upload, as a stream."""
        headers = {**TUS, "upload-offset": "0", "content-type": "application/offset+octet-stream"}
        return self.send("PATCH", location, expect=204, headers=headers, size=size)

    def offset(self, location: str) -> int:
        """How many bytes of an upload are kept."""
        return int(dict(self.send("HEAD", location, expect=200, headers=TUS)["headers"])["upload-offset"])


def function_behind(surface: dict[str, Any], method: str, path: str) -> tuple[str, dict[str, str]]:
    """The one HTTP function with this method and a route that fits, and what the route names in the path."""
    found: list[tuple[str, dict[str, str]]] = []
    for name, entry in surface.items():
        trigger = entry["bindings"][0]
        if trigger["type"] == "httpTrigger" and method in trigger["methods"]:
            pattern = re.sub(r"\{\*(\w+)\}", r"(?P<\1>.*)", trigger["route"])
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
            if match := re.fullmatch(f"/{pattern}", path):
                found.append((name, match.groupdict()))
    assert len(found) == 1, (method, path, found)
    return found[0]
