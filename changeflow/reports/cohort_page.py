"""Choosing the schools of the pilot as a page: possible cohorts beside the pilot in the plan and the whole trust."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from changeflow.phrases import capitalised
from changeflow.pilots.choosing import Cohort, PilotCandidate, distance_of, shares
from changeflow.programme.programme import Programme
from changeflow.reports.go_no_go import Bars, draw_mix
from changeflow.values.duration import counted

SEPARATOR = "+"
"""Between the ids of schools in a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortLine:
    """Schools that could go first together."""

    name: str
    """`Proposal 1`, or the pilot in the plan."""
    ids: str
    """The schools, as the form sends them."""
    schools: str
    distance: str
    """How far its mix is from the trust's."""
    reluctant: str
    """Its reluctant schools; empty if it has none."""
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitRow:
    """One value of a trait: its share in the trust and in each cohort, in the order of the cohorts."""

    trait: str
    value: str
    trust: str
    shares: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortPage:
    """The possible cohorts of one size."""

    size: int
    sizes: tuple[int, ...]
    cohorts: tuple[CohortLine, ...]
    rows: tuple[TraitRow, ...]
    picture: Bars | None
    limit: str
    """What limits how many schools can go first together."""
    not_asked: tuple[str, ...]
    """Schools that cannot go first, each with the reason."""
    note: str
    """What to know about the proposals; empty if nothing."""


def in_words(text: str) -> str:
    """Return a reason without the name of a file."""
    return text.replace("rollout.yaml", "the rollout plan")


def cohort_page(
    programme: Programme,
    everybody: Sequence[PilotCandidate],
    found: Sequence[Cohort],
    *,
    current: frozenset[str],
    size: int,
    most: int,
    why: str,
) -> CohortPage:
    """Build the page from the proposals of a size, the best first."""
    by_id = {c.id: c for c in everybody}
    trust = shares(everybody)
    lines = [_line(programme, by_id, trust, f"Proposal {n}", c.schools, current) for n, c in enumerate(found, 1)]
    if current and all(frozenset(c.schools) != current for c in found):
        lines.append(_line(programme, by_id, trust, "The pilot in the plan", tuple(sorted(current)), current))
    mixes = [shares([by_id[s] for s in line.ids.split(SEPARATOR)]) for line in lines]
    rows = [
        TraitRow(
            trait=capitalised(trait),
            value=capitalised(value),
            trust=f"{share:.0%}",
            shares=tuple(f"{mix[trait].get(value, 0):.0%}" for mix in mixes),
        )
        for trait, values in trust.items()
        for value, share in values.items()
    ]
    return CohortPage(
        size=size,
        sizes=tuple(range(1, min(most, len(everybody) - 1) + 1)),
        cohorts=tuple(lines),
        rows=tuple(rows),
        picture=draw_mix(mixes[0], trust) if found else None,
        limit=f"At most {counted(most, 'school')} can go first together: {in_words(why)}.",
        not_asked=tuple(f"{programme.school_name(c.id)}: {in_words(c.why_not)}" for c in everybody if c.why_not),
        note=_note(everybody, found, size),
    )


def _note(everybody: Sequence[PilotCandidate], found: Sequence[Cohort], size: int) -> str:
    if not found:
        return f"No group of {counted(size, 'school')} can go first. Choose another number."
    if not any(c.is_reluctant for c in everybody):
        return "No school is marked as reluctant. A pilot of willing schools proves little about the others."
    return ""


def _line(
    programme: Programme,
    by_id: Mapping[str, PilotCandidate],
    trust: Mapping[str, Mapping[str, float]],
    name: str,
    schools: Sequence[str],
    current: frozenset[str],
) -> CohortLine:
    group = [by_id[s] for s in schools]
    return CohortLine(
        name=name,
        ids=SEPARATOR.join(schools),
        schools=", ".join(programme.school_name(s) for s in schools),
        distance=f"{distance_of(group, trust):.0%}",
        reluctant=", ".join(programme.school_name(c.id) for c in group if c.is_reluctant),
        is_current=frozenset(schools) == current,
    )
