"""A portfolio's simulations and wave scenarios, in batches that any worker can run: each loads what it needs itself.

A batch is named by programme, version and day, never by what another worker holds in memory: so a batch that was lost
is run again anywhere, and gives the same numbers.
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
    """This batch has the iterations `[first, last)` of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveScenario(_Batch):
    """One search for waves of one programme: the seed tells scenarios apart."""

    effort: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """What a scenario came to: (plan, mean week, last day, certainty) of each plan, or what conflicts."""

    programme: str
    seed: int
    plans: tuple[tuple[str, float, str, str], ...] = ()
    conflict: tuple[str, ...] = ()


def risk_batches(*, db: str, on: date, iterations: int, seed: int, parts: int) -> dict[str, list[RiskBatch]]:
    """Share every stored programme's simulation out; one with nothing to draw, or nothing ahead, has no batches."""
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
    """Run one batch, on one thread: the runner has as many as it likes."""
    from changeflow.roadmap.risk.simulate import simulate_part

    _, _, prepared = _prepared(batch)
    return simulate_part(prepared, iterations=range(batch.first, batch.last), seed=batch.seed, threads=1)


def gather(batches: Iterable[RiskBatch], parts: Iterable["Part"], *, now: datetime) -> RiskReport:
    """Put the parts of one programme's simulation together, in whatever order they came, and keep the odds."""
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
    """Name the scenarios of every stored programme that rolls something out."""
    return [
        WaveScenario(db=db, programme=name, version=version, on=on, seed=seed, effort=effort)
        for name, version, programme in _stored(db, on)
        if programme.definition.rollout.services
        for seed in seeds
    ]


def run_wave_scenario(scenario: WaveScenario) -> ScenarioResult:
    """Search for the plans of one scenario: effort and not the clock ends it."""
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
    """Load a batch's programme and prepare; a version that came in between would mix two plans in one answer."""
    from changeflow.roadmap.risk.simulate import prepare

    stored = stored_on(batch.programme, db=batch.db, on=batch.on)
    if stored.version.number != batch.version:
        raise ConflictError(f"'{batch.programme}' has a newer version than this run began with. Run it again.")
    asked = ask(stored.programme, iterations=batch.iterations, assume=None, learn=True)
    return stored, asked, prepare(asked.roadmap, asked.model, asked.targets)
