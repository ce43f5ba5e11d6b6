"""What a pilot must show before the next wave, and what a parallel run must prove."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from changeflow.errors import InputError
from changeflow.values.base import Frozen, Id, as_list


class ExitCriterion(Frozen):
    """One measure with its threshold, fixed before the pilot starts, and frozen from its release on."""

    id: Id
    measure: str
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    evidence: str = Field("", description="What will show it: the service desk's log, a survey of business managers")
    owner: Id | None = None


class PilotPlan(Frozen):
    """How a pilot of the service is judged."""

    exit_criteria: tuple[ExitCriterion, ...] = ()
    skipped: str | None = Field(None, min_length=1, description="Why a small trust goes without a pilot")


class AssuranceMethod(StrEnum):
    """How it is made sure that a new system pays as the old one did."""

    PARALLEL = "parallel"
    TEST_PACK = "test_pack"
    BOTH = "both"


class PackCase(Frozen):
    """One case of a structured test pack: a mid-month starter, maternity pay, two contracts of one person."""

    id: Id
    what: str = Field(min_length=1)


class Assurance(Frozen):
    """Parallel runs, a structured test pack, or both; whatever is not a parallel run says why."""

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
            raise ValueError("a test pack needs cases: an id, and what is tried")
        if not self.runs_in_parallel and not self.rationale:
            raise ValueError("a test pack instead of parallel runs needs its rationale")
        return self


class ToConfirm(Frozen):
    """An item that a person confirms before a go-live."""

    id: Id
    what: str = Field(min_length=1)
    owner: Id | None = None
    ends: bool = Field(default=False, description="It is true until a day, which is told with it")


class GoNoGo(Frozen):
    """What a go-live asks of people beside the evidence; of a payroll, what its rulepack lists comes on top."""

    confirm: tuple[ToConfirm, ...] = ()
    sign: tuple[Id, ...] = Field((), description="People who must sign before a go can be recorded")


class Tolerance(Frozen):
    """How far an element may differ and still agree, in the ledger's currency."""

    element: str
    absolute: Decimal = Field(Decimal("0.01"), ge=0)
    relative: Decimal = Field(Decimal(0), ge=0, le=1, description="Or by this share of the old amount: 0.001")


class ExplainedVariance(Frozen):
    """A difference that a person explained: one contract, or one element everywhere, up to an amount."""

    element: str = Field(description="Or `missing`, `extra`: leavers and starters, whom one side alone has")
    reason: str = Field(min_length=1)
    explained_by: Id
    period: str | None = None
    key: str | None = None
    between: tuple[Decimal, Decimal] | None = Field(None, description="New minus old lies in this range, inclusive")


class Scheme(Frozen):
    """What is filed as one: a PAYE scheme, a pension scheme's return."""

    id: str = Field(min_length=1, description="Its reference")
    schools: tuple[Id, ...] = Field((), description="Whose people are filed under it; left out, all of the service's")
    joint_filing: Literal["old", "new"] | None = Field(
        None, description="While both systems pay people of it: which one files, with the other's figures taken in"
    )


class ParallelRunPolicy(Frozen):
    """What counts as clean. The defaults are ours; `payroll` in the rulepacks has the minimum of runs."""

    key: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Field(
        ("contract",), min_length=1, description="The column, or columns, that name a line: employee and contract"
    )
    columns: dict[Literal["old", "new"], dict[str, str]] = Field(
        default_factory=dict, description="Where a side's columns have other names: ours, then theirs"
    )
    flipped: tuple[str, ...] = Field((), description="Elements that the new output writes with the other sign")
    schemes: tuple[Scheme, ...] = Field((), description="What is filed, each by exactly one system a period")
    tolerances: tuple[Tolerance, ...] = ()
    explanations: tuple[ExplainedVariance, ...] = ()
    clean_runs: int = Field(2, ge=1)
    """Consecutive clean runs before go-live."""
    pay: str | None = Field(None, description="The element that people are paid: nobody's may be nought or below")
    within_share: Decimal | None = Field(
        None, gt=0, le=1, description="Share of contracts whose pay is within tolerance; the rulepack's when left out"
    )
    ends: date | None = Field(None, description="The last day of running both: nobody does two jobs for ever")
    cost_a_period: Decimal | None = Field(None, ge=0, description="What running both costs, each pay period")


def _preset(
    key: tuple[str, ...], exact: tuple[str, ...], within: tuple[str, ...] = (), pay: str | None = None
) -> ParallelRunPolicy:
    pence = Decimal("0.01")
    tolerances = [Tolerance(element=e, absolute=Decimal(0)) for e in exact]
    tolerances += [Tolerance(element=e, absolute=pence) for e in within]
    return ParallelRunPolicy(key=key, tolerances=tuple(tolerances), pay=pay)


PRESETS = {
    "payroll": _preset(("contract",), ("gross", "net"), ("tax", "ni", "pension"), pay="net"),
    "suppliers": _preset(("supplier", "invoice"), ("net", "vat", "gross")),
    "budgets": _preset(("cost_centre", "account"), ("budget", "actual", "committed")),
    "assets": _preset(("asset",), ("cost", "net_book_value"), ("depreciation",)),
}
"""Ready policies for ledgers of other services: our own choice of columns; `columns` gives them your names."""


def parse_policy(key: str, tolerances: Iterable[str]) -> ParallelRunPolicy:
    """Read columns, with commas, and `element=amount` texts into a policy."""
    read = []
    for text in tolerances:
        element, _, amount = text.partition("=")
        try:
            read.append(Tolerance(element=element.strip(), absolute=Decimal(amount)))
        except (InvalidOperation, ValueError):
            raise InputError(f"'{text}' is not a tolerance. Write element=amount, such as net=0.01.") from None
    return ParallelRunPolicy(key=tuple(key.split(",")), tolerances=tuple(read))
