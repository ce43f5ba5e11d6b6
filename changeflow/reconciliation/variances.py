"""Find where two loaded ledgers differ, contract by contract: each contract has the class of its most severe
difference.

Every contract is judged individually, so differences that cancel each other out still count. An element that only one
side has is compared with zero.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import MatchOutcome, PayVariance, Reconciliation
from changeflow.reconciliation.amounts import UNIT
from changeflow.reconciliation.columns import ComparedElement, folded

if TYPE_CHECKING:
    import duckdb

IN_CLASS = (MatchOutcome.EQUAL, MatchOutcome.WITHIN_TOLERANCE, MatchOutcome.EXPLAINED, MatchOutcome.UNEXPLAINED)
MISSING, EXTRA = "missing", "extra"
"""Used as the element of an explanation why a contract is on only one side."""


@dataclass(slots=True)
class Comparison:
    """Both sides as loaded (tables `old` and `new`), and the policy for judging them."""

    db: "duckdb.DuckDBPyConnection"
    elements: Sequence[ComparedElement]
    policy: ParallelRunPolicy
    period: str
    most: int
    """How many differences, and keys of each kind, to return individually."""

    def run(self) -> Reconciliation:
        """Compare contract by contract; duplicate keys are counted but not compared."""
        for side in ("old", "new"):
            self.db.execute(f'create table twice_{side} as select key from "{side}" group by key having count(*) > 1')
        self.db.execute("create table twice as select key from twice_old union select key from twice_new")
        self._join()
        cells: dict[str, dict[MatchOutcome, int]] = {}
        self.db.execute(
            "create table variance (key varchar, element varchar, old bigint, new bigint, class tinyint, rule integer)"
        )
        for number in self._that_differ():
            self._differences(number, self.elements[number].name)
        for element, number, count in self.db.execute(
            "select element, class, count(*) from variance group by all order by all"
        ).fetchall():
            cells.setdefault(element, {})[IN_CLASS[number]] = count
        counts, keys = self._counts(cells)
        largest = self.db.execute("select max(abs(new - old)) from variance where class = 3").fetchone()
        return Reconciliation(
            counts=counts,
            cells=cells,
            variances=tuple(self._most_severe()),
            keys=keys,
            elements=tuple(e.name for e in self.elements),
            largest_unexplained=amount_of(largest[0] if largest and largest[0] is not None else 0),
            net=self._net(),
            unpaid=self._unpaid(),
            pay=self.policy.pay,
        )

    def _join(self) -> None:
        columns = ['"old".key as key']
        flipped = {folded(name) for name in self.policy.flipped}
        for number, element in enumerate(self.elements):
            for side in ("old", "new"):
                sign = "-" if side == "new" and folded(element.name) in flipped else ""
                place = element.places.get(side)
                value = f'{sign}"{side}".v{place}' if place is not None else "0::bigint"
                columns.append(f"{value} as {side}_{number}")
        self.db.execute(
            f"create table both_sides as select {', '.join(columns)} "
            'from "old" join "new" using (key) where key not in (select key from twice)'
        )

    def _that_differ(self) -> Iterator[int]:
        """Yield the numbers of the elements that differ for any contract; if there are many columns, most do not
        differ."""
        counts = [f"count(*) filter (where old_{n} <> new_{n})" for n in range(len(self.elements))]
        row = self.db.execute(f"select {', '.join(counts)} from both_sides").fetchone() if counts else ()
        yield from (n for n, count in enumerate(row or ()) if count)

    def _differences(self, number: int, element: str) -> None:
        before, after = f"old_{number}", f"new_{number}"
        difference = f"({after} - {before})"
        allowed = next((t for t in self.policy.tolerances if folded(t.element) == folded(element)), None)
        within = "false"
        if allowed is not None:
            share = int(allowed.relative * UNIT)
            within = f"abs{difference} <= {int(allowed.absolute * UNIT)}"
            if share:
                within += f" or abs{difference}::hugeint * {UNIT} <= abs({before})::hugeint * {share}"
        rules, values = self._rules(element, difference)
        rule = f"case {rules} else -1 end" if rules else "-1"
        self.db.execute(
            f"insert into variance select key, ?, {before}, {after}, "
            f"case when {within} then 1 when rule >= 0 then 2 else 3 end, rule "
            f"from (select *, {rule} as rule from both_sides where {before} <> {after})",
            [element, *values],
        )

    def _rules(self, element: str, difference: str) -> tuple[str, list[str]]:
        """Return the explanations of an element as branches of a `case`, in order, and the values for their
        placeholders."""
        branches, values = [], list[str]()
        for number, rule in enumerate(self.policy.explanations):
            if folded(rule.element) != folded(element) or rule.period not in (None, self.period):
                continue
            conditions = ["true"]
            if rule.key is not None:
                conditions.append("key = ?")
                values.append(rule.key)
            if rule.between is not None:
                low, high = (int(b * UNIT) for b in rule.between)
                conditions.append(f"{difference} between {low} and {high}")
            branches.append(f"when {' and '.join(conditions)} then {number}")
        return " ".join(branches), values

    def _counts(
        self, cells: dict[str, dict[MatchOutcome, int]]
    ) -> tuple[dict[MatchOutcome, int], dict[MatchOutcome, tuple[str, ...]]]:
        keys: dict[MatchOutcome, tuple[str, ...]] = {}
        query = "select worst, count(*) from (select max(class) as worst from variance group by key) group by worst"
        worst = dict(self.db.execute(query).fetchall())
        counts = {outcome: worst.get(number, 0) for number, outcome in enumerate(IN_CLASS)}
        counts[MatchOutcome.EQUAL] = self._one("select count(*) from both_sides") - sum(worst.values())
        for outcome, here, there, name in (
            (MatchOutcome.MISSING, "old", "new", MISSING),
            (MatchOutcome.EXTRA, "new", "old", EXTRA),
        ):
            alone = f'from "{here}" where key not in (select key from "{there}") and key not in (select key from twice)'
            explained, values = self._explained_alone(name)
            number = self._one(f"select count(*) {alone} and {explained}", values)
            counts[MatchOutcome.EXPLAINED] += number
            if number:
                cells[name] = {MatchOutcome.EXPLAINED: number}
            counts[outcome] = self._one(f"select count(*) {alone}") - number
            found = self.db.execute(
                f"select key {alone} and not {explained} order by key limit {self.most}", values
            ).fetchall()
            keys[outcome] = tuple(k for (k,) in found)
        counts[MatchOutcome.DUPLICATE] = self._one("select count(*) from twice")
        twice = self.db.execute(f"select key from twice order by key limit {self.most}").fetchall()
        keys[MatchOutcome.DUPLICATE] = tuple(k for (k,) in twice)
        return counts, keys

    def _explained_alone(self, name: str) -> tuple[str, list[str]]:
        """Return SQL for the leavers or starters that are explained, individually or for a whole period, and the values
        for it."""
        rules = [r for r in self.policy.explanations if r.element == name and r.period in (None, self.period)]
        if any(r.key is None for r in rules):
            return "true", []
        keys = [r.key for r in rules if r.key is not None]
        return (f"key in ({', '.join('?' for _ in keys)})", keys) if keys else ("false", [])

    def _most_severe(self) -> Iterator[PayVariance]:
        """Yield differences contract by contract, beginning with those that affect pay most."""
        hit = (
            "select key, max(class) as worst, max(abs(new - old)) as most, "
            "coalesce(max(case when element = ? then abs(new - old) end), 0) as paid "
            f"from variance group by key order by worst desc, paid desc, most desc, key limit {self.most}"
        )
        rows = self.db.execute(
            f"select key, element, old, new, class, rule from variance join ({hit}) using (key) order by worst desc, "
            f"paid desc, most desc, key, class desc, abs(new - old) desc, element limit {self.most}",
            [self.policy.pay],
        ).fetchall()
        for key, element, old, new, number, rule in rows:
            outcome = IN_CLASS[number]
            reason = self.policy.explanations[rule].reason if outcome is MatchOutcome.EXPLAINED else ""
            yield PayVariance(key, element, amount_of(old), amount_of(new), outcome, reason)

    def _unpaid(self) -> int:
        query = "select count(*) from variance where element = ? and old > 0 and new <= 0"
        return self._one(query, [self.policy.pay]) if self.policy.pay else 0

    def _net(self) -> Mapping[str, Decimal]:
        rows = self.db.execute(
            "select element, sum(new - old)::hugeint from variance group by element order by element"
        )
        return {element: amount_of(int(total)) for element, total in rows.fetchall()}

    def _one(self, query: str, values: Sequence[object] = ()) -> int:
        row = self.db.execute(query, list(values)).fetchone()
        return int(row[0]) if row else 0


def amount_of(units: int) -> Decimal:
    """Return whole millionths as an amount with at least two decimals."""
    exact = Decimal(units) / UNIT
    shortest = exact.normalize()
    return exact.quantize(Decimal("0.01")) if -shortest.as_tuple().exponent <= 2 else shortest  # type: ignore[operator]
