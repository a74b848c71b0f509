"""The function app: every API route as an HTTP-triggered function of its own, and the queue and timer functions."""

import gc

# Nothing that starting makes becomes garbage, yet the collector looks at all of it again and again: a sixth of the
# time to the first request. Afterwards the frozen objects are never looked at any more.
gc.disable()

import os

import azure.functions as func

import functions.lean_start  # noqa: F401  # before FastAPI
from functions.api import create_api
from functions.jobs import register
from functions.publish import publish
from functions.route_table import ROUTES
from shared.container import Container
from shared.settings import read_settings

container = Container(read_settings(os.environ))
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
publish(ROUTES, create_api(container), app)
register(app, container)

gc.freeze()
gc.enable()
