"""Freeze issued reports as text without anyone's name, and show them again as they were.

While a report is built for issue, placeholders replace people's names. The names are put in whenever the report is
shown, so that an erasure need not look for names in stored texts.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from changeflow.programme.names import OPENS, STAND_IN, stand_in
from changeflow.reports.documents import json_of, keyed
from changeflow.reports.sro import SroReport

NO_NAME = "[name removed]"
"""Shown for someone whose contact details are no longer stored, because they were erased or have left people.csv."""
PASSING = ("audit_head", "issued")
"""The parts that differ between two reports with the same content."""


def stand_ins(names: Mapping[str, str]) -> dict[str, str]:
    """Return a placeholder for each person's name, by id, for a report that is built for issue."""
    return {person: stand_in(person, name) for person, name in names.items()}


def frozen(report: SroReport) -> str:
    """Return the whole content of a report, with its proof, as one line of JSON."""
    if report.proof is None:
        raise ValueError("a report without a proof cannot be issued")
    return json.dumps({"report": keyed(report), "proof": report.proof()}, separators=(",", ":"))


def thawed(text: str, names: Mapping[str, str], signature: str) -> SroReport | None:
    """Return a frozen report with people's names; None if this version of changeflow cannot read it."""
    return _thawed(text, lambda found: names.get(found[1], NO_NAME), signature)


def headline_in(text: str, names: Mapping[str, str]) -> str:
    """Return the headline of a frozen report, with people's names."""
    headline = str(json.loads(text)["report"]["headline"])
    return str(_filled(headline, lambda found: names.get(found[1], NO_NAME)))


def same(text: str, other: str) -> bool:
    """Return whether two frozen reports have the same content, whenever they were issued."""
    first, second = (json.loads(t) for t in (text, other))
    for key in PASSING:
        first["report"].pop(key, None)
        second["report"].pop(key, None)
    return bool(first == second)


def differing(file: Mapping[str, Any], text: str, signature: str) -> list[str] | None:
    """Return the parts in which a report's JSON differs from a frozen report, apart from people's names.

    None if this version of changeflow cannot read the frozen report.
    """
    report = _thawed(text, lambda found: found[0], signature)
    if report is None:
        return None
    issued, shown = json.loads(json_of(report)), dict(file)
    if isinstance(shown.get("proof"), dict):
        # The checksum covers names too, and is checked with the proof.
        shown["proof"] = {**shown["proof"], "checksum": issued["proof"]["checksum"]}
    return sorted(key for key in shown.keys() | issued.keys() if not _fits(shown.get(key), issued.get(key)))


def _fits(value: Any, frozen: Any) -> bool:  # noqa: ANN401  (JSON)
    if isinstance(frozen, str) and OPENS in frozen and isinstance(value, str):
        between = (re.escape(part) for part in re.split(STAND_IN.pattern.replace("(", "(?:", 1), frozen))
        return re.fullmatch(".+?".join(between), value, re.DOTALL) is not None
    if isinstance(frozen, list) and isinstance(value, list):
        return len(value) == len(frozen) and all(map(_fits, value, frozen))
    if isinstance(frozen, dict) and isinstance(value, dict):
        return value.keys() == frozen.keys() and all(_fits(value[key], frozen[key]) for key in frozen)
    return type(value) is type(frozen) and bool(value == frozen)


def _thawed(text: str, name: Callable[[re.Match[str]], str], signature: str) -> SroReport | None:
    data = _filled(json.loads(text), name)
    proof: dict[str, Any] = data["proof"]
    try:
        report = _adapter().validate_python(data["report"])
    except ValidationError:
        return None
    return replace(report, proof=lambda: proof, issued=report.issued and replace(report.issued, signature=signature))


def _filled(value: Any, name: Callable[[re.Match[str]], str]) -> Any:  # noqa: ANN401
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
