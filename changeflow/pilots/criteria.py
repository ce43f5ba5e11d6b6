"""What a pilot must show before the next wave, and what a parallel run must prove."""

from decimal import Decimal

from pydantic import Field

from changeflow.values.base import Frozen, Id


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


class ExplainedVariance(Frozen):
    """A difference that a person explained: one contract, or one element everywhere, up to an amount."""

    element: str
    reason: str = Field(min_length=1)
    explained_by: Id
    period: str | None = None
    key: str | None = None
    between: tuple[Decimal, Decimal] | None = Field(None, description="New minus old lies in this range, inclusive")


class ParallelRunPolicy(Frozen):
    """What counts as clean. The defaults are ours; `payroll` in the rulepacks has the minimum of runs."""

    key: str = "contract"
    tolerances: tuple[Tolerance, ...] = ()
    explanations: tuple[ExplainedVariance, ...] = ()
    clean_runs: int = Field(2, ge=1)
    """Consecutive clean runs before go-live."""
