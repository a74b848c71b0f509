"""Stands in for OSV and for the npm registry's audit, for the real clients: knows what a test tells it, or nothing."""

import gzip
import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Advisories:
    """``weak`` are names of packages of which something is known; ``status`` answers every question with an error."""

    def __init__(self, weak: tuple[str, ...], status: int) -> None:
        self.weak = weak
        self.status = status
        self.asked: list[str] = []
        self.url = ""

    def answer(self, path: str, body: bytes) -> object:
        """To what pip-audit and npm ask; each asks about names and versions."""
        if path.endswith("/v1/query"):
            package = json.loads(body)["package"]["name"]
            self.asked.append(package)
            return {"vulns": [_osv(package)]} if package in self.weak else {}
        if path.endswith("/advisories/bulk"):
            names = list(json.loads(gzip.decompress(body)))
            self.asked += names
            return {name: [_npm(name)] for name in names if name in self.weak}
        name = path.strip("/")
        versions = {each: {"name": name, "version": each} for each in ("0.0.8", "1.0.0")}
        return {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": versions}


def _osv(name: str) -> Mapping[str, Any]:
    everything = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]
    affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": everything}]
    return {"id": f"PYSEC-0000-{name}", "summary": "s", "published": "2020-01-01T00:00:00Z", "affected": affected}


def _npm(name: str) -> Mapping[str, Any]:
    known = {"id": 1, "url": "https://advisories.example/1", "title": "weak", "severity": "high"}
    return {
        **known,
        "vulnerable_versions": "<=99",
        "cwe": [],
        "cvss": {"score": 7.0, "vectorString": None},
        "name": name,
    }


@contextmanager
def advisories(*weak: str, status: int = 200) -> Iterator[Advisories]:
    """Listens on a port of its own until the block is left."""
    known = Advisories(weak, status)

    class Handler(http.server.BaseHTTPRequestHandler):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            content = json.dumps(known.answer(self.path, body) if known.status == 200 else {}).encode()
            self.send_response(known.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _reply  # noqa: N815 - the server's names

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
