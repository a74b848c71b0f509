"""On the wire: an object of each kind, a principal of each kind, and a call that fits it for every route."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any

import httpx

from shared.crypto.one_time_codes import code_of, step_of
from shared.domain.principals import Role
from shared.services.administering_clients import NewSecret
from tests.support.memory_container import PASSWORD, ask_for_a_password_alone
from tests.support.scene import accept_agreement
from tests.support.world import OTHER_PERSON, TOLVAN, Browser, World, encoded

CONTENT = b"%PDF-1.7 Beslut"
TUS = {"tus-resumable": "1.0.0"}
LOGIN = "inloggning@example.com"
NEW_PASSWORD = "ordmoln-paraply-kvist-91"
BEGINNER = "anna.exempel@example.com"


class Who(Enum):
    """The principals of the authorisation matrix: ``STAFF`` began what there is, ``ADMIN`` serves no unit, ``AUDITOR``
    serves this one. ``CLIENT`` is an API client of this unit with all scopes.
    """

    NOBODY = auto()
    STAFF = auto()
    COLLEAGUE = auto()
    OTHER_UNIT = auto()
    OTHER_ORGANISATION = auto()
    OTHER_ADMIN = auto()
    ADMIN = auto()
    AUDITOR = auto()
    PERSON = auto()
    OTHER_PERSON = auto()
    CLIENT = auto()
    CLIENT_ELSEWHERE = auto()
    FOREIGN_CLIENT = auto()


CLIENTS = frozenset({Who.CLIENT, Who.CLIENT_ELSEWHERE, Who.FOREIGN_CLIENT})
"""Those who have no session."""


@dataclass(frozen=True)
class Call:
    """A request. ``more`` is what ``Browser.call`` takes."""

    method: str
    path: str
    more: Mapping[str, Any] = field(default_factory=dict)

    def naming(self, other: str, *, instead_of: str) -> "Call":
        """The same request with another id in every place that holds this one."""

        def swapped(text: str) -> str:
            return text.replace(instead_of, other)

        more = dict(self.more)
        if "json" in more:
            more["json"] = json.loads(swapped(json.dumps(more["json"])))
        headers = dict(more.get("headers", {}))
        if "upload-metadata" in headers:
            pairs = (pair.split(" ") for pair in headers["upload-metadata"].split(","))
            told = {name: swapped(base64.b64decode(value).decode()) for name, value in pairs}
            more["headers"] = {**headers, "upload-metadata": encoded(told)}
        return Call(self.method, swapped(self.path), more)

    async def by(self, browser: Browser, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Send it from this browser, with these headers on top."""
        more = dict(self.more)
        merged = {**more.pop("headers", {}), **(headers or {})}
        return await browser.call(self.method, self.path, headers=merged, **more)


