"""``make smoke URL=...``: is this deployment fit to be opened? Exit status 0 if nothing was found, 1 if something was.

Looks at TLS and the certificate, at health, headers and what must be closed, and, where ``PIC_SMOKE_...`` name a member
of staff and a test e-ID, sends a message with a file and opens it.
"""

import argparse
import os
import ssl
import sys
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

import httpx

from local.demo.client import UnexpectedAnswerError
from local.smoke import journey, tls, web
from local.tools import ToolError

_BROKEN: Final = (UnexpectedAnswerError, TimeoutError, httpx.HTTPError, ssl.SSLError, tls.ScanError, ToolError, OSError)


def main(arguments: list[str]) -> int:
    """Run all checks, say what was found, and go on after one that failed. 2: there is nothing to look at."""
    parser = argparse.ArgumentParser(prog="make smoke", description="Is this deployment fit to be opened?")
    parser.add_argument("url", help="https://host, as people type it")
    parser.add_argument("--ca", help="PEM file to trust besides the system's, for a certificate of your own")
    parser.add_argument("--without-ev", action="store_true", help="the certificate need not be an EV one")
    options = parser.parse_args(arguments)
    parts = urlsplit(options.url)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query:
        print("the address must be https://host, without a path", file=sys.stderr)
        return 2
    try:
        who = journey.travellers_in(os.environ)
    except ValueError as fault:
        print(fault, file=sys.stderr)
        return 2
    url, port = f"https://{parts.netloc}", parts.port or 443
    trust = ssl.create_default_context()
    if options.ca:
        trust.load_verify_locations(options.ca)

    def look() -> list[str]:
        with httpx.Client(base_url=url, verify=trust, timeout=60, trust_env=False) as http:
            return list(web.web_faults(http))

    found = [
        _check(
            "TLS and certificate", lambda: tls.faults_of(parts.hostname or "", port, wants_ev=not options.without_ev)
        ),
        _check("health, headers, what must be closed", look),
    ]
    if who is None:
        print("-- send and open: not tried; set " + ", ".join(journey.NAMES))
    else:
        found.append(_check("send and open", lambda: journey.travel(url, who, ca_file=options.ca)))
    return 0 if all(found) else 1


def _check(what: str, run: Callable[[], Iterable[str]]) -> bool:
    try:
        faults = list(run())
    except _BROKEN as fault:
        faults = [f"{type(fault).__name__}: {fault}"]
    print(f"{'ok' if not faults else '!!'} {what}")
    for text in faults:
        print(f"   {text}")
    return not faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
