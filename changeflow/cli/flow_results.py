"""Describe the result of one run of a flow."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from changeflow.usecases.dispatch import Dispatched
from changeflow.usecases.portfolio import ScenarioResult
from changeflow.usecases.retention import Removed
from changeflow.usecases.ticks import ReasonCount, Ticked
from changeflow.values.duration import counted

NOTHING = "Nothing to do."


def result_lines(result: object) -> list[str]:
    """Say what a flow returned, in a line for each programme, file or message.

    >>> result_lines(Dispatched(sent=2, nudges=3, held=1))
    ['2 messages sent (3 nudges), 1 held.']
    >>> result_lines([])
    ['Nothing to do.']
    """
    parts = result if isinstance(result, Sequence) and not isinstance(result, str) else [result]
    return [line for part in parts for line in _lines(part)] or [NOTHING]


def _lines(part: object) -> Iterator[str]:
    match part:
        case Dispatched():
            yield part.blocked or (f"{part.words}." if part.words else NOTHING)
        case Ticked():
            yield part.words
        case ReasonCount():
            asked = counted(part.waiting + part.sent, "request")
            yield f"{part.programme}, {part.reason.value}: {asked}, {part.waiting} not sent yet."
        case Removed():
            counts = ", ".join(f"{what} {count}" for what, count in part.row().items() if what != "programme" and count)
            yield f"{part.programme}, removed: {counts or 'nothing'}."
        case ScenarioResult():
            for name, week, last, certainty in part.plans:
                yield f"{part.programme}, {name}: mean week {week:.1f}, last go-live {last}, {certainty}."
            for line in part.conflict:
                yield f"{part.programme}: {line}"
        case Path():
            yield f"Wrote {part}."
        case _:
            yield str(part)
