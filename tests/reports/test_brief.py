"""The two pages of the SRO's report: at most 350 words, and no late go-live unnamed, whatever the programme."""

import re
from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import html

from changeflow.intake.folder import Folder, read_folder
from changeflow.programme.announcements import GoLive, go_lives
from changeflow.programme.dates import dates_of
from changeflow.programme.facts import Announcement, Facts
from changeflow.programme.programme import Programme, join
from changeflow.reports.announcements import late_names
from changeflow.reports.brief import MOST_WORDS, BriefSlip, summed
from changeflow.reports.documents import html_of
from changeflow.reports.sro import SroReport, build_sro
from changeflow.rules.engine import judge
from changeflow.values.duration import counted
from tests.conftest import SAMPLE
from tests.quick import draws

TODAY = date(2027, 5, 4)


@cache
def sample() -> Folder:
    return read_folder(SAMPLE)


@cache
def planned() -> Programme:
    folder = sample()
    programme, _ = join(folder.definition, rulepacks=folder.rulepacks, facts=Facts(), on=date(2026, 9, 1))
    return judge(programme).programme


def words_before_the_annex(report: SroReport) -> str:
    """Return what the page says before the annex, as people read it; blocks are apart."""
    page = html_of(report)
    body = html.fromstring(page[page.index("<header>") : page.index('<section id="annex"')])
    return " ".join(" ".join(body.itertext()).split())


def announced(days_late: dict[tuple[str, str], int]) -> list[GoLive]:
    """Return the sample's go-lives as if each had been announced that many days before its forecast."""
    found = []
    for live in go_lives(planned()):
        late = days_late.get((live.school, live.service))
        day = live.day - timedelta(days=late) if late is not None and live.day else None
        known = {f: getattr(live, f) for f in ("service", "school", "task", "day", "is_done", "announced_on", "how")}
        found.append(GoLive(**known, announced=day))
    return found


@st.composite
def lateness(draw: st.DrawFn) -> dict[tuple[str, str], int]:
    """Return by how many days each go-live is later than announced: some kinds of lateness together."""
    days: dict[tuple[str, str], int] = {}
    for service in sorted({live.service for live in go_lives(planned())}):
        of_it = [live for live in go_lives(planned()) if live.service == service]
        kind = draw(st.sampled_from(["none", "one", "all", "most", "waves", "any"]))
        waves = sorted({planned().roadmap.tasks[live.task].wave or "" for live in of_it if live.task})
        chosen = draw(st.sets(st.sampled_from(waves)))
        for n, live in enumerate(of_it):
            wave = planned().roadmap.tasks[live.task or ""].wave
            is_late = {
                "none": False,
                "one": n == 0,
                "all": True,
                "most": n >= draw(st.integers(1, 4)) if kind == "most" else False,
                "waves": wave in chosen,
                "any": draw(st.booleans()) if kind == "any" else False,
            }[kind]
            days[live.school, live.service] = draw(st.sampled_from([1, 31, 62])) if is_late else 0
    return days


def is_named(live: GoLive, headline: str) -> bool:
    """Tell whether a headline names a go-live: its service, and its school, its wave, or how many schools of all."""
    service = planned().service(live.service).name
    found = re.search(rf"{re.escape(service)} at (.*?) \((?:up to \d+ days?|[^()]* instead of [^()]*)\)[;.]", headline)
    if found is None:
        return False
    where, school = found[1], planned().school_name(live.school)
    if where.startswith("all schools but "):
        return school not in where
    wave = planned().roadmap.tasks[live.task or ""].wave
    waves = {w.id: w.name for w in planned().definition.programme.waves}
    is_whole = re.fullmatch(r"all \d+ schools?|\d+ of \d+ schools?", where) is not None
    return school in where or is_whole or (wave is not None and waves[wave] in where)


@pytest.mark.slow
@settings(max_examples=draws(60), deadline=None)
@given(lateness())
def test_the_headline_names_every_go_live_that_is_later_than_announced(days: dict[tuple[str, str], int]):
    lives = announced(days)
    headline = late_names(planned(), lives)
    late = [live for live in lives if days.get((live.school, live.service))]
    assert [live for live in late if not is_named(live, headline)] == []
    verb = "is" if len(late) == 1 else "are"
    assert headline.startswith(
        f"{len(late)} of {len(lives)} school go-lives {verb} later than announced: " if late else ""
    )
    for service in {live.service for live in late}:
        count = sum(live.service == service for live in late)
        of_it = re.search(rf"{planned().service(service).name} at (\d+) of ", headline)
        assert of_it is None or int(of_it[1]) == count


@pytest.mark.thorough
@pytest.mark.slow
@settings(
    max_examples=draws(10),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(lateness(), st.sampled_from([date(2026, 9, 1), TODAY, date(2027, 10, 4), date(2028, 2, 1)]), st.booleans())
def test_two_pages_have_at_most_350_words_and_name_what_is_late(
    days: dict[tuple[str, str], int], on: date, is_rambling: bool
):
    folder = sample()
    definition = folder.definition
    if is_rambling:
        name = "A programme that brings the services of very many schools together " * 2
        milestones = {
            key: shape.model_copy(update={"name": f"{shape.name}, which took a great many words to say " * 3})
            for key, shape in definition.programme.milestones.items()
        }
        longer = definition.programme.model_copy(update={"name": name.strip(), "milestones": milestones})
        definition = definition.model_copy(update={"programme": longer})
    letters = [
        Announcement(service=g.service, school=g.school, day=g.announced, on=date(2026, 9, 1), how="letter")
        for g in announced(days)
        if g.announced is not None
    ]
    facts = Facts(announcements=tuple(letters))
    judged = judge(join(definition, rulepacks=folder.rulepacks, facts=facts, on=on)[0])
    programme = judged.programme
    report = build_sro(judged, today=on, baseline=dates_of(planned()), baseline_note="Baseline 1.")
    text = words_before_the_annex(report)
    title = len(f"{programme.name} {programme.definition.programme.organisation}".split())
    assert len(text.split()) <= report.brief.words + title
    assert len(text.split()) <= MOST_WORDS
    late = [live for live in go_lives(programme) if live.is_late]
    assert report.brief.headline == report.headline
    assert [live for live in late if not is_named(live, report.headline)] == []
    assert counted(len(late), "go-live").split()[0] in text


def test_parts_that_are_left_out_are_summed_so_that_days_still_add_up():
    slip = BriefSlip(days=10, sentence="Later.", parts=((5, "a"), (4, "b"), (2, "c"), (-1, "d")))
    assert summed(slip, 3).parts == ((5, "a"), (4, "b"), (1, "2 other changes together."))
    assert summed(slip, 1).parts == ((10, "4 other changes together."),)
    assert summed(slip, 4) == slip
