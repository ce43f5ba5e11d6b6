"""Saturation: changes at schools and groups by week, over several programmes."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from changeflow.intake.folder import Folder, read_folder
from changeflow.planning.wave_use import plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.programme.programme import Programme
from changeflow.reports.saturation import Saturation, SaturationRow, saturation
from changeflow.reports.school_weeks import AHEAD, ASKS, WEEKS, rollouts_of
from changeflow.usecases.stored import judged
from tests.builders import PATHWAY, PROGRAMME, SERVICE, a_folder

TODAY = date(2027, 1, 4)  # the programme's first day, a Monday
ESTATES = SERVICE.replace("payroll", "estates").replace("Payroll", "Estates")


def programme(
    home: Path, *, services: Sequence[str] = (SERVICE,), rollout: str = "", name: str = "small", people: str = ""
) -> Programme:
    text = PROGRAMME.replace("programme: small", f"programme: {name}")
    folder = a_folder(
        home / name, programme=text, service=services[0], pathway=PATHWAY, **({"people": people} if people else {})
    )
    for number, service in enumerate(services[1:]):
        (folder / f"services/more-{number}.yaml").write_text(service)
    (folder / "rollout.yaml").write_text(rollout or "at_once: 2\n")
    return judged(read_folder(folder).definition, on=TODAY).programme


def row(found: Saturation, name: str) -> SaturationRow:
    return next(r for r in (*found.schools, *found.groups) if r.name == name)


def counts_by_hand(programmes: Sequence[Programme], school: str, week: int, first: date) -> int:
    """Count a week's changes from each task's days alone."""
    monday = first.toordinal() + 7 * week
    found = set()
    for one in programmes:
        for task in one.roadmap.tasks.values():
            begins, ends = (day.toordinal() for day in one.days_of(task.id))
            if task.kind in ASKS and school in task.schools and begins <= monday + 6 and ends >= monday:
                found.add((one.id, task.service))
    return len(found)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Programme, Programme]:
    home = tmp_path_factory.mktemp("saturation")
    return (
        programme(home, services=(SERVICE, ESTATES), rollout="at_once: 2\nschools: {ash: {at_once: 1}}\n"),
        programme(home, name="another"),
    )


def test_each_week_counts_the_changes_of_every_programme(two: tuple[Programme, Programme]):
    found = saturation(two, today=TODAY)
    assert [r.name for r in found.schools] == sorted(s.name for s in two[0].definition.schools)
    for school in two[0].definition.schools:
        cells = row(found, school.name).cells
        assert [c.count for c in cells] == [counts_by_hand(two, school.id, w, TODAY) for w in range(WEEKS)]
    assert max(c.count for r in found.schools for c in r.cells) == 3
    assert found.others == 1


def test_the_limit_is_the_schools_own_or_the_rollouts(two: tuple[Programme, Programme]):
    found = saturation(two[:1], today=TODAY)
    assert {r.school: r.limit for r in found.schools} == {"ash": "1", "beech": "2", "cedar": "2"}
    for line in found.over:
        assert line.count > line.limit
    assert {line.school for line in found.over} == {"ash"}
    assert found.schools_over == 1


def test_a_line_over_the_limit_names_each_change_with_what_it_asks(two: tuple[Programme, Programme]):
    [first, *_] = saturation(two[:1], today=TODAY).over
    assert all(change.startswith(("Estates: ", "Payroll: ")) for change in first.changes)
    assert len(first.changes) == first.count == 2


def test_a_task_to_move_fits_where_it_says(two: tuple[Programme, Programme]):
    found = saturation(two[:1], today=TODAY)
    assert found.moves
    for move in found.moves:
        assert "Ash School" in move.schools
        assert move.room
    # Moved there, no week of the new place is over: count the other changes in each school's week by hand.
    move = found.moves[0]
    task, one = two[0].roadmap.tasks[move.task], two[0]
    rooms = [w for w in range(AHEAD) if move.room == saturation_week(w)]
    assert len(rooms) == 1
    for school in task.schools:
        others = {
            t.service
            for t in one.roadmap.tasks.values()
            if t.kind in ASKS and school in t.schools and t.id != task.id and touches(one, t.id, rooms[0])
        }
        assert len(others | {task.service}) <= (1 if school == "ash" else 2)


def saturation_week(week: int) -> str:
    from changeflow.values.moments import format_day

    return format_day(date.fromordinal(TODAY.toordinal() + 7 * week))


def touches(one: Programme, task: str, week: int) -> bool:
    begins, ends = one.days_of(task)
    monday = TODAY.toordinal() + 7 * week
    return begins.toordinal() <= monday + 6 and ends.toordinal() >= monday


def test_what_may_not_be_named_is_counted_without_its_name(two: tuple[Programme, Programme]):
    found = saturation(two, today=TODAY, named=lambda name: name == "small")
    changes = {c for line in found.over for c in line.changes}
    assert any(c.startswith("Another programme: ") for c in changes)
    assert not any(two[1].name in c and "(" in c for c in changes)
    assert all(move.programme == "" for move in found.moves)
    assert [r.cells for r in found.schools] == [r.cells for r in saturation(two, today=TODAY).schools]


def test_a_group_has_the_changes_that_reach_its_people(tmp_path: Path):
    people = (
        "id,name,role,email,audience,school,groups,services\n"
        "chief,Chief,Chief Executive,chief@example.org,team,,,\n"
        "lead,Lead,Lead,lead@example.org,lead,,,\n"
        "one,One,Officer,one@example.org,team,beech,officers,payroll\n"
        "two,Two,Head,two@example.org,manager,beech,heads,\n"
    )
    one = programme(tmp_path, services=(SERVICE, ESTATES), people=people)
    found = saturation([one], today=TODAY)
    heads, officers = row(found, "Heads"), row(found, "Officers")
    assert [c.count for c in heads.cells] == [c.count for c in row(found, "Beech School").cells]
    assert {c.count for c in officers.cells} == {0, 1}
    assert max(c.count for c in heads.cells) == 2


def test_later_weeks_follow_the_first(two: tuple[Programme, Programme]):
    whole = [saturation(two, today=TODAY, start=start) for start in (0, WEEKS)]
    assert (whole[1].mondays[0] - whole[0].mondays[-1]).days == 7
    cells = row(whole[1], "Ash School").cells
    assert [c.count for c in cells] == [counts_by_hand(two, "ash", w, TODAY) for w in range(WEEKS, 2 * WEEKS)]


@pytest.mark.slow
def test_a_school_over_its_limit_in_the_waves_is_over_it_here(sample: Folder):
    """Each week of each school, as the plan of waves counts it."""
    whole = sample.programme.scheduled()
    problem = wave_problem(whole)
    plan, today = plan_in_force(whole, problem), date(2027, 5, 20)
    rollouts = {whole.id: rollouts_of(whole)}
    plain, over = saturation([whole], today=today, start=WEEKS), 0
    for start in (0, WEEKS):
        found = saturation([whole], today=today, start=start, rollouts=rollouts)
        for school in found.schools:
            for monday, cell in zip(found.mondays, school.cells, strict=True):
                services = {
                    service
                    for (where, service), chosen in plan.chosen.items()
                    if where == school.school and problem.monday(chosen.first) <= monday <= problem.monday(chosen.last)
                }
                assert cell.count >= len(services)
                over += len(services) > cell.limit
                assert cell.is_over or len(services) <= cell.limit
    assert over > 0
    assert [r.cells for r in plain.schools] != [
        r.cells for r in saturation([whole], today=today, start=WEEKS, rollouts=rollouts).schools
    ]
