"""The evidence that pilots and parallel runs must show."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from changeflow.errors import InputError
from changeflow.values.base import Frozen, Id, as_list


class ExitCriterion(Frozen):
    """One measure with its threshold, set before the pilot starts and frozen once it is released."""

    id: Id
    measure: str
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    evidence: str = Field(
        "", description="Where the number comes from: the service desk's log, a survey of business managers"
    )
    owner: Id | None = None


class PilotPlan(Frozen):
    """How a pilot of the service is judged."""

    exit_criteria: tuple[ExitCriterion, ...] = ()
    skipped: str | None = Field(None, min_length=1, description="Why a small trust has no pilot")


class AssuranceMethod(StrEnum):
    """How the trust makes sure that the new system pays the same as the old one."""

    PARALLEL = "parallel"
    TEST_PACK = "test_pack"
    BOTH = "both"


class PackCase(Frozen):
    """One case of a structured test pack: a mid-month starter, maternity pay, two contracts of one person."""

    id: Id
    what: str = Field(min_length=1)


class Assurance(Frozen):
    """Parallel runs, a test pack, or both; a test pack alone needs a reason."""

    method: AssuranceMethod = AssuranceMethod.PARALLEL
    rationale: str = ""
    cases: tuple[PackCase, ...] = ()

    @property
    def runs_in_parallel(self) -> bool:
        return self.method is not AssuranceMethod.TEST_PACK

    @property
    def has_test_pack(self) -> bool:
        return self.method is not AssuranceMethod.PARALLEL

    @model_validator(mode="after")
    def _reasoned(self) -> "Assurance":
        if self.has_test_pack and not self.cases:
            raise ValueError("a test pack needs cases, each with an id and what it tests")
        if not self.runs_in_parallel and not self.rationale:
            raise ValueError("a test pack instead of parallel runs needs a rationale")
        return self


class ToConfirm(Frozen):
    """An item that a person confirms before a go-live."""

    id: Id
    what: str = Field(min_length=1)
    owner: Id | None = None
    ends: bool = Field(default=False, description="Whether a confirmation must say until which day it is true")


class GoNoGo(Frozen):
    """What people must confirm and sign before a go-live. For a payroll, the rulepack adds further items."""

    confirm: tuple[ToConfirm, ...] = ()
    sign: tuple[Id, ...] = Field((), description="People who must sign before a go can be recorded")


class Tolerance(Frozen):
    """How far an element may differ and still count as equal, in the ledger's currency."""

    element: str
    absolute: Decimal = Field(Decimal("0.01"), ge=0)
    relative: Decimal = Field(Decimal(0), ge=0, le=1, description="Or by this share of the old amount: 0.001")


class ExplainedVariance(Frozen):
    """A difference that a person explained: for one contract, or for an element of all contracts within a range."""

    element: str = Field(description="Or `missing`, `extra`: leavers and starters, who are only on one side")
    reason: str = Field(min_length=1)
    explained_by: Id
    period: str | None = None
    key: str | None = None
    between: tuple[Decimal, Decimal] | None = Field(None, description="The range of new minus old, inclusive")


class Scheme(Frozen):
    """A unit that is filed together: a PAYE scheme, a pension scheme's return."""

    id: str = Field(min_length=1, description="Its reference")
    schools: tuple[Id, ...] = Field(
        (), description="Schools whose people are filed under it; by default, all of the service's"
    )
    joint_filing: Literal["old", "new"] | None = Field(
        None, description="While both systems pay its people: which one files, including the other's figures"
    )


def _of_both_sides(value: object) -> object:
    return {"old": value, "new": value} if isinstance(value, str) else value


