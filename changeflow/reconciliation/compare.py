"""Compare two ledgers of up to a million contracts, exactly, in DuckDB: amounts are whole millionths, never floats.

Every contract is judged alone, so differences that cancel each other out still count. An element that only one side has
is compared with nothing, that is zero. Why DuckDB: docs/decisions/0010.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.errors import InputError, ProblemsError
from changeflow.intake.opening import check_input
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import Coverage, MatchOutcome, PayVariance, Reconciliation
from changeflow.reconciliation.amounts import MACROS, UNIT
from changeflow.reconciliation.columns import (
    Choice,
    ComparedElement,
    choose,
    folded,
    headings_of,
    matched,
    missing,
    nearly_matched,
    nothing_in_common,
    other_currencies,
)
from changeflow.reconciliation.ids import id_hints
from changeflow.reconciliation.ledgers import Side, check_cells, currencies_of, has_other_lines, load, measure, read_as
from changeflow.reconciliation.left_out import differing
from changeflow.reconciliation.rows import check_lines, leave_out_footers, leave_out_totals
from changeflow.reconciliation.sources import MOST_BYTES, open_source, unreadable
from changeflow.values.problem import Problem

if TYPE_CHECKING:
    import duckdb

ALL = 10_000_000
KEPT = 1_000
"""Differences, and keys of each kind, that are kept one by one; all are counted."""
MEMORY, SCRATCH = "600MB", "4GB"
"""Beyond the first, DuckDB puts what it needs into a scratch folder, up to the second, which goes when it is done."""
IN_CLASS = (MatchOutcome.EQUAL, MatchOutcome.WITHIN_TOLERANCE, MatchOutcome.EXPLAINED, MatchOutcome.UNEXPLAINED)
MISSING, EXTRA = "missing", "extra"
"""As an explanation's element: it explains that a contract is on one side alone."""
Say = Callable[[str], None]


def reconcile(
    old: Path,
    new: Path,
    policy: ParallelRunPolicy,
    *,
    period: str,
    identity: Path | None = None,
    say: Say | None = None,
    inside: Path | None = None,
    most: int = KEPT,
) -> Reconciliation:
    """Compare two files; every problem of both at once, as `ProblemsError`, and then nothing is compared.

    At most so many differences, and contracts of each kind, are returned one by one.
    """
    # Loaded here: it takes longer than most commands.
    import duckdb

    told = say or (lambda _: None)
    for path in (old, new):
        check_input(path, most=MOST_BYTES, inside=inside)
    # Nothing is fetched from anywhere: DuckDB would get its extensions by itself.
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "autoinstall_known_extensions": "false",
        "max_temp_directory_size": SCRATCH,
    }
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect(config=settings) as db:
        db.execute("set temp_directory = ?", [scratch])
        for macro in MACROS:
            db.execute(macro)
        problems: list[Problem] = []
        before = digests(old, new)
        shown = _names(old, new)
        reading = _Reading(db, policy, period, Path(scratch), shown, problems, told)
        ledgers = [ledger for side, path in (("old", old), ("new", new)) if (ledger := reading.ledger(side, path))]
        choice = reading.choose(ledgers)
        if identity is not None:
            _map_identities(db, identity, problems)
        if problems:
            raise ProblemsError(problems)
        if digests(old, new) != before:
            raise InputError(f"{old.name} or {new.name} changed while it was read. Nothing was compared; try again.")
        told("Comparing …")
        found = _Comparison(db, choice.elements, policy, period, most).run()
        hints = id_hints(db, shown) if found.has_contracts_alone else ()
        doubts = (*reading.doubts, *differing(db, ledgers, choice.coverage))
        coverage = replace(choice.coverage, lines=tuple(reading.lines_left_out), doubts=doubts)
        return replace(found, coverage=coverage, read_as=tuple(reading.said), id_hints=tuple(hints))


