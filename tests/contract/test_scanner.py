"""The scanner's adapter against a scanner that works, and one that fails in every way there is."""

import socket
from pathlib import Path

import pytest

from shared.adapters.clamd import Clamd
from shared.adapters.memory_scanner import KNOWN, MemoryScanner
from shared.domain.content_checks import Scan
from shared.domain.errors import DependencyError
from shared.domain.scanning import Scanner
from tests.support.fake_clamd import EICAR, Fault, fake_clamd

PIECE = bytes(256 * 1024)


async def verdict(scanner: Scanner, *pieces: bytes) -> Scan:
    """Scan these pieces; the connection is let go of twice, as a caller may."""
    scan = await scanner.begin()
    for piece in pieces:
        await scan.feed(piece)
    found = await scan.end()
    await scan.close()
    await scan.close()
    return found


async def test_clean_and_found_are_told_apart() -> None:
    """Over TCP; with nothing at all, and with empty pieces, of which the protocol would take the first for the end."""
    async with fake_clamd() as clamd:
        scanner = Clamd(host="127.0.0.1", port=clamd.port)
        await scanner.ping()
        assert await verdict(scanner) is Scan.CLEAN
        assert await verdict(scanner, b"", b"hej", b"", b"hopp") is Scan.CLEAN
        assert await verdict(scanner, b"before " + EICAR[:20], b"", EICAR[20:] + b" after") is Scan.FOUND
        assert clamd.sizes == [0, 7, 13 + len(EICAR)]


async def test_a_socket_of_this_machine_does_as_well(tmp_path: Path) -> None:
    """Beside the service, content need not go over a network."""
    async with fake_clamd(str(tmp_path / "c")):
        scanner = Clamd(path=str(tmp_path / "c"))
        await scanner.ping()
        assert await verdict(scanner, EICAR) is Scan.FOUND


async def test_the_memory_scanner_does_the_same() -> None:
    """It stands in for the real one in the tests of the services."""
    scanner = MemoryScanner()
    await scanner.ping()
    assert await verdict(scanner, b"hej") is Scan.CLEAN
    assert await verdict(scanner, KNOWN[:9], KNOWN[9:]) is Scan.FOUND
    scanner.most_bytes = 2
    assert await verdict(scanner, b"hej") is Scan.TOO_LARGE
    scanner.is_down = True
    assert await verdict(scanner, b"hej") is Scan.UNREACHABLE
    with pytest.raises(DependencyError):
        await scanner.ping()


async def test_content_over_its_limit_is_told_as_such() -> None:
    """It stops listening in the middle; what it said before is still heard."""
    async with fake_clamd() as clamd:
        clamd.most_bytes = 300_000
        for _ in range(20):
            scanner = Clamd(host="127.0.0.1", port=clamd.port)
            assert await verdict(scanner, *[PIECE] * 40) is Scan.TOO_LARGE
        assert clamd.largest_piece == len(PIECE)


@pytest.mark.parametrize("fault", ["silent", "cut", "error", "stalled", "nonsense"])
async def test_whatever_goes_wrong_is_never_clean(fault: Fault) -> None:
    """Nor does it hold up the upload for longer than it may."""
    async with fake_clamd() as clamd:
        clamd.fault = fault
        scanner = Clamd(host="127.0.0.1", port=clamd.port, step_seconds=0.2)
        assert await verdict(scanner, *[PIECE] * 40) is Scan.UNREACHABLE


async def test_nobody_there_is_a_verdict_and_no_error() -> None:
    """So that the service decides what it means."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        for scanner in (Clamd(host="127.0.0.1", port=taken.getsockname()[1]), Clamd(path="/nowhere/clamd")):
            assert await verdict(scanner, b"hej") is Scan.UNREACHABLE
            with pytest.raises(DependencyError):
                await scanner.ping()


async def test_a_scan_that_is_given_up_lets_go() -> None:
    """The client went away: the scanner sees the connection end, and what follows does nothing."""
    async with fake_clamd() as clamd:
        scan = await Clamd(host="127.0.0.1", port=clamd.port).begin()
        await scan.feed(b"hej")
        await scan.close()
        await scan.feed(b"hopp")
        assert await scan.end() is Scan.UNREACHABLE
        assert clamd.sizes == []
