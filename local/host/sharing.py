"""`--workers N`: processes that share one listening socket and nothing else.

It shows state that an app keeps in memory, as the many instances of Azure would. The parent only holds the socket; it
starts the children, waits until all are ready, passes signals on and ends them all when one of them dies. The lease of
each timer decides which child runs it.
"""

import os
import signal
import socket
import subprocess
import sys
from types import FrameType

from local.host.errors import HostError
from local.host.options import Options

_LONGEST_END_SECONDS = 5.0  # beyond the drain that each child grants itself


def supervise(options: Options, arguments: list[str], listener: socket.socket) -> int:
    """Run the children until told to stop; the exit code of the whole host.

    Raises:
        HostError: A child did not come up; it has said why.
    """
    ready_read, ready_write = os.pipe()
    life_read, life_write = os.pipe()
    handed = (listener.fileno(), ready_write, life_read)
    descriptors = ["--socket-fd", str(handed[0]), "--ready-fd", str(handed[1]), "--life-fd", str(handed[2])]
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "local.host", *arguments, *descriptors, "--worker", str(number)], pass_fds=handed
        )
        for number in range(options.workers)
    ]
    is_stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        is_stopping = True
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    os.close(ready_write)
    os.close(life_read)
    listener.close()
    try:
        ready = 0
        while ready < options.workers and (told := os.read(ready_read, options.workers)):
            ready += len(told)
        if ready == options.workers:
            print("ready", flush=True)
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        elif not is_stopping:
            raise HostError("a worker did not start")
    finally:
        os.close(life_write)  # The children stop when it closes, however this process ends.
        os.close(ready_read)
        codes = [_end(child, options.drain_seconds) for child in children]
    return 0 if is_stopping and not any(codes) else 1


def _end(child: subprocess.Popen[bytes], drain_seconds: float) -> int:
    try:
        return child.wait(drain_seconds * 2 + _LONGEST_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