class ParallelRunPolicy(Frozen):
    """When a run is clean. The defaults are our own choice; the rulepack `payroll` has the minimum number of runs."""

    key: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Field(
        ("contract",),
        min_length=1,
        description="The column or columns that identify a line, such as employee and contract",
    )
    columns: dict[Literal["old", "new"], dict[str, str]] = Field(
        default_factory=dict, description="Other names of a side's columns: ours, then theirs"
    )
    decimal: Annotated[dict[Literal["old", "new"], Literal[".", ","]], BeforeValidator(_of_both_sides)] = Field(
        default_factory=dict,
        description="The decimal mark ('.' or ','), for both sides or each, where the amounts do not show it",
    )
    flipped: tuple[str, ...] = Field((), description="Elements that the new output writes with the opposite sign")
    schemes: tuple[Scheme, ...] = Field((), description="What is filed, each by exactly one system in a period")
    tolerances: tuple[Tolerance, ...] = ()
    explanations: tuple[ExplainedVariance, ...] = ()
    clean_runs: int = Field(2, ge=1)
    """Consecutive clean runs before go-live."""
    pay: str | None = Field(None, description="The element that people are paid, which must be above zero for all")
    within_share: Decimal | None = Field(
        None, gt=0, le=1, description="Share of contracts with pay within tolerance; by default, the rulepack's"
    )
    ends: date | None = Field(None, description="The last day of dual running: no one can do two jobs for ever")
    cost_a_period: Decimal | None = Field(None, ge=0, description="The cost of dual running for each pay period")


def _preset(
    key: tuple[str, ...], exact: tuple[str, ...], within: tuple[str, ...] = (), pay: str | None = None
) -> ParallelRunPolicy:
    pence = Decimal("0.01")
    tolerances = [Tolerance(element=e, absolute=Decimal(0)) for e in exact]
    tolerances += [Tolerance(element=e, absolute=pence) for e in within]
    return ParallelRunPolicy(key=key, tolerances=tuple(tolerances), pay=pay)


_SIDES: tuple[Literal["old", "new"], ...] = ("old", "new")
PRESETS = {
    "payroll": _preset(("contract",), ("gross", "net"), ("tax", "ni", "pension"), pay="net"),
    "suppliers": _preset(("supplier", "invoice"), ("net", "vat", "gross")),
    "budgets": _preset(("cost_centre", "account"), ("budget", "actual", "committed")),
    "assets": _preset(("asset",), ("cost", "net_book_value"), ("depreciation",)),
}
"""Ready-made policies for common ledgers, with our own choice of columns; `columns` maps them to your names."""


def parse_policy(key: str, tolerances: Iterable[str]) -> ParallelRunPolicy:
    """Read key columns, separated by commas, and tolerances like `element=amount` into a policy."""
    read = []
    for text in tolerances:
        element, _, amount = text.partition("=")
        try:
            read.append(Tolerance(element=element.strip(), absolute=Decimal(amount)))
        except (InvalidOperation, ValueError):
            raise InputError(f"'{text}' is not a tolerance. Write element=amount, such as net=0.01.") from None
    return ParallelRunPolicy(key=tuple(k.strip() for k in key.split(",")), tolerances=tuple(read))


def with_file_options(
    policy: ParallelRunPolicy, *, columns: Iterable[str], decimals: Iterable[str]
) -> ParallelRunPolicy:
    """Add the files' column names, such as `gross=Bruto,new:net=Neto`, and decimal marks, such as `,` or `old:.`."""
    named: dict[Literal["old", "new"], dict[str, str]] = {s: dict(policy.columns.get(s, {})) for s in ("old", "new")}
    marks: dict[Literal["old", "new"], Literal[".", ","]] = dict(policy.decimal)
    for text in (part for option in columns for part in option.split(",") if part.strip()):
        sides, pair = _sided(text)
        ours, _, theirs = (part.strip() for part in pair.partition("="))
        if not ours or not theirs:
            raise InputError(
                f"'{text}' is not a pair of columns. Write ours=theirs, such as gross=Bruto or new:net=Neto."
            )
        for side in sides:
            named[side][ours] = theirs
    for text in decimals:
        sides, mark = _sided(text)
        if mark not in (".", ","):
            raise InputError(
                f"'{text}' is not a decimal mark. Write '.' or ','; for one side only, such as 'old:,' or 'new:.'."
            )
        marks |= dict.fromkeys(sides, "." if mark == "." else ",")
    return policy.model_copy(update={"columns": {s: n for s, n in named.items() if n}, "decimal": marks})


def _sided(text: str) -> tuple[tuple[Literal["old", "new"], ...], str]:
    """Split `old:` or `new:` off a string; without a prefix it applies to both sides."""
    for side in _SIDES:
        if text.strip().startswith(f"{side}:"):
            return (side,), text.strip().removeprefix(f"{side}:")
    return _SIDES, text.strip()
