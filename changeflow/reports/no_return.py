"""Points of no return in words: what ends, for which wave, and the last day before it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from changeflow.programme.no_return import PointOfNoReturn, points_of_no_return
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.naming import lowered
from changeflow.values.moments import format_day
from changeflow.values.words import NoReturn


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReturnLine:
    """One point of no return."""

    kind: str
    """`licence_ended`, `posts_ended`, `first_filing` or `notice_given`."""
    label: str
    service: str
    wave: str
    what: str
    text: str
    """What ends, and the task that ends it: “the licence for the old payroll system ends”."""
    last_day: str
    """The last day on which the wave can go back."""
    iso: str
    passed: bool

    @property
    def where(self) -> str:
        return f"{self.service}, {self.wave}"


def no_return_lines(
    programme: Programme, *, service: str | None = None, wave: str | None = None
) -> tuple[NoReturnLine, ...]:
    """Return the points of all waves, or of one, the next first."""
    names = {w.id: w.name for w in programme.definition.programme.waves}
    return tuple(_line(programme, point, names) for point in points_of_no_return(programme, service=service, wave=wave))


def _line(programme: Programme, point: PointOfNoReturn, names: dict[str, str]) -> NoReturnLine:
    return NoReturnLine(
        kind=point.kind.value,
        label=point.kind.label,
        service=programme.service(point.service).name,
        wave=names.get(point.wave, point.wave) if point.wave else "all waves",
        what=point.what,
        text=_text(programme, point),
        last_day=format_day(point.last_day, weekday=True),
        iso=point.last_day.isoformat(),
        passed=point.is_passed,
    )


ARTICLES = ("The ", "A ", "An ")


def _text(programme: Programme, point: PointOfNoReturn) -> str:
    if point.is_confirmed:
        return "last day on which the old arrangements are confirmed to be available"
    if point.kind is NoReturn.POSTS_ENDED and point.task is not None:
        return point.kind.label
    what = point.what
    if point.task is not None:
        # The line already names the service and wave.
        what = lowered(programme.roadmap.tasks[point.task].in_parts.step)
    elif what.startswith((*ARTICLES, "Scheme ")):
        what = f"{what[0].lower()}{what[1:]}"
    if point.kind is NoReturn.LICENCE_ENDED and point.task is None:
        return f"{what} ends"
    return f"{point.kind.label} ({what})"


def no_return_text(lines: Iterable[NoReturnLine]) -> Iterator[str]:
    """Yield a line for each point, for the terminal."""
    for line in lines:
        passed = " (passed)" if line.passed else ""
        text = line.text if line.text.startswith("last day") else f"last day before {line.text}"
        yield f"  {line.last_day:<15}  {line.where}: {text}{passed}"