def _names(old: Path, new: Path) -> dict[str, str]:
    """Return both files' names, with their folders' where they have the same name."""
    is_same = old.name == new.name and old != new
    return {s: f"{p.parent.name}/{p.name}" if is_same else p.name for s, p in (("old", old), ("new", new))}


@dataclass(slots=True)
class _Reading:
    """Both files on their way in."""

    db: "duckdb.DuckDBPyConnection"
    policy: ParallelRunPolicy
    period: str
    scratch: Path
    shown: Mapping[str, str]
    problems: list[Problem]
    told: Say
    said: list[str] = field(default_factory=list)
    lines_left_out: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def ledger(self, side: str, path: Path) -> Side | None:
        """Return one side, measured; None where it cannot be, with its problems."""
        import duckdb

        self.told(f"Reading {self.shown[side]} …")
        try:
            start = len(self.problems)
            ledger = self._measured(side, path, is_patient=False)
            if ledger is None and len(self.problems) == start:
                ledger = self._measured(side, path, is_patient=True)
            return ledger
        except duckdb.Error as error:
            self.problems.append(unreadable(self.shown[side], error))
            return None

    def _measured(self, side: str, path: Path, *, is_patient: bool) -> Side | None:
        """Measure one side; None also where rows cannot be numbered by counting them, unless it is read patiently."""
        import duckdb

        start = len(self.problems)
        known = [*self.policy.key, *(t.element for t in self.policy.tolerances)]
        known += [self.policy.pay] if self.policy.pay else []
        known += [theirs for s, named in self.policy.columns.items() if s == side for theirs in named.values()]
        source = open_source(
            self.db,
            side,
            path,
            self.problems,
            scratch=self.scratch,
            shown=self.shown[side],
            known=known,
            is_patient=is_patient,
        )
        if source is None:
            return None
        headings = headings_of(side, source, self.policy)
        self.problems += missing(headings, self.policy)
        if len(self.problems) > start:
            return None
        ledger = Side(db=self.db, headings=headings, policy=self.policy, problems=self.problems)
        try:
            lines = measure(ledger)
        except duckdb.Error:
            if source.lines is None:
                raise
            return None
        is_exact = source.lines is None or (source.lines == lines + 1 and not has_other_lines(ledger))
        return ledger if is_exact else None

    def choose(self, ledgers: Sequence[Side]) -> Choice:
        """Choose what is compared, and load it on both sides."""
        if len(ledgers) < 2:
            return Choice((), Coverage(compared=()))
        sides = [ledger.headings for ledger in ledgers]
        self.problems += other_currencies(sides)
        choice = choose(self.policy, sides, {ledger.side: ledger.measured for ledger in ledgers})
        if (nothing := nothing_in_common(choice, sides)) is not None:
            self.problems.append(nothing)
            return choice
        currencies = currencies_of(ledgers, choice.elements)
        said = list[tuple[str, str]]()
        for ledger in ledgers:
            notes = list(ledger.source.notes)
            start = len(self.problems)
            load(ledger, choice.elements)
            if len(self.problems) > start:
                continue
            footers = tuple(leave_out_footers(ledger, choice.elements))
            totals = leave_out_totals(ledger, choice.elements)
            left_out = (*totals.said, *footers)
            self.lines_left_out += [f"{ledger.side} output: {note[0].lower()}{note[1:]}" for note in left_out]
            self.doubts += [f"{ledger.source.shown}: {doubt}" for doubt in totals.doubts]
            check_cells(ledger, choice.elements, currencies)
            check_lines(ledger, choice.elements, policy=self.policy, period=self.period)
            notes += read_as(ledger, choice.elements)
            said += [(ledger.source.shown, note) for note in notes]
        for note in dict.fromkeys(note for _, note in said):
            files = dict.fromkeys(file for file, same in said if same == note)
            self.said.append(f"{' and '.join(files)}: {note}")
        self.said += [*matched(sides), *nearly_matched(choice.elements)]
        return choice


