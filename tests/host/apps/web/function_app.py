"""Classic handlers: every level, sync and async, and every way to fail."""

# ruff: noqa: ARG001 - a trigger names its parameter, whether the handler reads it or not

import logging

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.route("open/{word}/{number:int?}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def read_open(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logging.getLogger("toy").info("said by the app")
    text = f"{dict(req.route_params)} {dict(req.params)} {context.function_name} {context.invocation_id}"
    return func.HttpResponse(text, headers={"x-seen": req.headers.get("x-ms-invocation-id", "")})


@app.route("open/literal", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def read_literal(req: func.HttpRequest) -> str:
    return "literal"


@app.route("echo", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.get_body(), status_code=201, mimetype="application/octet-stream")


@app.route("keyed", methods=["GET"])
async def read_keyed(req: func.HttpRequest) -> str:
    return "keyed"


@app.route("mastered", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
async def read_mastered(req: func.HttpRequest) -> str:
    return "mastered"


@app.route("broken", auth_level=func.AuthLevel.ANONYMOUS)
async def break_down(req: func.HttpRequest) -> str:
    raise RuntimeError("the secret of the exception")


@app.route("nothing", auth_level=func.AuthLevel.ANONYMOUS)
async def answer_nothing(req: func.HttpRequest) -> None:
    return None
