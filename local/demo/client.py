"""A client of the API as a browser would be: cookies, the CSRF token, streamed transfers."""

import base64
import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx

PIECE_BYTES: Final = 1024 * 1024
TIMEOUT: Final = httpx.Timeout(60, read=300)


class UnexpectedAnswerError(Exception):
    """The API answered otherwise than the main job needs. The text holds status and problem type."""


class Client:
    """One browser at the API. Cookies are kept by hand, because ours are Secure and loopback is not TLS."""

    def __init__(self, api_url: str, *, ca_file: str | None = None) -> None:
        trust = ssl.create_default_context()
        if ca_file is not None:
            trust.load_verify_locations(ca_file)
        self._http = httpx.Client(base_url=api_url, timeout=TIMEOUT, trust_env=False, verify=trust)
        self._cookies: dict[str, str] = {}
        self._csrf = ""

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def headers(self, method: str) -> dict[str, str]:
        """What makes a request one of this session."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if method not in {"GET", "HEAD"} and self._csrf:
            headers["X-CSRF-Token"] = self._csrf
        return headers

    def call(self, method: str, path: str, *, expect: int, **request: Any) -> httpx.Response:
        """Send and take cookies. Raises ``UnexpectedAnswerError`` for any other status than ``expect``."""
        headers = {**self.headers(method), **request.pop("headers", {})}
        answer = self._http.request(method, path, headers=headers, **request)
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        if answer.status_code != expect:
            raise UnexpectedAnswerError(f"{method} gave {answer.status_code} instead of {expect}: {answer.text[:300]}")
        return answer

    def ask(self, method: str, path: str, *, expect: int = 200, **request: Any) -> dict[str, Any]:
        """``call`` for JSON."""
        body: dict[str, Any] = self.call(method, path, expect=expect, **request).json()
        return body

    def sign_in(self, mail_address: str, password: str) -> str:
        """Sign in as staff; the name that the API gives."""
        credentials = {"mail_address": mail_address, "password": password}
        return self.signed_in(self.ask("POST", "/api/v1/staff/sign-in", json=credentials))

    def signed_in(self, session: dict[str, Any]) -> str:
        """Take a session that was raised; the name that the API gives."""
        self._csrf = session["csrf_token"]
        return str(session["name"])

    def begin_upload(self, message_path: str, size: int, name: str) -> tuple[str, str]:
        """Begin an upload by tus to a draft; where its bytes go, and the id of the file."""
        parts = message_path.split("/")
        metadata = {"thread": parts[4], "message": parts[6], "filename": name}
        encoded = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
        created = self.call(
            "POST",
            "/api/v1/uploads",
            expect=201,
            headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": encoded},
        )
        return created.headers["Location"], created.headers["Upload-File"]

    def upload(self, message_path: str, file: Path, name: str) -> str:
        """Upload by tus to a draft; the id of the file."""
        size = file.stat().st_size
        location, file_id = self.begin_upload(message_path, size, name)
        if size:
            headers = {
                "Tus-Resumable": "1.0.0",
                "Upload-Offset": "0",
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(size),
            }
            self.call("PATCH", location, expect=204, headers=headers, content=pieces(file))
        return file_id

    def download_sha256(self, path: str) -> tuple[str, int]:
        """Fetch a file and keep nothing of it but its SHA-256 (hex) and length."""
        sha256, length = hashlib.sha256(), 0
        with self._http.stream("GET", path, headers=self.headers("GET")) as answer:
            if answer.status_code != httpx.codes.OK:
                raise UnexpectedAnswerError(f"the download gave {answer.status_code}")
            for data in answer.iter_raw():
                sha256.update(data)
                length += len(data)
        return sha256.hexdigest(), length


def pieces(file: Path) -> Iterator[bytes]:
    """The content of a file, a mebibyte at a time."""
    with file.open("rb") as content:
        while data := content.read(PIECE_BYTES):
            yield data
