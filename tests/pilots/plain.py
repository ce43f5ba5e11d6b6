"""An independent reconciliation in plain Python over dictionaries, to compare with the product's.

It follows the wording of the policy and shares only the policy's shape with the product. Amounts are `Decimal`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from changeflow.pilots.criteria import ParallelRunPolicy

Line = Mapping[str, Decimal]
Ledger = Sequence[tuple[str, Line]]
"""Lines in the order of the file: a key, and its amounts."""
WORSE = ["equal", "within_tolerance", "explained", "unexplained"]


@dataclass
class Plain:
    contracts: dict[str, str] = field(default_factory=dict)
    """The class of each key."""
    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    """The class of each differing cell, by key and element."""
    net: dict[str, Decimal] = field(default_factory=dict)


def plain(
    old: Ledger,
    new: Ledger,
    policy: ParallelRunPolicy,
    *,
    period: str,
    elements: Sequence[str],
    identity: Mapping[str, str] | None = None,
) -> Plain:
    found = Plain()
    before, after = {}, {}
    twice = set()
    for lines, side in ((old, before), (new, after)):
        for key, line in lines:
            named = (identity or {}).get(key, key) if side is before else key
            if named in side:
                twice.add(named)
            side[named] = line
    for key in before.keys() | after.keys():
        if key in twice:
            found.contracts[key] = "duplicate"
        elif key not in after or key not in before:
            alone = "missing" if key in before else "extra"
            rules = [r for r in policy.explanations if r.element == alone and r.period in (None, period)]
            found.contracts[key] = "explained" if any(r.key in (None, key) for r in rules) else alone
        else:
            classes = ["equal"]
            for element in elements:
                was, now = before[key].get(element, Decimal(0)), after[key].get(element, Decimal(0))
                now = -now if element in policy.flipped else now
                if was != now:
                    found.cells[key, element] = one_cell(policy, key, element, was, now, period)
                    found.net[element] = found.net.get(element, Decimal(0)) + now - was
                    classes.append(found.cells[key, element])
            found.contracts[key] = max(classes, key=WORSE.index)
    return found


def one_cell(policy: ParallelRunPolicy, key: str, element: str, was: Decimal, now: Decimal, period: str) -> str:
    for tolerance in policy.tolerances:
        if tolerance.element == element:
            off = abs(now - was)
            if off <= tolerance.absolute or (tolerance.relative and off <= tolerance.relative * abs(was)):
                return "within_tolerance"
    for rule in policy.explanations:
        if rule.element != element or rule.period not in (None, period) or rule.key not in (None, key):
            continue
        if rule.between is None or rule.between[0] <= now - was <= rule.between[1]:
            return "explained"
    return "unexplained"
