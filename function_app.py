"""The function app: every API route as an HTTP-triggered function of its own, and the queue and timer functions."""

import os

import azure.functions as func

from functions.api import create_api
from functions.jobs import register
from functions.publish import publish
from shared.container import Container
from shared.settings import read_settings

container = Container(read_settings(os.environ))
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
publish(create_api(container), app)
register(app, container)
