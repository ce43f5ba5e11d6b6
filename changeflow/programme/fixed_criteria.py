"""What a pilot and its runs are judged by is fixed beforehand: once they have begun, nobody moves the goalposts."""

from collections.abc import Iterator

from changeflow.errors import CheckFailedError
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme
from changeflow.values.words import Gate, Kind

OF_A_RUN = {"key", "flipped", "tolerances", "clean_runs", "pay", "within_share"}
"""What decides whether a run is clean; what explains differences, and what it costs, may still be written."""


def check_fixed(before: Definition, after: Programme, known: Facts) -> None:
    """Refuse a version that changes the criteria of a pilot that was released, or of a run that was reconciled."""
    wrong = [line for service in before.services for line in _moved(service, after, known)]
    if wrong:
        lines = "\n".join(f"  {line}" for line in wrong)
        raise CheckFailedError(
            "What a pilot is judged by is fixed before it starts, so that its result cannot be talked up. Put back:\n"
            f"{lines}\nNothing was written. Where a criterion cannot be met, the decision says so, or a waiver does."
        )


def _moved(service: ServiceFile, after: Programme, known: Facts) -> Iterator[str]:
    now = next((s for s in after.services if s.service == service.service), None)
    if now is None:
        return
    if _is_released(service.service, after, known):
        if service.pilot and service.pilot.exit_criteria != (now.pilot.exit_criteria if now.pilot else ()):
            yield f"services/{service.service}.yaml, pilot: exit_criteria (the pilot was released)"
        if service.go_no_go != now.go_no_go:
            yield f"services/{service.service}.yaml, go_no_go (the pilot was released)"
    if known.runs_of(service.service) or _has_begun(service.service, after, known):
        ours, theirs = (s.parallel_run or ParallelRunPolicy() for s in (service, now))
        for field in sorted(OF_A_RUN):
            if getattr(ours, field) != getattr(theirs, field):
                yield f"services/{service.service}.yaml, parallel_run: {field} (runs have begun)"
        if service.assurance != now.assurance:
            yield f"services/{service.service}.yaml, assurance (runs have begun)"


def _is_released(service: str, programme: Programme, known: Facts) -> bool:
    return any(
        d.outcome.is_approval
        and (gate := programme.roadmap.tasks.get(d.task)) is not None
        and (gate.gate, gate.service) == (Gate.WAVE_RELEASE, service)
        and programme.is_pilot(gate.wave)
        for d in known.decisions
    )


def _has_begun(service: str, programme: Programme, known: Facts) -> bool:
    return any(
        t.id in known.progress
        for kind in (Kind.PARALLEL_RUN, Kind.TEST_PACK)
        for t in programme.tasks(kind=kind, service=service)
    )
