"""The application on memory adapters as clients meet it: browsers with cookies, over HTTP, without a network."""

import base64
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from fastapi import FastAPI

from functions.api import create_api
from shared.adapters.memory_electronic_id import persona
from shared.domain.ids import OrganisationId, StaffId, UnitId
from shared.domain.principals import Role
from shared.domain.scopes import Scope
from shared.domain.verified_identity import VerifiedIdentity
from shared.services.administering import NewStaff
from shared.services.administering_clients import NewClient, NewSecret, Renewal
from tests.support.memory_container import PASSWORD, PUBLIC_URL, MemoryContainer, ask_for_a_password_alone
from tests.support.scene import accept_agreement

TOLVAN = "191212121212"
OTHER_PERSON = "199006022397"

_numbers = itertools.count(1)
_idle: list[FastAPI] = []
"""Applications of worlds that are over: making the routes takes longer than most tests, and the container is all that
an application knows of its world."""


@dataclass
class Browser:
    """One browser: its cookies, and the CSRF token its page holds."""

    http: httpx.AsyncClient
    csrf: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    bearer: str = ""
    """The access token of an API client, which has no cookies."""

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send as our own page would. Cookies are kept by hand: the transport is not TLS, and ours are Secure."""
        headers = {"cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}
        if self.bearer:
            headers["authorization"] = f"Bearer {self.bearer}"
        if self.csrf and method not in {"GET", "HEAD", "OPTIONS"}:
            headers["x-csrf-token"] = self.csrf
        headers |= request.pop("headers", {})
        answer = await self.http.request(method, path, headers=headers, **request)
        for text in answer.headers.get_list("set-cookie"):
            name, _, value = text.partition(";")[0].partition("=")
            if "max-age=0" in text.lower() or value in {"", '""'}:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    async def json(self, method: str, path: str, status: int = 200, **request: Any) -> dict[str, Any]:
        """Send, expect ``status``, and give the body."""
        answer = await self.call(method, path, **request)
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        return body


@dataclass
class World:
    """One organisation with one unit, and whoever signs in."""

    container: MemoryContainer
    http: httpx.AsyncClient
    app: FastAPI
    organisation: OrganisationId
    unit: UnitId

    async def decide(self, **changes: Any) -> None:
        """Change these settings of the organisation, as an operator does."""
        settings = self.container.organisation_settings
        await settings.change(self.organisation, lambda found: replace(found, **changes), by="system")

    async def staff(
        self,
        *,
        organisation: OrganisationId | None = None,
        units: tuple[UnitId, ...] | None = None,
        role: Role = Role.MEMBER,
        address: str | None = None,
    ) -> Browser:
        """A browser in which a new member of staff is signed in; by default of this world's unit."""
        address = address or f"staff{next(_numbers)}@example.com"
        await self.member(address, organisation=organisation, units=units, role=role)
        return await self.signed_in(address)

    async def member(
        self,
        address: str,
        *,
        organisation: OrganisationId | None = None,
        units: tuple[UnitId, ...] | None = None,
        role: Role = Role.MEMBER,
    ) -> StaffId:
        """A new member of staff, who can sign in; by default of this world's unit."""
        new = NewStaff(
            name="Anna Exempel",
            mail_address=address,
            password=PASSWORD,
            role=role,
            units=(self.unit,) if units is None else units,
        )
        return await self.container.administering.add_staff(organisation or self.organisation, new)

    async def signed_in(self, address: str) -> Browser:
        """A browser in which whoever has that address is signed in."""
        browser = Browser(self.http)
        credentials = {"mail_address": address, "password": PASSWORD}
        browser.csrf = (await browser.json("POST", "/api/v1/staff/sign-in", json=credentials))["csrf_token"]
        return browser

    async def client(
        self,
        *scopes: Scope,
        organisation: OrganisationId | None = None,
        units: tuple[UnitId, ...] | None = None,
    ) -> Browser:
        """A new API client with a token for these scopes, all by default; by default of this world's unit."""
        secret = await self.client_secret(*scopes, organisation=organisation, units=units)
        browser = Browser(self.http)
        form = {"grant_type": "client_credentials", "client_id": secret.client_id, "client_secret": secret.secret}
        browser.bearer = (await browser.json("POST", "/api/v1/oauth/token", data=form))["access_token"]
        return browser

    async def client_secret(
        self,
        *scopes: Scope,
        organisation: OrganisationId | None = None,
        units: tuple[UnitId, ...] | None = None,
    ) -> NewSecret:
        """A new API client and its secret."""
        administering, owner = self.container.administering_clients, organisation or self.organisation
        of = frozenset((self.unit,) if units is None else units)
        new = NewClient(name="Diariet", units=of, scopes=frozenset(scopes or Scope))
        client = (await administering.create(owner, new, by="system")).client
        terms = Renewal(days=365, others_end_after_hours=None)
        return await administering.add_secret(owner, client, terms, by="system")

    async def person(self, digits: str = TOLVAN, identity: VerifiedIdentity | None = None) -> Browser:
        """A browser in which this person is signed in."""
        browser = Browser(self.http)
        await browser.json("POST", "/api/v1/bankid/orders", 201)
        self.container.electronic_id.approve(self.container.electronic_id.latest, identity or persona(digits))
        self.container.clock.move(seconds=2)
        raised = await browser.json("GET", "/api/v1/bankid/order")
        assert raised["status"] == "complete", raised
        browser.csrf = raised["session"]["csrf_token"]
        return browser

    async def thread(self, staff: Browser, *digits: str, subject: str = "Beslut") -> str:
        """A thread for these persons."""
        persons = [
            {"personal_number": number, "mail_address": f"person{next(_numbers)}@example.com"}
            for number in digits or (TOLVAN,)
        ]
        new = {"unit": self.unit, "subject": subject, "persons": persons}
        thread: str = (await staff.json("POST", "/api/v1/threads", 201, json=new))["thread"]
        return thread

    async def draft(self, author: Browser, thread: str, **new: Any) -> str:
        """A draft in the thread; returns its path."""
        path = f"/api/v1/threads/{thread}/messages"
        message = await author.json("POST", path, 201, json={"text": "Hej", **new})
        return f"{path}/{message['message']}"

    async def upload(self, author: Browser, message_path: str, content: bytes, *, name: str = "beslut.pdf") -> str:
        """Upload a whole file to a draft; returns the file's id."""
        created = await self.create_upload(author, message_path, len(content), name=name)
        assert created.status_code == 201, created.text
        if content:
            answer = await self.append(author, created.headers["location"], 0, content)
            assert answer.status_code == 204, answer.text
        file: str = created.headers["upload-file"]
        return file

    async def create_upload(
        self, author: Browser, message_path: str, length: int | str, *, name: str = "beslut.pdf", **extra: str
    ) -> httpx.Response:
        """``POST`` of an upload for a draft."""
        parts = message_path.split("/")
        metadata = {"thread": parts[4], "message": parts[6], "filename": name, "filetype": "application/pdf"}
        headers = {
            "tus-resumable": "1.0.0",
            "upload-length": str(length),
            "upload-metadata": encoded(metadata),
            **extra,
        }
        return await author.call("POST", "/api/v1/uploads", headers=headers)

    async def append(
        self, author: Browser, location: str, offset: int, content: bytes | AsyncIterator[bytes]
    ) -> httpx.Response:
        """``PATCH`` of an upload."""
        headers = {
            "tus-resumable": "1.0.0",
            "upload-offset": str(offset),
            "content-type": "application/offset+octet-stream",
        }
        return await author.call("PATCH", location, headers=headers, content=content)

    async def send(self, author: Browser, message_path: str) -> None:
        """Send and let the queue functions run."""
        await author.json("POST", f"{message_path}/send", 202)
        await self.container.run_queues()


def encoded(metadata: Mapping[str, str]) -> str:
    """``Upload-Metadata``."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


@asynccontextmanager
async def world(**environment: str) -> AsyncIterator[World]:
    """A fresh application with one organisation."""
    async with world_on(MemoryContainer(**environment)) as made:
        yield made


@asynccontextmanager
async def world_on(container: MemoryContainer) -> AsyncIterator[World]:
    """As ``world``, on stores that are given."""
    await container.administering.prepare_platform()
    organisation = await container.administering.create_organisation("Exempelkommunen")
    await accept_agreement(container, organisation)
    await ask_for_a_password_alone(container, organisation)
    unit = await container.administering.create_unit(organisation, "Mottagningen", mail_address="unit@example.com")
    app = _idle.pop() if _idle else create_api(container)
    app.state.container = container
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        yield World(container=container, http=http, app=app, organisation=organisation, unit=unit)
    _idle.append(app)
