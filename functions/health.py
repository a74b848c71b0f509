"""Liveness and readiness, and the description of the API."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from functions.dependencies import EVERYONE, Services

router = APIRouter(dependencies=[EVERYONE], tags=["operations"])


class Alive(BaseModel):
    """This instance runs."""

    status: str = "alive"


class Dependency(BaseModel):
    """One dependency."""

    name: str
    ready: bool
    latency_ms: Annotated[float, Field(description="Milliseconds until it answered or failed.")]
    certificate_days: Annotated[
        int | None, Field(description="Days that our own certificate towards it lasts. At 0 it is not ready.")
    ] = None


class Ready(BaseModel):
    """Whether every dependency answers."""

    ready: bool
    dependencies: list[Dependency]


@router.get("/health")
async def health() -> Alive:
    """Answers while the instance runs; asks nothing of anyone."""
    return Alive()


@router.get("/health/ready", responses={503: {"model": Ready}})
async def health_ready(services: Services) -> JSONResponse:
    """Asks every dependency for a sign of life. 503 when one of them gives none."""
    states = await services.readiness.check()
    found = Ready(
        ready=all(state.is_ready for state in states),
        dependencies=[
            Dependency(name=s.name, ready=s.is_ready, latency_ms=s.latency_ms, certificate_days=s.certificate_days)
            for s in states
        ],
    )
    return JSONResponse(found.model_dump(), status_code=200 if found.ready else 503)


@router.get("/api/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 description of this API."""
    return JSONResponse(request.app.openapi())
