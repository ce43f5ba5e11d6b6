"""Find out whether a file uses a decimal point or comma: from its amounts, or because a person says so.

A file whose amounts may be read both ways is not read: a wrong guess would make an amount a thousand times too large or
too small, and no one would notice.
"""

from collections.abc import Iterable
from typing import Literal

from changeflow.reconciliation.amounts import CellKind
from changeflow.reconciliation.columns import Measured

Mark = Literal[".", ","]
NAMES: dict[str, str] = {".": "decimal points", ",": "decimal commas"}


def mark_of(columns: Iterable[Measured], *, separator: str) -> Mark | None:
    """Return the decimal separator that a file's amounts show; None if they may be read both ways.

    A file separated by commas has no decimal commas. In others, it is the separator of most amounts that make sense
    with only one separator. If some amounts may be read both ways, a mistake would change them by a factor of a
    thousand. So at least two amounts must show the separator, and there must be more of them than of amounts such as
    `2.500`.
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
