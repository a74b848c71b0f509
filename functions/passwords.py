"""Passwords of staff: asking for a new one, choosing one by a link, and changing it."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from functions.dependencies import EVERYONE, SESSION_COOKIE, Services, SignedInStaff
from functions.json_bodies import JsonRoute
from functions.keepsakes import FromWhere, keep
from functions.models import Strict
from shared.domain.password_policy import LONGEST

router = APIRouter(prefix="/api/v1/staff", tags=["passwords"], route_class=JsonRoute)

TRIED_CHARACTERS = 1024
"""Of a password that is only compared. One that is chosen may have 256, and whoever sends more is told the rule."""

Password = Annotated[
    str,
    Field(
        max_length=TRIED_CHARACTERS,
        description=f"15 to {LONGEST} characters, 10 beside a second factor; any characters, and none is required. "
        "Judged by its strength (level 13 of the Domino scale), lists of known passwords, and what anybody "
        "knows of its owner. The problem `password-refused` names every rule that is broken.",
    ),
]


class ForgottenPassword(Strict):
    """Whose password is forgotten."""

    mail_address: Annotated[str, Field(max_length=254)]


class ChosenPassword(Strict):
    """A password chosen by a link."""

    token: Annotated[str, Field(max_length=200, description="What stands in the link behind the last `/`.")]
    password: Password


class ChangedPassword(Strict):
    """A password in place of the current one."""

    current_password: Annotated[str, Field(max_length=TRIED_CHARACTERS)]
    password: Password


@router.post("/password-reset", status_code=202, dependencies=[EVERYONE])
async def request_password(forgotten: ForgottenPassword, services: Services, trier: FromWhere) -> None:
    """Ask for a link to choose a new password by, which works for 30 minutes.

    The answer is the same whether anybody has this address.
    """
    await services.staff_limiting.allow_question(trier.client_address)
    await services.activating.ask_for_reset(forgotten.mail_address)


@router.post("/activation", status_code=204, dependencies=[EVERYONE])
async def choose_password(chosen: ChosenPassword, services: Services, trier: FromWhere, response: Response) -> None:
    """Choose a password by a link, the first one or a new one. A link works once.

    Nobody is signed in by it: sign in afterwards, with the second factor if there is one. All sessions end.
    """
    await services.staff_limiting.allow_question(trier.client_address)
    done = await services.setting_passwords.by_link(chosen.token, chosen.password)
    keep(response, services.staff_limiting.keepsake(done.login, trier))


@router.post("/password", status_code=204)
async def change_password(
    changed: ChangedPassword, request: Request, services: Services, principal: SignedInStaff
) -> None:
    """Change one's password. All other sessions end."""
    await services.staff_limiting.allow_change(principal.staff)
    await services.setting_passwords.change(
        principal,
        current=changed.current_password,
        new=changed.password,
        here=request.cookies[SESSION_COOKIE],
    )
