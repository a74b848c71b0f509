"""A stack to measure, and somebody signed in on each side of it."""

import asyncio
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from bench import raw_client
from local.demo import persons
from local.demo.client import Client
from local.node_process import ROOT
from local.ports import free_ports
from local.seed import Seed, seed
from local.stack import RecordStore, Stack, running_stack, settings_for

PERSON = "199006022397"


class Service:
    """The running host as a sender and a recipient use it."""

    def __init__(self, stack: Stack, seeded: Seed) -> None:
        self.stack = stack
        self.port = stack.ports.api
        self._unit = seeded.unit
        self.members = tuple((member.mail_address, member.password) for member in seeded.staff)
        self.staff, self.person = Client(stack.api_url), Client(stack.api_url)
        member = seeded.staff[0]
        self.staff.sign_in(member.mail_address, member.password)
        persons.sign_in(self.person, stack, PERSON)

    def close(self) -> None:
        """End the connections."""
        if "_kept" in self.__dict__:
            self._kept.close()
        self.staff.close()
        self.person.close()

    @cached_property
    def _kept(self) -> raw_client.KeptConnection:
        return raw_client.KeptConnection(self.port)

    def thread(self) -> str:
        """A fresh thread; the path of its messages."""
        recipient = {"personal_number": PERSON, "mail_address": "bench@example.se"}
        new = {"unit": self._unit, "subject": "Mätning", "persons": [recipient]}
        thread = self.staff.ask("POST", "/api/v1/threads", expect=201, json=new)["thread"]
        return f"/api/v1/threads/{thread}/messages"

    def draft(self, messages: str, text: str = "Mätning") -> str:
        """A fresh draft; its path."""
        created: dict[str, Any] = self.staff.ask("POST", messages, expect=201, json={"text": text})
        return f"{messages}/{created['message']}"

    def upload(self, message: str, file: Path) -> tuple[str, float]:
        """Upload; the path of the file, and the seconds from the creation to the answer of the last byte."""
        began = time.perf_counter()
        location, file_id = self.staff.begin_upload(message, file.stat().st_size, "measured.bin")
        headers = {
            **self.staff.headers("PATCH"),
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }
        answer = raw_client.send_file(self.port, "PATCH", location, headers, file)
        seconds = time.perf_counter() - began
        if answer.status != 204:
            raise RuntimeError(f"the upload gave {answer.status}")
        return f"{message}/files/{file_id}", seconds

    def download(self, file: str, length: int) -> float:
        """Download as the sender and drop the bytes; seconds."""
        began = time.perf_counter()
        answer = raw_client.fetch(self.port, file, self.staff.headers("GET"))
        seconds = time.perf_counter() - began
        if (answer.status, answer.length) != (200, length):
            raise RuntimeError(f"the download gave {answer.status} and {answer.length} bytes")
        return seconds

    def fetch_range(self, file: str, wanted: str, length: int) -> float:
        """Fetch one range as the sender, over a connection that stays open, and drop the bytes; seconds."""
        headers = {**self.staff.headers("GET"), "Range": f"bytes={wanted}"}
        began = time.perf_counter()
        answer = self._kept.fetch(file, headers)
        seconds = time.perf_counter() - began
        if (answer.status, answer.length) != (206, length):
            raise RuntimeError(f"the range gave {answer.status} and {answer.length} bytes")
        return seconds

    def first_byte(self, file: str) -> float:
        """Begin to download as the sender, and hang up at the first byte; seconds."""
        return raw_client.first_byte(self.port, file, self.staff.headers("GET"))

    def cpu_seconds(self) -> float:
        """Processor time of the host so far."""
        times = self.host().cpu_times()
        return float(times.user + times.system)

    def host(self) -> psutil.Process:
        """The process of the Functions host."""
        me = psutil.Process()
        found = [child for child in me.children(recursive=True) if "local.host" in child.cmdline()]
        if len(found) != 1:
            raise RuntimeError(f"{len(found)} hosts run below this process")
        return found[0]


def peak_bytes(process: psutil.Process) -> int:
    """Peak resident memory since the start, as the kernel accounts it (``VmHWM``)."""
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not say what the peak was")


def forget_peak(process: psutil.Process) -> int:
    """Let ``peak_bytes`` begin anew (proc(5), ``clear_refs``); what is resident now."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="ascii")
    return peak_bytes(process)


@contextmanager
def running_service(
    records: RecordStore = "tables", overrides: Mapping[str, str] | None = None, blob_endpoint: str | None = None
) -> Iterator[Service]:
    """A stack of its own, removed afterwards. Blobs go to ``blob_endpoint`` if there is one, else to its Azurite."""
    base = ROOT / ".local"
    base.mkdir(mode=0o700, exist_ok=True)
    data = Path(tempfile.mkdtemp(prefix="bench-", dir=base))
    try:
        ports, moved = free_ports(), dict(overrides or {})
        if blob_endpoint is not None:
            account = settings_for(ports, data, records)["PIC_STORAGE"]
            moved["PIC_STORAGE"] = re.sub("BlobEndpoint=[^;]+", f"BlobEndpoint={blob_endpoint}", account)
        with running_stack(
            ports=ports,
            data=data,
            records=records,
            prepare=lambda environment: asyncio.run(seed(environment, data)),
            overrides={"PIC_UNDO_SECONDS": "0", **moved},
        ) as (stack, seeded):
            service = Service(stack, seeded)
            try:
                yield service
            finally:
                service.close()
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def random_file(size_bytes: int) -> Iterator[Path]:
    """A file of random content."""
    with tempfile.TemporaryDirectory(prefix="pic-bench-") as folder:
        file = Path(folder) / "content.bin"
        with file.open("wb") as content:
            for offset in range(0, size_bytes, raw_client.BUFFER_BYTES):
                content.write(os.urandom(min(raw_client.BUFFER_BYTES, size_bytes - offset)))
        yield file
