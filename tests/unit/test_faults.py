"""What a failing function may say, and to whom."""

import traceback

import pytest

from functions.faults import JobFailedError, neutral_answer, run_job

SECRET = "what a person wrote"


async def failing() -> None:
    raise ValueError(SECRET)


async def working() -> None:
    return None


async def test_a_job_that_fails_raises_an_error_without_text(caplog: pytest.LogCaptureFixture) -> None:
    """The host prints what a queue function raises, with everything it hides; it still has to try again."""
    with pytest.raises(JobFailedError) as failed:
        await run_job(failing(), name="dispatch", invocation="1")
    assert SECRET not in "".join(traceback.format_exception(failed.value))
    assert failed.value.__context__ is None
    assert caplog.messages == ["job_fault function=dispatch class=ValueError invocation=1"]


async def test_a_job_that_works_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged here for what went well."""
    await run_job(working(), name="dispatch", invocation="1")
    assert caplog.messages == []


def test_the_neutral_answer_is_a_problem_that_no_cache_keeps() -> None:
    """RFC 9457 section 4.2.1: about:blank says no more than the status."""
    answer = neutral_answer()
    assert (answer.status_code, answer.media_type) == (500, "application/problem+json")
    assert answer.headers["cache-control"] == "no-store"
