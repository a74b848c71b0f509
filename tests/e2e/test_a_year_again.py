"""The whole main job again and again in one stack, whose clock goes a year ahead and back each time."""

from pathlib import Path

import pytest

from local.demo.__main__ import Job
from tests.e2e.conftest import Running


@pytest.mark.parametrize("running", ["tables"], indirect=True)
def test_the_demo_holds_every_time(running: Running, tmp_path: Path) -> None:
    """What a sweep ahead of its time closed must not hide what is booked after the clock came back."""
    for number in range(2):
        file = tmp_path / f"handling nummer {number}.bin"
        file.write_bytes(bytes(range(256)) * 40)
        try:
            Job(stack=running.stack, seeded=running.seeded, file=file).run()
        finally:
            running.stack.move_clock(0)
