"""The smallest function app there is: the peer that our start is measured against."""

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="hello")
async def hello(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  # the binding wants it
    return func.HttpResponse("hello")
