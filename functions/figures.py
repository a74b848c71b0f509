"""The service's figures as text, in the format that Prometheus reads (text exposition format 0.0.4).

For a laptop, where one process answers everything. In a deployment each instance would tell its own part to whoever
asks, so settings validation refuses the view there; figures then go as lines and by OTLP.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from functions.dependencies import EVERYONE, Services
from shared.domain.errors import NotFoundError
from shared.domain.metrics import BOUNDS_SECONDS, MEANINGS, Counter, Figure, Series

router = APIRouter(dependencies=[EVERYONE], include_in_schema=False)

_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics")
async def metrics(services: Services) -> Response:
    """Every figure since this process started. 404 where the view is off."""
    if not services.settings.has_metrics_view:
        raise NotFoundError
    return Response("".join(f"{line}\n" for line in _lines(services.metrics.read())), media_type=_TYPE)


def _lines(found: Iterable[Series]) -> Iterator[str]:
    by_figure: dict[Figure, list[Series]] = {figure: [] for figure in MEANINGS}
    for series in found:
        by_figure[series.figure].append(series)
    for figure, all_of_it in by_figure.items():
        is_counter = isinstance(figure, Counter)
        yield f"# HELP {figure} {MEANINGS[figure]}"
        yield f"# TYPE {figure} {'counter' if is_counter else 'histogram'}"
        for series in all_of_it:
            if is_counter:
                yield f"{figure}{_labels(series.labels)} {series.count}"
            else:
                yield from _timing(series)


def _timing(series: Series) -> Iterator[str]:
    bounds = [*(f"{bound:g}" for bound in BOUNDS_SECONDS), "+Inf"]
    for bound, count in zip(bounds, accumulate(series.classes), strict=True):
        yield f"{series.figure}_bucket{_labels((*series.labels, ('le', bound)))} {count}"
    yield f"{series.figure}_sum{_labels(series.labels)} {series.seconds:.6f}"
    yield f"{series.figure}_count{_labels(series.labels)} {series.count}"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    # Values are words (``shared.domain.metrics.check``): nothing in them needs to be escaped.
    inner = ",".join(f'{name}="{value}"' for name, value in labels)
    return f"{{{inner}}}" if inner else ""
