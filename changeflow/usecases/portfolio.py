"""A portfolio's simulations and wave scenarios, in batches that any worker can run.

A batch is identified by programme, version and day, and loads what it needs. So any worker can rerun a lost batch and
get the same numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.errors import ChangeflowError, ConflictError
from changeflow.programme.programme import Programme
from changeflow.reports.risk import RiskReport, risk_report
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.usecases.risk import SimulationRequest, ask, keep_odds
from changeflow.usecases.stored import Stored, load, stored_on
from changeflow.usecases.waves import plan_waves, programme_of

if TYPE_CHECKING:
    from changeflow.roadmap.risk.simulate import Part, PreparedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    db: str = field(repr=False)
    programme: str
    version: int
    on: date
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskBatch(_Batch):
    """Some iterations of one programme's simulation."""

    iterations: int
    first: int
    last: int
    """The batch runs iterations `[first, last)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveScenario(_Batch):
    """One search for waves of one programme; scenarios differ in their seed."""

    effort: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """A scenario's plans as (plan, mean week, last day, certainty), or its conflicts."""

    programme: str
    seed: int
    plans: tuple[tuple[str, float, str, str], ...] = ()
    conflict: tuple[str, ...] = ()


def risk_batches(*, db: str, on: date, iterations: int, seed: int, parts: int) -> dict[str, list[RiskBatch]]:
    """Divide every stored programme's simulation into batches; one with no ranges or open milestones has none."""
    from changeflow.roadmap.risk.simulate import parts_of

    batches: dict[str, list[RiskBatch]] = {}
    for name, version, programme in _stored(db, on):
        try:
            ask(programme, iterations=iterations, assume=None, learn=True)
        except ChangeflowError:
            batches[name] = []
            continue
        whole = RiskBatch(
            db=db, programme=name, version=version, on=on, seed=seed, iterations=iterations, first=0, last=iterations
        )
        batches[name] = [replace(whole, first=r.start, last=r.stop) for r in parts_of(iterations, parts)]
    return batches


def run_risk_batch(batch: RiskBatch) -> "Part":
    """Run one batch on one thread; the runner may run several."""
    from changeflow.roadmap.risk.simulate import simulate_part

    _, _, prepared = _prepared(batch)
    return simulate_part(prepared, iterations=range(batch.first, batch.last), seed=batch.seed, threads=1)


def gather(batches: Iterable[RiskBatch], parts: Iterable["Part"], *, now: datetime) -> RiskReport:
    """Join the parts of one programme's simulation, in any order, and save the odds."""
    from changeflow.roadmap.risk.simulate import put_together

    one = next(iter(batches))
    stored, asked, prepared = _prepared(one)
    found = put_together(prepared, parts, seed=one.seed)
    keep_odds(stored, found, db=one.db, now=now)
    return risk_report(stored.programme, asked.model, found, assumed=asked.assumed, learned=asked.taught)


def write_report(report: RiskReport, programme: str, *, folder: Path, on: date) -> Path:
    """Write a programme's simulation as a page and as JSON; return the page."""
    from changeflow.reports.documents import write_report

    path = folder / f"{programme}-risk-{on.isoformat()}.html"
    write_report(report, path)
    write_report(report, path.with_suffix(".json"))
    return path


def wave_scenarios(*, db: str, on: date, seeds: Iterable[int], effort: float) -> list[WaveScenario]:
    """List the scenarios of every stored programme that has a rollout."""
    return [
        WaveScenario(db=db, programme=name, version=version, on=on, seed=seed, effort=effort)
        for name, version, programme in _stored(db, on)
        if programme.definition.rollout.services
        for seed in seeds
    ]


def run_wave_scenario(scenario: WaveScenario) -> ScenarioResult:
    """Search for the plans of one scenario; effort, not the clock, ends the search."""
    from changeflow.reports.waves import waves_report

    programme = programme_of(None, db=scenario.db, programme=scenario.programme, on=scenario.on)
    found = plan_waves(programme, seconds=20 * scenario.effort, effort=scenario.effort, seed=scenario.seed)
    report = waves_report(programme.name, found.problem, found.offers)
    return ScenarioResult(
        programme=scenario.programme,
        seed=scenario.seed,
        plans=tuple((p.name, p.mean_week, p.last_day, p.certainty) for p in report.plans),
        conflict=found.conflict,
    )


def _stored(db: str, on: date) -> list[tuple[str, int, Programme]]:
    found = []
    with read_scope(db) as session:
        for name in versions.programme_ids(session):
            stored = load(session, name, on=on)
            found.append((name, stored.version.number, stored.programme))
    return found


def _prepared(batch: RiskBatch) -> tuple[Stored, SimulationRequest, "PreparedModel"]:
    """Load and prepare a batch's programme; raise `ConflictError` on a newer version, which would mix two plans."""
    from changeflow.roadmap.risk.simulate import prepare

    stored = stored_on(batch.programme, db=batch.db, on=batch.on)
    if stored.version.number != batch.version:
        raise ConflictError(f"'{batch.programme}' has a newer version than this run began with. Run it again.")
    asked = ask(stored.programme, iterations=batch.iterations, assume=None, learn=True)
    return stored, asked, prepare(asked.roadmap, asked.model, asked.targets)