def digests(*paths: Path) -> tuple[str, ...]:
    """Return the SHA-256 of each file's bytes: by them the same files are recognised."""
    found = []
    for path in paths:
        with path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return tuple(found)


def _map_identities(db: "duckdb.DuckDBPyConnection", path: Path, problems: list[Problem]) -> None:
    """Give old keys their new ones: `old,new`, one line a contract whose id changed. Ids are never used again."""
    from changeflow.intake.fact_formats import IDENTITIES
    from changeflow.intake.tables import read_table

    rows = list(read_table(path, path.name, problems, IDENTITIES))
    pairs: dict[str, str] = {}
    taken: dict[str, int] = {}
    for row in rows:
        before, after = row.cells["old"], row.cells["new"]
        if before in pairs:
            problems.append(row.problem("old", f"'{before}' has a new id already.", "One line an old id."))
        elif after in taken:
            what = f"'{after}' is the new id of line {taken[after]} already."
            problems.append(row.problem("new", what, "Every contract has an id of its own."))
        else:
            pairs[before] = after
            taken[after] = row.line
    for row in rows:
        if row.cells["new"] in pairs and row.cells["new"] != row.cells["old"]:
            what = f"'{row.cells['new']}' is an old id as well: ids go round, or are used again."
            problems.append(row.problem("new", what, "An id that was used is never given to another contract."))
    if not problems:
        db.execute("create table identity (old varchar primary key, new varchar)")
        db.executemany("insert into identity values (?, ?)", list(pairs.items()))
        db.execute('update "old" set key = identity.new from identity where "old".key = identity.old')


@dataclass(slots=True)
class _Comparison:
    db: "duckdb.DuckDBPyConnection"
    elements: Sequence[ComparedElement]
    policy: ParallelRunPolicy
    period: str
    most: int

    def run(self) -> Reconciliation:
        for side in ("old", "new"):
            self.db.execute(f'create table twice_{side} as select key from "{side}" group by key having count(*) > 1')
        self.db.execute("create table twice as select key from twice_old union select key from twice_new")
        self._join()
        cells: dict[str, dict[MatchOutcome, int]] = {}
        self.db.execute(
            "create table variance (key varchar, element varchar, old bigint, new bigint, class tinyint, rule integer)"
        )
        for number, element in enumerate(self.elements):
            self._differences(number, element.name)
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
            largest_unexplained=_amount(largest[0] if largest and largest[0] is not None else 0),
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
        """Return the explanations of an element as branches of a `case`, in their order, and what they compare with."""
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
        """Leavers and starters whom somebody has explained, one by one or all of a period."""
        rules = [r for r in self.policy.explanations if r.element == name and r.period in (None, self.period)]
        if any(r.key is None for r in rules):
            return "true", []
        keys = [r.key for r in rules if r.key is not None]
        return (f"key in ({', '.join('?' for _ in keys)})", keys) if keys else ("false", [])

    def _most_severe(self) -> Iterator[PayVariance]:
        """Yield differences contract by contract, those first whose pay is hit hardest."""
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
            yield PayVariance(key, element, _amount(old), _amount(new), outcome, reason)

    def _unpaid(self) -> int:
        query = "select count(*) from variance where element = ? and old > 0 and new <= 0"
        return self._one(query, [self.policy.pay]) if self.policy.pay else 0

    def _net(self) -> Mapping[str, Decimal]:
        rows = self.db.execute(
            "select element, sum(new - old)::hugeint from variance group by element order by element"
        )
        return {element: _amount(int(total)) for element, total in rows.fetchall()}

    def _one(self, query: str, values: Sequence[object] = ()) -> int:
        row = self.db.execute(query, list(values)).fetchone()
        return int(row[0]) if row else 0


def _amount(units: int) -> Decimal:
    """Return whole millionths as an amount: two decimals at least, more where there are more."""
    exact = Decimal(units) / UNIT
    shortest = exact.normalize()
    return exact.quantize(Decimal("0.01")) if -shortest.as_tuple().exponent <= 2 else shortest  # type: ignore[operator]
