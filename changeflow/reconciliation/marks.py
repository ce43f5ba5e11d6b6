"""Find out whether a file uses a decimal point or comma: from its amounts, or from what a person says.

A file whose amounts may be read both ways is not read: a silently wrong number would be a thousand times too large.
"""

from collections.abc import Iterable
from typing import Literal

from changeflow.reconciliation.amounts import CellKind
from changeflow.reconciliation.columns import Measured

Mark = Literal[".", ","]
NAMES: dict[str, str] = {".": "decimal points", ",": "decimal commas"}


def mark_of(columns: Iterable[Measured], *, separator: str) -> Mark | None:
    """Return the decimal separator that a file's amounts show; None if they may be read both ways.

    A file separated by commas has no decimal commas. In others, the separator is that of most amounts that only one
    separator explains. If some may be read both ways, a mistake would change them by a factor of a thousand: at least
    two amounts must show the separator, and more than would be decimals such as `2.500`.
    """
    found = list(columns)
    point, comma, point_or_group, comma_or_group = (
        sum(m.count(kind) for m in found)
        for kind in (CellKind.POINT, CellKind.COMMA, CellKind.POINT_OR_GROUP, CellKind.COMMA_OR_GROUP)
    )
    if separator == ",":
        return None if point_or_group and not _is_shown(point, point_or_group) else "."
    mark: Mark = "," if comma > point else "."
    shown, decimals = (comma, comma_or_group) if mark == "," else (point, point_or_group)
    return None if point_or_group + comma_or_group and not _is_shown(shown, decimals) else mark


def _is_shown(by: int, doubtful: int) -> bool:
    return by >= 2 and by > doubtful
