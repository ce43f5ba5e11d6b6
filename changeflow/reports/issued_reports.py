"""Issued reports: frozen as text without anyone's name, and shown again as they were.

While a report is built for issue, people are named by stand-ins. Their names are put in whenever it is shown, so that
no stored text has a name that an erasure would have to find.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from changeflow.reports.documents import keyed
from changeflow.reports.sro import SroReport

OPENS, CLOSES = "\ue000", "\ue001"
"""Around the id of a person whose name belongs there: characters that Unicode keeps for private use."""
STAND_IN = re.compile(f"{OPENS}([^{CLOSES}]*){CLOSES}")
ERASED = "[name removed]"
PASSING = ("audit_head", "issued")
"""What differs between two reports that say the same."""


def stand_ins(people: Iterable[str]) -> dict[str, str]:
    """Return what names people, by id, while a report is built for issue."""
    return {person: f"{OPENS}{person}{CLOSES}" for person in people}


def frozen(report: SroReport) -> str:
    """Return all that a report says, with its proof, as one line of JSON."""
    proof = report.proof() if report.proof is not None else None
    return json.dumps({"report": keyed(report), "proof": proof}, separators=(",", ":"))


def thawed(text: str, names: Mapping[str, str], signature: str) -> SroReport | None:
    """Return a frozen report with people's names put in; None if this changeflow cannot read it any more.

    A person who has no name any more was erased.
    """
    data = _filled(json.loads(text), lambda found: names.get(found[1], ERASED))
    proof: dict[str, Any] = data["proof"]
    try:
        report = _adapter().validate_python(data["report"])
    except ValidationError:
        return None
    return replace(report, proof=lambda: proof, issued=report.issued and replace(report.issued, signature=signature))


def same(text: str, other: str) -> bool:
    """Tell whether two frozen reports say the same, whenever they were issued."""
    first, second = (json.loads(t) for t in (text, other))
    for key in PASSING:
        first["report"].pop(key, None)
        second["report"].pop(key, None)
    return bool(first == second)


def differing(file: Mapping[str, Any], issued: Mapping[str, Any]) -> list[str]:
    """Return the parts in which a file differs from the report that was issued."""
    return sorted(key for key in file.keys() | issued.keys() if file.get(key) != issued.get(key))


def _filled(value: Any, name: Callable[[re.Match[str]], str]) -> Any:  # noqa: ANN401  (JSON)
    if isinstance(value, str):
        return STAND_IN.sub(name, value) if OPENS in value else value
    if isinstance(value, list):
        return [_filled(each, name) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, name) for key, each in value.items()}
    return value


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[SroReport]:
    return TypeAdapter(SroReport)