@dataclass
class Scene:
    """``delivered`` went from the unit to Tolvan with one file; ``draft`` has an upload with two of five bytes.

    ``session`` is the one of ``staff``, ``colleague`` the id of somebody else who serves the unit; ``factor`` an
    authenticator app of ``staff`` that waits for its first code, and ``secret`` what it was told; ``client`` an API client.
    """

    world: World
    staff: Browser
    thread: str
    delivered: str
    file: str
    draft: str
    upload: str
    session: str
    colleague: str
    factor: str
    secret: str
    client: NewSecret

    @classmethod
    async def of(cls, world: World, *, beginner: str = BEGINNER, login: str = LOGIN, person: str = TOLVAN) -> "Scene":
        """``beginner`` is the address of ``staff``, ``login`` that of somebody who can sign in."""
        staff = await world.staff(address=beginner)
        colleague = await world.member(login)
        thread = await world.thread(staff, person)
        delivered = await world.draft(staff, thread)
        file = await world.upload(staff, delivered, CONTENT)
        await world.send(staff, delivered)
        draft = await world.draft(staff, thread)
        upload = (await world.create_upload(staff, draft, 5)).headers["location"]
        await world.append(staff, upload, 0, b"%P")
        (own,) = (await staff.json("GET", "/api/v1/sessions"))["sessions"]
        app = await staff.json("POST", "/api/v1/staff/factors/apps", 201, json={"name": "Telefonen"})
        started = (world, staff, thread, delivered, file, draft, upload, own["session"], colleague)
        return cls(*started, app["factor"], app["secret"], await world.client_secret())

    async def browser(self, who: Who) -> Browser:  # noqa: C901, PLR0911 - one for each
        """A browser of this principal."""
        world, administering = self.world, self.world.container.administering
        match who:
            case Who.NOBODY:
                return Browser(world.http)
            case Who.STAFF:
                return self.staff
            case Who.COLLEAGUE:
                return await world.staff()
            case Who.ADMIN:
                return await world.staff(role=Role.ADMIN, units=())
            case Who.AUDITOR:
                return await world.staff(role=Role.AUDITOR)
            case Who.OTHER_UNIT:
                unit = await administering.create_unit(world.organisation, "Arkivet", mail_address=None)
                return await world.staff(units=(unit,))
            case Who.OTHER_ORGANISATION | Who.OTHER_ADMIN:
                organisation = await administering.create_organisation("Grannkommunen")
                await ask_for_a_password_alone(world.container, organisation)
                unit = await administering.create_unit(organisation, "Mottagningen", mail_address=None)
                role = Role.ADMIN if who is Who.OTHER_ADMIN else Role.MEMBER
                return await world.staff(organisation=organisation, units=(unit,), role=role)
            case Who.CLIENT:
                return await world.client()
            case Who.CLIENT_ELSEWHERE:
                return await world.client(
                    units=(await administering.create_unit(world.organisation, "Arkivet", mail_address=None),)
                )
            case Who.FOREIGN_CLIENT:
                organisation = await administering.create_organisation("Grannkommunen")
                unit = await administering.create_unit(organisation, "Mottagningen", mail_address=None)
                return await world.client(organisation=organisation, units=(unit,))
            case Who.PERSON:
                return await world.person(TOLVAN)
            case Who.OTHER_PERSON:
                return await world.person(OTHER_PERSON)

    async def foreign(self) -> "Scene":
        """As this one, in another organisation on the same stores, with another person."""
        organisation = await self.world.container.administering.create_organisation("Grannkommunen")
        await accept_agreement(self.world.container, organisation)
        await ask_for_a_password_alone(self.world.container, organisation)
        unit = await self.world.container.administering.create_unit(organisation, "Mottagningen", mail_address=None)
        world = replace(self.world, organisation=organisation, unit=unit)
        return await Scene.of(
            world, beginner="foreign@example.com", login="foreign.login@example.com", person=OTHER_PERSON
        )

    def ids(self) -> dict[str, str]:
        """Every id that a request can name, by what it names."""
        return {
            "unit": self.world.unit,
            "thread": self.thread,
            "delivered": self.delivered.rpartition("/")[2],
            "draft": self.draft.rpartition("/")[2],
            "file": self.file,
            "upload": self.upload.rpartition("/")[2],
            "session": self.session,
            "staff": self.colleague,
            "client": self.client.client_id.partition(".")[2],
            "credential": self.client.credential,
            "factor": self.factor,
        }

    def code(self) -> str:
        """What the app shows now."""
        return code_of(self.secret, step_of(self.world.container.clock()))

    def call(self, route: str) -> Call:
        """A request that the right principal may make."""
        return CALLS[route](self)


def _upload_of(scene: Scene) -> dict[str, str]:
    parts = scene.draft.split("/")
    metadata = {"thread": parts[4], "message": parts[6], "filename": "bilaga.pdf"}
    return {**TUS, "upload-length": "5", "upload-metadata": encoded(metadata)}


def _newcomer(scene: Scene) -> dict[str, Any]:
    return {"name": "Ny Exempel", "mail_address": "ny@example.com", "role": "member", "units": [scene.world.unit]}


