"""From the command line to a running host."""

import asyncio
import os
import socket
import sys

from local.host.announcing import function_lines
from local.host.configuration import HostConfiguration
from local.host.environment import LocalSettings, apply_settings
from local.host.indexing import index, load_app
from local.host.listening import shown_address
from local.host.logs import set_up_logging
from local.host.options import Options
from local.host.routing import RouteTable


def serve(options: Options, settings: LocalSettings, listener: socket.socket) -> None:
    """Index the app and serve it until SIGTERM or SIGINT.

    Raises:
        HostError: The app cannot be served; the message says everything that is wrong with it.
    """
    set_up_logging()
    address = shown_address(listener)
    apply_settings(settings, os.environ, address=address, app=options.app)
    configuration = HostConfiguration.read(options.app / "host.json", os.environ)
    os.chdir(options.app)
    script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    functions = index(load_app(options.app, script), os.environ)
    routes = RouteTable(functions, configuration.route_prefix)
    # The SDKs of storage take half a second to import: whoever has a wrong app is told so before.
    from local.host.hosting import Host  # noqa: PLC0415

    host = Host(options, configuration, functions, routes)
    if options.worker == 0:
        lines = function_lines(functions, address, configuration.route_prefix)
        print(*lines, f"listening on http://{address}", sep="\n", flush=True)
    asyncio.run(host.run(listener))


def flush_and_leave(code: int) -> None:
    """End at once: a thread that still runs a plain handler past the drain must not keep the process alive."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
