"""Keeps FastAPI from work at start that nobody needs (ADR 0010). Imported before FastAPI is."""

import sys

from pydantic import BaseModel

# The fifty models of FastAPI's own OpenAPI are built when a description is first asked for. Ours are built at once:
# building them later escapes the block in which FastAPI silences pydantic's warnings.
BaseModel.model_config["defer_build"] = True
import fastapi.openapi.models  # noqa: E402, F401

del BaseModel.model_config["defer_build"]

# FastAPI asks of every model whether it is one of pydantic's first version, and imports that version to find out.
# Where it cannot be imported FastAPI takes it for removed; we have no such models.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]  # None: must not be imported
