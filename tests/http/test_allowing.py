"""What a route can ask of staff: a role, a proof that is only minutes old, a second factor that is set up."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import Depends, FastAPI, Request
from httpx import ASGITransport, AsyncClient

from functions import problems
from functions.dependencies import Allowing
from shared.crypto.tokens import csrf_token
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.principals import Role, SessionHolder, Staff
from shared.domain.sign_in_methods import FRESH_FOR
from shared.services.sessions import Sessions
from tests.support.memory_container import MemoryContainer

TOKEN = "T" * 43
ADMIN = Staff(
    organisation=OrganisationId("o"), staff=StaffId("s"), role=Role.ADMIN, units=frozenset(), name="Anna Exempel"
)
MOMENT = timedelta(microseconds=1)


class Somebody(Sessions):
    """Sessions in which one member of staff is signed in, whoever that is now."""

    def __init__(self, staff: Staff) -> None:
        self.staff = staff

    async def principal_of(self, token: str) -> SessionHolder:
        assert token == TOKEN
        return self.staff


class ContainerOfSomebody(MemoryContainer):
    sessions = Somebody(ADMIN)


@pytest.fixture
def container() -> ContainerOfSomebody:
    found = ContainerOfSomebody()
    found.sessions.staff = replace(ADMIN, verified_at=found.clock())
    return found


@pytest.fixture
async def http(container: ContainerOfSomebody) -> AsyncIterator[AsyncClient]:
    """Routes that ask for this and that."""
    api = FastAPI()
    api.state.container = container
    problems.install(api)
    asked = {
        "any": Allowing(Staff),
        "admins": Allowing(Staff, roles={Role.ADMIN}),
        "fresh": Allowing(Staff, roles={Role.ADMIN}, fresh=True),
        "unfinished": Allowing(Staff, unfinished=True),
    }
    for path, allowing in asked.items():

        async def answer() -> str:
            return "done"

        async def known(request: Request) -> None:
            request.state.request_id = "id"
            request.state.until = time.monotonic() + 20

        api.post(f"/{path}", dependencies=[Depends(known), Depends(allowing)])(answer)
    headers = {"cookie": f"__Host-session={TOKEN}", "x-csrf-token": csrf_token(TOKEN)}
    async with AsyncClient(transport=ASGITransport(api), base_url="http://portal.test", headers=headers) as client:
        yield client


async def asked(http: AsyncClient, path: str) -> str:
    """``done``, or the type of the problem."""
    answer = await http.post(f"/{path}")
    kind: str = answer.json()["type"] if answer.status_code == 403 else answer.json()
    return kind


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_opens_what_asks_for_it(http: AsyncClient, container: ContainerOfSomebody, role: Role) -> None:
    """And nothing that asks for another."""
    container.sessions.staff = replace(container.sessions.staff, role=role)
    assert await asked(http, "any") == "done"
    expected = "done" if role is Role.ADMIN else "urn:pic:problem:not-allowed"
    assert (await asked(http, "admins"), await asked(http, "fresh")) == (expected, expected)


@pytest.mark.parametrize("age", [timedelta(0), FRESH_FOR - MOMENT, FRESH_FOR, timedelta(hours=7), None])
async def test_an_act_that_asks_for_it_takes_a_fresh_proof(
    http: AsyncClient, container: ContainerOfSomebody, age: timedelta | None
) -> None:
    """To the microsecond; a session without any proof that counts is never fresh."""
    verified_at = None if age is None else container.clock() - age
    container.sessions.staff = replace(container.sessions.staff, verified_at=verified_at)
    is_fresh = age is not None and age < FRESH_FOR
    assert await asked(http, "fresh") == ("done" if is_fresh else "urn:pic:problem:step-up-required")
    assert await asked(http, "admins") == "done"


async def test_who_has_to_set_up_a_second_factor_does_that_first(
    http: AsyncClient, container: ContainerOfSomebody
) -> None:
    """Every route refuses but those that say otherwise: by default none does."""
    container.sessions.staff = replace(container.sessions.staff, is_unfinished=True)
    found = {path: await asked(http, path) for path in ("any", "admins", "fresh", "unfinished")}
    refused = "urn:pic:problem:second-factor-required"
    assert found == {"any": refused, "admins": refused, "fresh": refused, "unfinished": "done"}


async def test_a_role_that_can_never_is_told_so_first(http: AsyncClient, container: ContainerOfSomebody) -> None:
    """Nobody sets up a factor, or proves anything anew, only to be refused afterwards."""
    container.sessions.staff = replace(ADMIN, role=Role.MEMBER, is_unfinished=True)
    assert await asked(http, "fresh") == "urn:pic:problem:not-allowed"
