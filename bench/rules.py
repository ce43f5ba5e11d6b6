"""The rulebook over a large programme: 2 000 tasks and more, 50 schools, judged by every rule."""

from pathlib import Path

from bench.cpm import clock
from changeflow.intake.folder import read_folder
from changeflow.programme.definition import Definition, MilestoneShape, School, Wave
from changeflow.programme.programme import Programme, join
from changeflow.rules.engine import judge

SAMPLE = Path(__file__).resolve().parent.parent / "templates" / "programmes" / "trust-central-services"
SCHOOLS, WAVES, COPIES = 50, 10, 4


def measure_rules() -> dict[str, float]:
    """Return milliseconds to judge a programme that is joined already, and how many tasks it has.

    Judging times the roadmap twice: before the rules' links, and after them.
    """
    programme = a_large_trust()
    return {
        "rules_2000_tasks_ms": round(clock(lambda: judge(programme)) * 1000, 1),
        "rules_tasks": len(programme.roadmap.tasks),
    }


def a_large_trust() -> Programme:
    """Return a large trust as a programme that is joined."""
    programme, _ = join(a_large_definition(), rulepacks=read_folder(SAMPLE).rulepacks)
    return programme


def a_large_definition() -> Definition:
    """Return the sample, with more schools, more waves and its services several times over."""
    known = read_folder(SAMPLE).definition
    per_wave = SCHOOLS // WAVES
    schools = tuple(
        School(id=f"s{n:02d}", name=f"School {n}", phase="primary" if n % 3 else "secondary", authority="northshire")
        for n in range(SCHOOLS)
    )
    waves = tuple(
        Wave(
            id=f"w{k:02d}",
            name=f"wave {k}",
            pilot=k == 0,
            schools=tuple(s.id for s in schools[k * per_wave : (k + 1) * per_wave]),
        )
        for k in range(WAVES)
    )
    services = tuple(
        s.model_copy(update={"service": f"{s.service}-{n}", "waivers": ()})
        for n in range(COPIES)
        for s in known.services
    )
    milestones = {
        f"{s.service}-live": MilestoneShape(name=f"{s.name} is live", after=(f"{s.service}/{waves[-1].id}/go-live",))
        for s in services
    }
    file = known.programme.model_copy(update={"waves": waves, "milestones": milestones, "tasks": {}, "waivers": ()})
    people = tuple(
        p.model_copy(update={"school": schools[n % SCHOOLS].id}) if p.school else p for n, p in enumerate(known.people)
    )
    change = known.change.model_copy(update={"impacts": ()})
    calendars = tuple(c for c in known.calendars if c.school is None)
    definition: Definition = known.model_copy(
        update={
            "programme": file,
            "schools": schools,
            "people": people,
            "services": services,
            "calendars": calendars,
            "change": change,
        }
    )
    return definition
