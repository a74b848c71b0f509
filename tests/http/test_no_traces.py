"""Whatever telemetry a host switches on in the process, the web framework tells it nothing of a request."""

import subprocess
import sys

from tests.support.worker import ROOT

PROGRAM = """
import asyncio
from opentelemetry import trace

told = []

class Tracer(trace.NoOpTracer):
    def start_span(self, name, *arguments, **more):
        told.append((name, more))
        return super().start_span(name, *arguments, **more)

class Provider(trace.TracerProvider):
    def get_tracer(self, *arguments, **more):
        return Tracer()

trace.set_tracer_provider(Provider())

from tests.support.world import world

async def main():
    async with world() as made:
        await made.http.request("GET", "/api/v1/session?token=canary")

asyncio.run(main())
print(told)
"""


def test_a_request_leaves_no_span_with_its_path_and_query() -> None:
    """FastAPI traces by itself once a provider is set, and a span would hold path, query and texts of exceptions."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stdout + done.stderr
