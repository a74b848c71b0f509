"""Calls every operation of the description with made-up requests, as one role, and prints what came of it as JSON.

Runs in the environment of schemathesis (``local/requirements/schemathesis.in``), where the application runs as well: on
memory adapters, in this process. Half of the requests name things that are there, so that they reach what is behind.

    python -m tests.schemathesis.drive ROLE EXAMPLES
"""

import asyncio
import json
import logging
import sys
from collections import Counter
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support import world as worlds
from tests.support.every_route import BEGINNER, CALLS, Scene, Who
from tests.support.world import Browser

ENDING = {"sign_out", "sign_out_everywhere", "end_session"}
"""After which the session is over: the next request of the same operation begins a new one."""

OAUTH = {"issue_token", "revoke_token"}
"""Which tell what is wrong as OAuth 2.0 wants it (RFC 6749 section 5.2)."""

_loop = asyncio.new_event_loop()


@schemathesis.serializer("application/offset+octet-stream")  # type: ignore[untyped-decorator]  # no types here
def _octets(_: Any, value: Any) -> bytes:
    """The body of an upload: whatever was made up."""
    return value if isinstance(value, bytes) else json.dumps(value, default=repr).encode(errors="replace")


async def _made() -> tuple[Any, Scene]:
    holding = worlds.world(PIC_LIMIT_STARTS_PER_ADDRESS="100000/60", PIC_LIMIT_POLLS_PER_ADDRESS="100000/60")
    world = await holding.__aenter__()
    return holding, await Scene.of(world)


class Session:
    """One role's browser, and what came of its requests."""

    def __init__(self, scene: Scene, who: Who) -> None:
        self._scene = scene
        self._who = who
        self._browser: Browser | None = None
        self.statuses: Counter[int] = Counter()
        self.faults: list[dict[str, Any]] = []

    async def _signed_in(self) -> Browser:
        if self._browser is None:
            world = self._scene.world
            is_staff = self._who is Who.STAFF  # Whose session may be over.
            self._browser = await (world.signed_in(BEGINNER) if is_staff else self._scene.browser(self._who))
        return self._browser

    def call(self, operation: str, case: Any, *, names_real: bool) -> None:
        """Send one made-up request."""
        if names_real:
            ids = self._scene.ids()
            known = {**ids, "message": ids["delivered"], "provider": "memory", "path": "index.html"}
            if "Tus-Resumable" in (case.headers or {}):
                case.headers["Tus-Resumable"] = "1.0.0"
            case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
        told = case.as_transport_kwargs(base_url="http://portal.test")
        told.pop("timeout", None)
        try:
            prepared = requests.Request(**told).prepare()
        except (requests.RequestException, UnicodeError, ValueError):
            return  # No client could send it.
        _loop.run_until_complete(self._send(operation, prepared))

    async def _send(self, operation: str, prepared: requests.PreparedRequest) -> None:
        browser = await self._signed_in()
        headers = {
            name: value
            for name, value in prepared.headers.items()
            if name.lower() not in {"cookie", "x-csrf-token", "host", "user-agent"}
        }
        path = str(prepared.url).removeprefix("http://portal.test")
        try:
            answer = await browser.call(str(prepared.method), path, headers=headers, content=prepared.body or b"")
        except (UnicodeError, ValueError) as fault:
            self.statuses[0] += 1
            if "codec" not in str(fault) and "header" not in str(fault).lower():
                raise
            return
        self.statuses[answer.status_code] += 1
        told_as = answer.headers.get("content-type", "")
        is_problem = told_as == "application/problem+json" or (operation in OAUTH and told_as == "application/json")
        is_odd = answer.status_code >= 400 and prepared.method != "HEAD" and not is_problem
        if answer.status_code >= 500 or is_odd:
            self.faults.append({"operation": operation, "status": answer.status_code, "problem": is_problem})
        if operation in ENDING or answer.status_code == 401:
            self._browser = None


def main(role: str, examples: int) -> dict[str, Any]:
    """Every operation, ``examples`` times."""
    logging.disable(logging.CRITICAL)
    _, scene = _loop.run_until_complete(_made())
    session = Session(scene, Who[role.upper()])
    schema = schemathesis.openapi.from_dict(scene.world.app.openapi())
    met: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        met.append(name)

        @settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), names_real=st.booleans())
        def run(case: Any, *, names_real: bool) -> None:
            session.call(met[-1], case, names_real=names_real)

        run()
    assert set(met) <= set(CALLS)
    return {"operations": sorted(met), "statuses": session.statuses, "faults": session.faults}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
