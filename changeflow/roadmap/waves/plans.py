"""Three plans: the earliest, the calmest, and the one that moves the fewest schools or a compromise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from changeflow.roadmap.model.requests import Weights
from changeflow.roadmap.waves.problem import Numbers, WavePlan, WaveProblem
from changeflow.roadmap.waves.progress import SearchProgress, result_in_words
from changeflow.roadmap.waves.rows import WaveRows, write_rows
from changeflow.values.duration import counted

if TYPE_CHECKING:
    from changeflow.roadmap.waves.solve import SearchLimits, WavesSolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The priority of a plan."""

    key: str
    name: str
    aim: str
    """What it tries first, as a sentence without its full stop."""
    factors: Mapping[str, float]
    """The factor of each weight; others are unchanged."""


EARLIEST = Style(
    key="earliest",
    name="Earliest",
    aim="Schools go live as early as possible",
    factors={"peak": 0.1, "hub": 0.5, "announced": 0.1, "announced_week": 0.1},
)
CALMEST = Style(
    key="calmest",
    name="Steadiest workload",
    aim="Each team's busiest week is as light as possible",
    factors={"peak": 30, "finish": 0.3, "last": 0.3, "announced": 0.1, "announced_week": 0.1},
)
FEWEST = Style(
    key="fewest-changes",
    name="Fewest changes",
    aim="As many announced dates as possible stay as they are",
    factors={"announced": 10, "announced_week": 4},
)
COMPROMISE = Style(key="compromise", name="Compromise", aim="The priorities are weighted as you set them", factors={})
IN_FORCE = Style(key="in-force", name="Current plan", aim="The current waves, with their forecast dates", factors={})
"""The current plan, which is only for comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One plan with its numbers and its gap."""

    style: Style
    plan: WavePlan
    numbers: Numbers
    gap: float | None
    is_proved: bool
    is_repeatable: bool


def styles_for(problem: WaveProblem) -> tuple[Style, ...]:
    """Return the three styles, with "fewest changes" if dates were announced to schools, or else a compromise."""
    return (EARLIEST, CALMEST, FEWEST if problem.announced else COMPROMISE)


def offers(
    problem: WaveProblem, limits: "SearchLimits", *, say: Callable[[str], None] | None = None
) -> "Iterator[tuple[Style, WavesSolution, WaveRows]]":
    """Yield the answer in each style. Each search begins with the previous plan, and `say` receives its progress."""
    # Loaded here, so that a command's help does not wait for the solver.
    from changeflow.roadmap.waves.solve import solve_plan

    hint: Mapping[int, int] | None = None
    styles = styles_for(problem)
    for number, style in enumerate(styles, 1):
        rows = write_rows(problem, weighted(problem.weights, style))
        if say is None:
            found = solve_plan(rows, limits, hint=hint)
        else:
            say(f"{style.name}, {number} of {len(styles)}: searching for {counted(round(limits.effort), 'second')} …")
            with SearchProgress(problem, style.name, limits.effort, say) as progress:
                found = solve_plan(rows, limits, hint=hint, progress=progress)
            if found.plan is not None:
                say(f"{style.name}: {result_in_words(problem, found.plan)}; {certainty_of(found)}")
        yield style, found, rows
        if found.plan is None:
            return
        hint = found.values


def certainty_of(found: "Offer | WavesSolution") -> str:
    """Say how near a plan is to the best for its weights."""
    if found.is_proved:
        return "proven to be the best plan for these priorities"
    near = (
        "a better plan may exist"
        if found.gap is None
        else f"not proven to be the best: another plan may score up to {found.gap:.1%} better on these priorities"
    )
    return near if found.is_repeatable else f"{near}; time ran out, so another search may find another plan"


def weighted(weights: Weights, style: Style) -> Weights:
    """Multiply the weights by a style's factors."""
    return weights.model_copy(update={name: getattr(weights, name) * by for name, by in style.factors.items()})
