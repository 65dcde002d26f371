"""Numbers over time as lines to be drawn, and the same in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from reconciler.report.html.watching.lists import moment
from reconciler.report.sentences.terms import count
from reconciler.watching.course import Point

#: The size of a picture, in units of its own.
WIDTH, HEIGHT = 600, 100
#: So many numbers stand beside it: the last ones.
_NUMBERS = 12
#: What nobody knows.
UNKNOWN = "unknown"
_Sample = tuple[str, float | None]


class Plot(Struct, frozen=True):
    """One picture, and what it shows in words."""

    key: str
    title: str
    #: What is to be seen, for whoever does not see it.
    said: str
    #: Lines through points `x,y`, from the left; where nobody knows there is none.
    lines: tuple[str, ...]
    #: What stands at the upper and the lower end, the left and the right one.
    top: str
    bottom: str
    begins: str
    ends: str
    #: The last numbers, each with its moment.
    numbers: tuple[tuple[str, str], ...]


def drift(course: Sequence[Point]) -> Plot:
    """Draw how many storages differed."""
    samples: list[_Sample] = [(point.at, point.drifted) for point in course]
    known = [int(value) for _, value in samples if value is not None]
    said = "Not known yet."
    if known:
        now = UNKNOWN if samples[-1][1] is None else f"{known[-1]:,}"
        said = f"Storages that are not as declared: now {now}, at most {max(known):,}."
        if failed := len(samples) - len(known):
            said += f" Not known at {count(failed, 'time')}: the line has gaps there."
    top = max([1, *known])
    return _plot(
        "drift", "Drift", said, samples, (top, "0", f"{top:,}"), lambda value: f"{value:,.0f}"
    )


def coverage(course: Sequence[Point]) -> Plot:
    """Draw which share of the files was proved within its cycle."""
    samples = [(point.at, _share(point)) for point in course]
    last = next((one for one in reversed(course) if one.files is not None), None)
    said = "Not known: no scan has told of a file that is to be proved."
    if last is not None:
        least = min(value for _, value in samples if value is not None)
        said = (
            f"Files proved within their cycle: now {last.proved or 0:,} of "
            f"{count(last.files or 0, 'file')}, at least {_percent(least)}."
        )
    return _plot("coverage", "Coverage", said, samples, (1.0, "0 %", "100 %"), _percent)


def _share(point: Point) -> float | None:
    if point.files is None or point.proved is None:
        return None
    return point.proved / point.files if point.files else 1.0


def _percent(share: float) -> str:
    """Write a share; what is not all of it is never 100 %."""
    return "100 %" if share >= 1 else f"{min(share * 100, 99.9):.1f} %"


def _plot(
    key: str,
    title: str,
    said: str,
    samples: Sequence[_Sample],
    scale: tuple[float, str, str],
    told: Callable[[float], str],
) -> Plot:
    ends = (moment(samples[0][0]), moment(samples[-1][0])) if samples else ("", "")
    numbers = tuple(
        (moment(at), UNKNOWN if value is None else told(value)) for at, value in samples[-_NUMBERS:]
    )
    return Plot(key, title, said, lines(samples, scale[0]), scale[2], scale[1], *ends, numbers)


def lines(samples: Sequence[_Sample], top: float) -> tuple[str, ...]:
    """Return the steps of numbers between 0 and `top` over time, cut where one is not known.

    Each number holds until the next; the last one to the right end.
    """
    if not samples:
        return ()
    moments = [datetime.fromisoformat(at).timestamp() for at, _ in samples]
    first, span = moments[0], max(1.0, moments[-1] - moments[0])
    edges = [round((moment - first) / span * WIDTH, 1) for moment in moments]
    edges.append(WIDTH + 1.0)
    drawn: list[list[str]] = [[]]
    for (_, value), left, right in zip(samples, edges, edges[1:], strict=False):
        if value is None:
            drawn.append([])
            continue
        height = round(HEIGHT * (1 - value / top), 1)
        drawn[-1] += [f"{left:g},{height:g}", f"{right:g},{height:g}"]
    return tuple(" ".join(points) for points in drawn if points)
