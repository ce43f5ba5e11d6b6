"""Keys of reports as JSON: those that were renamed are there under both names."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

OLD_KEYS = {
    "cut_offs": "cliffs",
    "recovery_options": "levers",
    "announced": "told",
    "supports": "speaks_for",
    "tooltip": "said",
    "description": "said",
}
"""Names that keys had in 0.1.0, by their new ones: scripts that people have written read them."""


def keyed(report: "DataclassInstance") -> dict[str, Any]:
    """Return a report as nested dicts.

    >>> from changeflow.reports.waves import MoveLine
    >>> move = keyed(MoveLine(pair="Ash, payroll", announced="4 Jan 2027", day="1 Feb 2027", weeks=4))
    >>> move["announced"], move["told"]
    ('4 Jan 2027', '4 Jan 2027')
    """
    return asdict(report, dict_factory=_with_old_keys)


def _with_old_keys(values: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(values) | {OLD_KEYS[key]: value for key, value in values if key in OLD_KEYS}