def _agreed(scene: Scene) -> dict[str, str]:
    current = scene.world.container.agreeing.current
    return {"version": current.version, "digest": current.digest}


def _client_of(scene: Scene) -> str:
    return f"/api/v1/organisation/clients/{scene.client.client_id.partition('.')[2]}"


def _proving(scene: Scene, **more: str) -> dict[str, Any]:
    return {"data": {"client_id": scene.client.client_id, "client_secret": scene.client.secret, **more}}


_ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
"""The public key of RFC 8037, appendix A."""

_APPENDING = {**TUS, "upload-offset": "2", "content-type": "application/offset+octet-stream"}
_PERSONS = [{"personal_number": TOLVAN, "mail_address": "tolvan@example.com"}]

_CODE = {"json": {"code": "123456"}}
_RESPONSE = {"clientDataJSON": "e30"}
_SIGNED = {
    "json": {"id": "AAAA", "response": {**_RESPONSE, "authenticatorData": "", "signature": "", "userHandle": "AA"}}
}
_MADE = {"json": {"name": "Nyckeln", "id": "AAAA", "response": {**_RESPONSE, "attestationObject": ""}}}

CALLS: Mapping[str, Callable[[Scene], Call]] = {
    "health": lambda _: Call("GET", "/health"),
    "health_ready": lambda _: Call("GET", "/health/ready"),
    "metrics": lambda _: Call("GET", "/metrics"),
    "openapi": lambda _: Call("GET", "/api/openapi.json"),
    "portal_home": lambda _: Call("GET", "/portal"),
    "portal": lambda _: Call("GET", "/portal/index.html"),
    "staff_sign_in": lambda _: Call(
        "POST", "/api/v1/staff/sign-in", {"json": {"mail_address": LOGIN, "password": PASSWORD}}
    ),
    "request_password": lambda _: Call("POST", "/api/v1/staff/password-reset", {"json": {"mail_address": LOGIN}}),
    "choose_password": lambda _: Call(
        "POST", "/api/v1/staff/activation", {"json": {"token": "A" * 95, "password": NEW_PASSWORD}}
    ),
    "change_password": lambda _: Call(
        "POST", "/api/v1/staff/password", {"json": {"current_password": PASSWORD, "password": NEW_PASSWORD}}
    ),
    "list_providers": lambda _: Call("GET", "/api/v1/sign-in/providers"),
    "bankid_start": lambda _: Call("POST", "/api/v1/bankid/orders"),
    "bankid_poll": lambda _: Call("GET", "/api/v1/bankid/order"),
    "bankid_qr": lambda _: Call("GET", "/api/v1/bankid/order/qr"),
    "bankid_callback": lambda _: Call("POST", "/api/v1/bankid/callback", {"json": {"nonce": "A" * 43}}),
    "bankid_cancel": lambda _: Call("DELETE", "/api/v1/bankid/order"),
    "oidc_start": lambda _: Call("POST", "/api/v1/oidc/memory/start"),
    "oidc_callback": lambda _: Call("GET", "/api/v1/oidc/memory/callback"),
    "entra_start": lambda _: Call("POST", "/api/v1/staff/entra/start", {"json": {}}),
    "entra_prove": lambda _: Call("POST", "/api/v1/staff/entra/proof"),
    "entra_connect": lambda _: Call("POST", "/api/v1/staff/entra/connection"),
    "entra_callback": lambda _: Call("GET", "/api/v1/staff/entra/callback"),
    "read_session": lambda _: Call("GET", "/api/v1/session"),
    "sign_out": lambda _: Call("DELETE", "/api/v1/session"),
    "list_sessions": lambda _: Call("GET", "/api/v1/sessions"),
    "end_session": lambda s: Call("DELETE", f"/api/v1/sessions/{s.session}"),
    "sign_out_everywhere": lambda _: Call("DELETE", "/api/v1/sessions"),
    "staff_sign_in_code": lambda _: Call("POST", "/api/v1/staff/sign-in/code", _CODE),
    "staff_sign_in_recovery": lambda _: Call("POST", "/api/v1/staff/sign-in/recovery", _CODE),
    "staff_sign_in_enrolment": lambda _: Call("POST", "/api/v1/staff/sign-in/enrolment", _CODE),
    "staff_passkey_options": lambda _: Call("POST", "/api/v1/staff/sign-in/passkey/options"),
    "staff_sign_in_passkey": lambda _: Call("POST", "/api/v1/staff/sign-in/passkey", _SIGNED),
    "read_step_up": lambda _: Call("GET", "/api/v1/staff/step-up"),
    "step_up_code": lambda _: Call("POST", "/api/v1/staff/step-up/code", _CODE),
    "step_up_password": lambda _: Call("POST", "/api/v1/staff/step-up/password", {"json": {"password": PASSWORD}}),
    "step_up_passkey_options": lambda _: Call("POST", "/api/v1/staff/step-up/passkey/options"),
    "step_up_passkey": lambda _: Call("POST", "/api/v1/staff/step-up/passkey", _SIGNED),
    "list_factors": lambda _: Call("GET", "/api/v1/staff/factors"),
    "begin_app": lambda _: Call("POST", "/api/v1/staff/factors/apps", {"json": {"name": "Telefonen"}}),
    "confirm_app": lambda s: Call(
        "POST", f"/api/v1/staff/factors/apps/{s.factor}/confirm", {"json": {"code": s.code()}}
    ),
    "begin_passkey": lambda _: Call("POST", "/api/v1/staff/factors/passkeys/options"),
    "add_passkey": lambda _: Call("POST", "/api/v1/staff/factors/passkeys", _MADE),
    "renew_recovery_codes": lambda _: Call("POST", "/api/v1/staff/factors/recovery-codes"),
    "remove_factor": lambda s: Call("DELETE", f"/api/v1/staff/factors/{s.factor}"),
    "reset_factors": lambda s: Call("POST", f"/api/v1/organisation/staff/{s.colleague}/factors/reset"),
    "read_settings": lambda _: Call("GET", "/api/v1/organisation/settings"),
    "change_settings": lambda _: Call("PATCH", "/api/v1/organisation/settings", {"json": {"notice_style": "named"}}),
    "list_staff": lambda _: Call("GET", "/api/v1/organisation/staff"),
    "invite_staff": lambda s: Call("POST", "/api/v1/organisation/staff", {"json": _newcomer(s)}),
    "change_staff": lambda s: Call("PATCH", f"/api/v1/organisation/staff/{s.colleague}", {"json": {"name": "Bo"}}),
    "invite_staff_again": lambda s: Call("POST", f"/api/v1/organisation/staff/{s.colleague}/invitation"),
    "end_staff": lambda s: Call("POST", f"/api/v1/organisation/staff/{s.colleague}/leave", {"json": {}}),
    "list_clients": lambda _: Call("GET", "/api/v1/organisation/clients"),
    "create_client": lambda s: Call(
        "POST",
        "/api/v1/organisation/clients",
        {"json": {"name": "Diariet", "units": [s.world.unit], "scopes": ["threads:read"]}},
    ),
    "change_client": lambda s: Call("PATCH", _client_of(s), {"json": {"name": "Diariet 2"}}),
    "add_client_secret": lambda s: Call("POST", f"{_client_of(s)}/secrets", {"json": {}}),
    "add_client_key": lambda s: Call("POST", f"{_client_of(s)}/keys", {"json": {"jwk": _ED25519}}),
    "end_client_credential": lambda s: Call("DELETE", f"{_client_of(s)}/credentials/{s.client.credential}"),
    "revoke_client": lambda s: Call("POST", f"{_client_of(s)}/revoke"),
    "issue_token": lambda s: Call("POST", "/api/v1/oauth/token", _proving(s, grant_type="client_credentials")),
    "revoke_token": lambda s: Call("POST", "/api/v1/oauth/revoke", _proving(s, token="pic_at_none")),
    "token_server": lambda _: Call("GET", "/.well-known/oauth-authorization-server"),
    "list_own_units": lambda _: Call("GET", "/api/v1/organisation/units"),
    "create_unit": lambda _: Call("POST", "/api/v1/organisation/units", {"json": {"name": "Arkivet"}}),
    "change_unit": lambda s: Call("PUT", f"/api/v1/organisation/units/{s.world.unit}", {"json": {"name": "Arkivet"}}),
    "close_unit": lambda s: Call("POST", f"/api/v1/organisation/units/{s.world.unit}/close"),
    "read_agreement": lambda _: Call("GET", "/api/v1/organisation/agreement"),
    "accept_agreement": lambda s: Call("POST", "/api/v1/organisation/agreement/acceptance", {"json": _agreed(s)}),
    "list_sub_processors": lambda _: Call("GET", "/api/v1/sub-processors"),
    "read_log": lambda _: Call("GET", "/api/v1/audit?month=2026-03"),
    "list_units": lambda _: Call("GET", "/api/v1/units"),
    "create_thread": lambda s: Call(
        "POST", "/api/v1/threads", {"json": {"unit": s.world.unit, "subject": "Beslut", "persons": _PERSONS}}
    ),
    "list_threads": lambda s: Call("GET", f"/api/v1/threads?unit={s.world.unit}"),
    "list_inbox": lambda _: Call("GET", "/api/v1/inbox"),
    "read_thread": lambda s: Call("GET", f"/api/v1/threads/{s.thread}"),
    "create_message": lambda s: Call("POST", f"/api/v1/threads/{s.thread}/messages", {"json": {"text": "Hej"}}),
    "read_message": lambda s: Call("GET", s.delivered),
    "delete_message": lambda s: Call("DELETE", s.delivered),
    "send_message": lambda s: Call("POST", f"{s.delivered}/send"),
    "open_message": lambda s: Call("POST", f"{s.delivered}/open"),
    "download_file": lambda s: Call("GET", f"{s.delivered}/files/{s.file}"),
    "describe_file": lambda s: Call("HEAD", f"{s.delivered}/files/{s.file}"),
    "download_files": lambda s: Call("GET", f"{s.delivered}/files.zip"),
    "delete_file": lambda s: Call("DELETE", f"{s.delivered}/files/{s.file}"),
    "upload_options": lambda _: Call("OPTIONS", "/api/v1/uploads"),
    "create_upload": lambda s: Call("POST", "/api/v1/uploads", {"headers": _upload_of(s)}),
    "upload_offset": lambda s: Call("HEAD", s.upload, {"headers": TUS}),
    "append_upload": lambda s: Call("PATCH", s.upload, {"headers": _APPENDING, "content": b"DF-"}),
    "cancel_upload": lambda s: Call("DELETE", s.upload, {"headers": TUS}),
}
"""Every route. A test walks the application and fails on one that is missing here."""


def everything_stored(scene: Scene) -> tuple[object, object, object]:
    """All records, all content and all queued messages: what a request that changes nothing leaves as it was."""
    container = scene.world.container
    records = {name: dict(entries) for name, entries in container.record_store._partitions.items() if entries}
    return records, (dict(container.blobs._content), dict(container.blobs._staged)), list(container.queues.queued)


def content_of(scene: Scene) -> tuple[object, object, object]:
    """As ``everything_stored``, without what signing in and setting up somebody leaves."""
    records, blobs, queued = everything_stored(scene)
    assert isinstance(records, dict)
    kinds = ("thread", "upload", "outbox", "mailbox", "pending", "certificate")
    kept = {name: entries for name, entries in records.items() if name.partition("|")[0] in kinds}
    return kept, blobs, queued
