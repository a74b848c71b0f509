"""`python -m local.host`: runs a Python v2 function app here as `func start` would, with Azurite for storage.

    python -m local.host --app DIR --port 7071 [--data .local/host] [--workers N]

It ends with 0 after SIGTERM or SIGINT, and with 2 when it cannot start: the port is taken, or the settings, host.json
or functions are wrong. `MALLOC_MMAP_THRESHOLD_=67108864 MALLOC_TRIM_THRESHOLD_=1073741824` in the environment it is
started with makes large uploads about 1.7 times as fast: glibc then keeps the buffers instead of faulting them in anew.
"""

import sys

from local.host.environment import LocalSettings
from local.host.errors import HostError
from local.host.listening import adopt, listen
from local.host.options import DEFAULT_PORT, parse_options
from local.host.sharing import supervise
from local.host.starting import flush_and_leave, serve

CANNOT_START = 2


def main(arguments: list[str]) -> int:
    """Run the host; the exit code."""
    options = parse_options(arguments)
    try:
        settings = LocalSettings.read(options.app / "local.settings.json")
        if options.socket_fd is not None:
            serve(options, settings, adopt(options.socket_fd))
            return 0
        port = options.port if options.port is not None else settings.port or DEFAULT_PORT
        with listen(options.address, port) as listener:
            if options.workers > 1:
                return supervise(options, arguments, listener)
            serve(options, settings, listener)
    except HostError as exc:
        print(exc, file=sys.stderr)
        return CANNOT_START
    return 0


if __name__ == "__main__":
    flush_and_leave(main(sys.argv[1:]))
