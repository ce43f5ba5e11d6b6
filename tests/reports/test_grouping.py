"""Lines that say the same of several tasks become one."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from changeflow.reports.grouping import grouped, joined_sentences, of_a_step
from changeflow.reports.paths import near_lines
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Task
from changeflow.values.duration import Duration
from changeflow.values.words import Kind
from tests.builders import DAY, a_roadmap, a_task


def named(task: str, name: str, wave: str | None = "w2", *schools: str, kind: Kind = Kind.ENGAGEMENT) -> Task:
    """Return a task with a name such as `Hr, wave 2: talk 1`."""
    service, place = task.split("/")[0], name.partition(": ")[0].partition(", ")[2]
    about = replace(a_task(task), name=name, service_name=service.title(), place=place, wave=wave, service=service)
    return replace(about, schools=frozenset(schools or "ab"), kind=kind)


def test_talks_of_one_wave_with_the_same_left_make_one_line():
    """Seven talks of wave 2 have one school day left, one of wave 3 has as well, and one of wave 2 has two."""
    talks = [named(f"{s}/w2/talk-{n}", f"{s.title()}, wave 2: talk {n}") for s in ("hr", "payroll") for n in (1, 2, 3)]
    talks.append(named("estates/w2/talk-1", "Estates, wave 2: talk 1"))
    other = named("hr/w3/talk-1", "Hr, wave 3: talk 1", "w3")
    tighter = named("hr/w2/talk-4", "Hr, wave 2: talk 4")
    said = [*((t.id, "one left") for t in (*talks, other)), (tighter.id, "two left")]
    assert grouped(a_roadmap(*talks, other, tighter), said) == [
        ("7 tasks in wave 2 (Hr: talk 1; Hr: talk 2; Hr: talk 3; and 4 more)", "one left", 7),
        ("Hr, wave 3: talk 1", "one left", 1),
        ("Hr, wave 2: talk 4", "two left", 1),
    ]


def test_a_step_at_several_schools_names_them():
    tasks = [
        named(f"payroll/{s}/train", f"Payroll, {s.title()} School: train", "w1", s, kind=Kind.TRAINING)
        for s in ("ash", "beech")
    ]
    assert grouped(a_roadmap(*tasks), [(t.id, 5) for t in tasks]) == [
        ("Payroll: train at 2 schools (Ash School, Beech School)", 5, 2)
    ]


def test_the_copies_of_a_step_in_several_waves_name_the_waves():
    runs = [named(f"payroll/w{n}/run", f"Payroll, wave {n}: run both", f"w{n}", "ash") for n in (2, 4)]
    roadmap = a_roadmap(*runs)
    assert grouped(roadmap, [(t.id, 42) for t in runs], alike=of_a_step) == [
        ("Payroll: run both in 2 waves (wave 2, wave 4)", 42, 2)
    ]
    assert len(grouped(roadmap, [(t.id, 42) for t in runs])) == 2


def test_tasks_at_one_school_are_at_it():
    tasks = [named(f"{s}/ash/train", f"{s.title()}, Ash School: train", "w1", "ash") for s in ("hr", "payroll")]
    [(name, _, _)] = grouped(a_roadmap(*tasks), [(t.id, 5) for t in tasks])
    assert name == "2 tasks at Ash School (Hr: train; Payroll: train)"


def test_paths_that_are_equally_near_make_one_line():
    """The end is after ten days of work; seven talks of wave 2 take nine days and lead nowhere, so each has one day
    left. An eighth takes eight days, and what comes after it one more."""
    talks = [
        replace(named(f"hr/w2/talk-{n}", f"Hr, wave 2: talk {n}"), duration=Duration(9 * DAY)) for n in range(1, 8)
    ]
    eighth = replace(named("hr/w2/talk-8", "Hr, wave 2: talk 8"), duration=Duration(8 * DAY))
    link = f"{eighth.id} -> after"
    roadmap = a_roadmap(*talks, eighth, a_task("after"), a_task("long", 10), links=(link,))
    packs = SimpleNamespace(number=lambda *_, **__: 5)
    programme: Any = SimpleNamespace(
        roadmap=roadmap, required_schedule=time_roadmap(roadmap), rulepacks=packs, on=None, minutes_per_day=DAY
    )
    lines = list(near_lines(programme))
    assert [(line.spare, line.steps, line.tasks) for line in lines] == [
        (
            "1 working day",
            ("Hr, wave 2: talk 8, 4 to 13 Jan 2027", "after, 14 Jan 2027"),
            2,
        ),
        (
            "1 working day each",
            ("7 tasks in wave 2 (Hr: talk 1; Hr: talk 2; Hr: talk 3; and 4 more), 4 to 14 Jan 2027",),
            7,
        ),
    ]


def test_tasks_without_a_wave_stay_alone():
    tasks = [named(f"payroll/{n}", f"Payroll: {n}", None) for n in ("one", "two")]
    assert [name for name, _, _ in grouped(a_roadmap(*tasks), [(t.id, 5) for t in tasks])] == [
        "Payroll: one",
        "Payroll: two",
    ]


def test_sentences_that_go_on_alike_make_one():
    """Two go-lives of wave 2 are on a Sunday, one of wave 3 is as well; a sentence about no task is said once."""
    lives = [named(f"{s}/w2/live", f"{s.title()}, wave 2: go live", kind=Kind.GO_LIVE) for s in ("hr", "payroll")]
    other = named("hr/w3/live", "Hr, wave 3: go live", "w3", kind=Kind.GO_LIVE)
    said = [*((t.id, f"“{t.name}” is on a Sunday.") for t in (*lives, other)), ("hr", "Hr has no lead.")]
    assert joined_sentences(a_roadmap(*lives, other), [*said, ("hr", "Hr has no lead.")]) == [
        ("2 tasks in wave 2 (Hr: go live; Payroll: go live): each is on a Sunday.", 2),
        ("“Hr, wave 3: go live” is on a Sunday.", 1),
        ("Hr has no lead.", 2),
    ]


def test_a_name_that_begins_like_another_is_not_taken_for_it():
    short, long = named("hr/w2/a", "Hr: talk"), named("hr/w2/b", "Hr: talks")
    said = [(short.id, "“Hr: talks” are late."), (long.id, "“Hr: talks” are late.")]
    assert joined_sentences(a_roadmap(short, long), said) == [
        ("“Hr: talks” are late.", 1),
        ("“Hr: talks” are late.", 1),
    ]
