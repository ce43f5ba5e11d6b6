"""What a pilot must show before the next wave, and what a parallel run must prove."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from changeflow.values.base import Frozen, Id, as_list


class ExitCriterion(Frozen):
    """One measure with its threshold, fixed before the pilot starts."""

    id: Id
    measure: str
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    owner: Id | None = None


class PilotPlan(Frozen):
    """How a pilot of the service is judged."""

    exit_criteria: tuple[ExitCriterion, ...] = ()


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


def _preset(key: tuple[str, ...], exact: tuple[str, ...], within: tuple[str, ...] = ()) -> ParallelRunPolicy:
    pence = Decimal("0.01")
    tolerances = [Tolerance(element=e, absolute=Decimal(0)) for e in exact]
    tolerances += [Tolerance(element=e, absolute=pence) for e in within]
    return ParallelRunPolicy(key=key, tolerances=tuple(tolerances))


PRESETS = {
    "payroll": _preset(("contract",), ("gross", "net"), ("tax", "ni", "pension")),
    "suppliers": _preset(("supplier", "invoice"), ("net", "vat", "gross")),
    "budgets": _preset(("cost_centre", "account"), ("budget", "actual", "committed")),
    "assets": _preset(("asset",), ("cost", "net_book_value"), ("depreciation",)),
}
"""Ready policies for ledgers of other services: our own choice of columns; `columns` gives them your names."""
