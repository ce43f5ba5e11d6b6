"""Bad input: every mistake at once, with its place, and nothing taken."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import ProblemsError, UnknownThingError, UnusedWarning
from changeflow.intake.folder import READERS, read_folder
from changeflow.intake.shaping import shape
from changeflow.intake.yaml import parse_yaml
from changeflow.places import programme_templates
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.values.problem import Problem
from tests.builders import PATHWAY, PEOPLE, PROGRAMME, SCHOOLS, SERVICE, a_folder


def problems(path: Path, **files: str) -> list[Problem]:
    with pytest.raises(ProblemsError) as caught:
        read_folder(a_folder(path, **files))
    assert caught.value.exit_code == 4
    return list(caught.value.problems)


def the_problem(path: Path, **files: str) -> str:
    [only] = problems(path, **files)
    return str(only)


def place(text: str, needle: str) -> str:
    """Say `line:column` of the last place of `needle` in a file's text."""
    before = text[: text.rindex(needle)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_a_good_folder_is_read(tmp_path: Path):
    folder = read_folder(a_folder(tmp_path))
    assert len(folder.programme.roadmap.tasks) == 2 + 2 * 8 + 3 + 2
    assert folder.contacts[0].email == "chief@example.org"


def test_a_misspelt_key(tmp_path: Path):
    text = PROGRAMME.replace("organisation:", "organization:")
    assert [str(p) for p in problems(tmp_path, programme=text)] == [
        "programme.yaml:3:1: Unknown key 'organization'. Did you mean 'organisation'?",
    ]


def test_a_misspelt_key_inside_a_step(tmp_path: Path):
    text = PATHWAY.replace("duration: 5d, sources", "duraton: 5d, sources")
    found = the_problem(tmp_path, pathway=text)
    assert found == f"pathways/short.yaml:{place(text, 'duraton')}: Unknown key 'duraton'. Did you mean 'duration'?"


def test_an_unknown_service_in_a_wave(tmp_path: Path):
    text = PROGRAMME.replace("name: wave 2,", "name: wave 2, services: [payrol],")
    assert "There is no service 'payrol'. Did you mean 'payroll'?" in str(problems(tmp_path, programme=text)[0])


def test_an_unknown_task_in_a_link(tmp_path: Path):
    text = PATHWAY.replace("after: skills}", "after: skils}")
    found = the_problem(tmp_path, pathway=text)
    assert found == f"pathways/short.yaml:{place(text, 'skils')}: There is no task 'skils'. Did you mean 'skills'?"


def test_an_unknown_kind_is_a_mistake(tmp_path: Path):
    found = the_problem(tmp_path, pathway=PATHWAY.replace("kind: training", "kind: trainign"))
    assert "'trainign' is not known here. Did you mean 'training'?" in found


def test_a_key_written_twice(tmp_path: Path):
    found = the_problem(tmp_path, programme=PROGRAMME + "name: Another\n")
    assert found == "programme.yaml:16:1: 'name' is written twice, first on line 2. Keep one of them."


def test_a_task_of_the_programme_with_the_name_of_a_milestone(tmp_path: Path):
    found = the_problem(tmp_path, programme=PROGRAMME.replace("  close: {", "  all-live: {"))
    assert "Duplicate task 'programme/all-live'." in found


def test_a_cycle_is_named_in_full(tmp_path: Path):
    text = PATHWAY.replace("duration: 5d, sources", "duration: 5d, after: delegation, sources")
    found = the_problem(tmp_path, pathway=text)
    assert "Tasks wait for each other: payroll/delegation -> payroll/requirements -> payroll/delegation." in found
    assert "Remove one dependency." in found


def test_a_date_that_does_not_exist(tmp_path: Path):
    found = the_problem(tmp_path, programme=PROGRAMME.replace("start: 2027-01-04", "start: 2027-02-30"))
    assert found == "programme.yaml:4:8: '2027-02-30' does not exist: February 2027 has 28 days. Correct the day."


def test_a_school_in_two_waves_of_one_service(tmp_path: Path):
    text = PROGRAMME.replace("schools: [cedar]", "schools: [cedar, ash]")
    found = the_problem(tmp_path, programme=text)
    assert (
        found == f"programme.yaml:{place(text, 'ash]')}: 'ash' is in two waves of payroll: w1 and w2. "
        "Remove it from one of them: a school goes live once with each service."
    )


def test_a_negative_duration(tmp_path: Path):
    found = the_problem(tmp_path, service=SERVICE + "tasks:\n  train: {duration: -3d}\n")
    assert found == "services/payroll.yaml:8:21: '-3d' is negative. Write 0d or more."


def test_a_change_to_a_task_that_does_not_exist(tmp_path: Path):
    found = the_problem(tmp_path, service=SERVICE + "tasks:\n  w3/train: {duration: 3d}\n")
    assert found.startswith("services/payroll.yaml:8:3: No task 'w3/train' to change.")


def test_an_unknown_owner_is_a_mistake(tmp_path: Path):
    found = the_problem(tmp_path, service=SERVICE + "tasks:\n  train: {owner: cheif}\n")
    assert "There is no person, group or role 'cheif'. Did you mean 'chief'?" in found


def test_pay_periods_that_no_calendar_has(tmp_path: Path):
    found = problems(tmp_path, service=SERVICE + "tasks:\n  train: {duration: 2pp}\n")
    assert "needs pay periods. Add pay periods to calendars/." in str(found[0])


@pytest.mark.parametrize("text", ["", "\n", "\ufeff"])
def test_an_empty_csv(tmp_path: Path, text: str):
    assert "The file is empty." in the_problem(tmp_path, schools=text)


def test_a_csv_with_a_header_only(tmp_path: Path):
    assert "The table has no lines." in the_problem(tmp_path, schools=SCHOOLS.split("\n")[0] + "\n")


def test_a_csv_from_a_spreadsheet_in_windows_1252(tmp_path: Path):
    folder = a_folder(tmp_path)
    text = SCHOOLS.replace("Ash School", "Ash École – St Mary’s").replace(",", ";")
    (folder / "schools.csv").write_bytes(text.encode("cp1252"))
    assert read_folder(folder).definition.schools[0].name == "Ash École – St Mary’s"


def test_a_csv_with_a_byte_order_mark(tmp_path: Path):
    folder = a_folder(tmp_path)
    (folder / "schools.csv").write_bytes(SCHOOLS.encode("utf-8-sig"))
    assert read_folder(folder).definition.schools[0].id == "ash"


def test_a_csv_with_other_names_for_its_columns(tmp_path: Path):
    programme = PROGRAMME + "columns:\n  schools: {id: URN, name: EstablishmentName}\n"
    schools = SCHOOLS.replace("id,name", "URN,EstablishmentName,Postcode").replace(" School,", " School,AB1 2CD,")
    folder = read_folder(a_folder(tmp_path, programme=programme, schools=schools))
    assert [s.id for s in folder.definition.schools] == ["ash", "beech", "cedar"]


def test_wrong_cells_are_all_named_with_line_and_column(tmp_path: Path):
    schools = "id,name,phase,authority\nAsh!,Ash,primary,north\nbeech,Beech,middle,north\ncedar,,primary,north\n"
    found = [str(p) for p in problems(tmp_path, schools=schools)]
    assert found[0].startswith("schools.csv:2:1: In the column 'id', 'Ash!' is not an id.")
    assert found[1].startswith("schools.csv:3:3: In the column 'phase', 'middle'")
    assert found[2] == "schools.csv:4:2: 'name' is empty. Every line needs it."


@pytest.mark.slow
def test_a_field_of_ten_megabytes(tmp_path: Path):
    found = the_problem(tmp_path, schools=SCHOOLS + "x," + "y" * 10_000_000 + ",primary,north\n")
    assert "The table cannot be read" in found
    assert len(found) < 400


def test_a_quotation_mark_that_is_never_closed(tmp_path: Path):
    assert "The table cannot be read" in the_problem(tmp_path, schools=SCHOOLS + '"x,y,primary,north\n')


def test_a_yaml_file_of_ten_megabytes(tmp_path: Path):
    assert "At most 2 MB are read." in the_problem(tmp_path, service="x: " + "y" * 10_000_000)


@pytest.mark.slow
def test_an_anchor_bomb(tmp_path: Path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "aliases unfold to too much" in the_problem(tmp_path, service="\n".join(lines))


@pytest.mark.slow
@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\t- x", "a: !!python/object:os.system x", "[" * 5000])
def test_what_is_no_yaml(tmp_path: Path, text: str):
    found = problems(tmp_path, service=text)
    assert {p.file for p in found} == {"services/payroll.yaml"}


def test_mistakes_of_several_files_come_together(tmp_path: Path):
    found = problems(
        tmp_path,
        programme=PROGRAMME.replace("start: 2027-01-04", "start: soon"),
        service=SERVICE.replace("days_per_week: 2", "days_per_week: 9"),
        people=PEOPLE + "chief,Twice,Twice,not-an-address,,,,\n",
    )
    assert {p.file for p in found} == {"programme.yaml", "services/payroll.yaml", "people.csv"}
    assert len(found) == 4


def test_a_minimum_group_below_the_floor(tmp_path: Path):
    found = the_problem(tmp_path, programme=PROGRAMME + "policy: {minimum_group: 3}\n")
    assert found.endswith("Groups as small as 3 could reveal people's scores. Write 5 or more.")


def test_a_rulepack_of_the_folder_wins_and_is_part_of_its_definition(tmp_path: Path):
    folder = a_folder(tmp_path)
    (folder / "rulepacks").mkdir()
    (folder / "rulepacks" / "privacy.yaml").write_text(
        "rulepack: privacy\nin_force_from: 2020-01-01\n"
        "entries:\n  minimum_group: {value: 15, grade: D, source: our board}\n"
    )
    read = read_folder(folder)
    assert read.programme.minimum_group == 15
    assert Definition.model_validate_json(read.definition.canonical()) == read.definition


def test_no_folder_at_all(tmp_path: Path):
    with pytest.raises(UnknownThingError, match="changeflow init"):
        read_folder(tmp_path / "nowhere")


def test_a_calendar_that_ends_too_soon_goes_on_with_the_usual_terms(tmp_path: Path):
    """Autumn 2026 alone is given. The usual spring term of 2026 begins on Monday 5 January, and its half-term on Monday
    16 February, the nearest to the 15th: 52 weeks later these are Monday 4 January and Monday 15 February 2027."""
    from changeflow.rules.engine import judge

    folder = a_folder(tmp_path, service=SERVICE + "tasks:\n  train: {calendar: term}\n")
    (folder / "calendars").mkdir()
    (folder / "calendars" / "north.yaml").write_text(
        "calendar: north\nauthority: north\nterms:\n"
        "  - {name: Autumn 2026, first_day: 2026-09-02, last_day: 2026-12-18}\n"
    )
    programme = judge(read_folder(folder).programme).programme
    calendar = programme.roadmap.calendars["term, north"]
    assert [calendar.works_on(date(2027, 1, day)) for day in (1, 4)] == [False, True]
    assert calendar.closures[date(2027, 2, 15)] == "half-term (assumed)"
    assert programme.schedule is not None


def test_who_has_left_is_marked_and_gets_nothing_more(tmp_path: Path):
    people = "id,name,role,email,active\nchief,Chief,Chief,chief@example.org,\nlead,Lead,Lead,lead@example.org,no\n"
    folder = read_folder(a_folder(tmp_path / "trust", people=people))
    assert {c.person: c.is_active for c in folder.contacts} == {"chief": True, "lead": False}
    with pytest.raises(ProblemsError) as raised:
        read_folder(a_folder(tmp_path / "other", people=people.replace("no\n", "perhaps\n")))
    [problem] = raised.value.problems
    assert str(problem) == (
        "people.csv:3:5: In the column 'active', 'perhaps' is neither yes nor no. "
        "Write yes or no, or a word such as active, "
        "current, left, on maternity leave."
    )


def test_managers_in_a_circle_are_named_once(tmp_path: Path):
    people = PEOPLE.replace("sponsor,,,\n", "sponsor,,,lead\n") + "head,Head,Head,head@example.org,lead,,,chief\n"
    with pytest.raises(ProblemsError) as raised:
        read_folder(a_folder(tmp_path / "trust", people=people))
    [problem] = raised.value.problems
    assert str(problem) == (
        "people.csv:2:8: The managers go round in a circle: chief is managed by lead is managed by chief. "
        "Leave the manager of the most senior person empty."
    )
    alone = PEOPLE.replace("sponsor,,,\n", "sponsor,,,chief\n")
    with pytest.raises(ProblemsError, match="chief is managed by chief"):
        read_folder(a_folder(tmp_path / "alone", people=alone))


def test_every_part_of_a_definition_has_a_reader():
    assert set(READERS) == {*Definition.model_fields, "assessments"}


def test_a_school_in_no_wave_is_named_with_its_line(tmp_path: Path):
    """The line after those of the three schools; a wave of one service alone is enough."""
    schools = SCHOOLS + "dell,Dell School,primary,north\n"
    with pytest.raises(ProblemsError) as raised:
        read_folder(a_folder(tmp_path / "trust", schools=schools))
    [problem] = raised.value.problems
    remedy = "Add it to a wave in programme.yaml, or take it out of schools.csv."
    assert str(problem) == f"schools.csv:5:1: No wave has the school 'dell'. {remedy}"
    taken = PROGRAMME.replace(
        "schools: [cedar]}", "schools: [cedar]}\n  - {id: w3, name: last, schools: [dell], services: [payroll]}"
    )
    read_folder(a_folder(tmp_path / "other", schools=schools, programme=taken))


def test_an_unknown_language_is_a_problem_with_its_place(tmp_path: Path):
    people = PEOPLE.replace("manager\n", "manager,language\n", 1).replace(",chief\n", ",chief,french\n")
    with pytest.raises(ProblemsError) as problems:
        read_folder(a_folder(tmp_path, people=people, programme=PROGRAMME + "language: cymraeg\n"))
    assert [str(p) for p in problems.value.problems] == [
        "people.csv:3:9: In the column 'language', 'french' is not known. Use one of: cy, en.",
        "programme.yaml:16:11: 'cymraeg' is not known here. Use one of: cy, en.",
    ]


def test_what_is_wrong_in_a_line_of_people_is_said_with_the_line(tmp_path: Path):
    people = PEOPLE + "head,Head,Head,head@example.org,lead,as,,chief\n"
    with pytest.raises(ProblemsError) as raised:
        read_folder(a_folder(tmp_path, people=people))
    [problem] = raised.value.problems
    assert str(problem) == "people.csv:4:6: There is no school 'as'. Did you mean 'ash'?"


def without_groups(text: str) -> str:
    """Take the seventh column, groups, out of a people.csv."""
    lines = [line.split(",") for line in text.splitlines()]
    return "".join(",".join([*cells[:6], *cells[7:]]) + "\n" for cells in lines)


def test_groups_that_a_shipped_pathway_needs_are_missed_in_the_users_own_file(tmp_path: Path):
    shutil.copytree(programme_templates()["first-programme"], tmp_path / "trust")
    people = tmp_path / "trust" / "people.csv"
    whole = people.read_text()
    needed = "'business-managers', 'change-leads', 'governance' and 'people', which own tasks of the pathway"
    remedy = "for the people who do this work."
    for text, place, where in (
        (without_groups(whole), "1:1", "a column 'groups'"),
        (re.sub("people;governance|change-leads(?=,)|business-managers(?=,)", "", whole), "1:7", "the column"),
    ):
        people.write_text(text)
        with pytest.raises(ProblemsError) as raised:
            read_folder(tmp_path / "trust")
        [problem] = raised.value.problems
        assert str(problem).startswith(f"people.csv:{place}: No one is in the groups {needed} central-service.")
        assert f"Name them in {where}" in str(problem)
        assert str(problem).endswith(remedy)


def test_a_wrong_field_of_a_pathway_is_reported_there_although_the_service_changes_other_fields(tmp_path: Path):
    pathway = PATHWAY.replace("per: school, duration: 2d,", "per: school, duration: 2d, owner: cheif,")
    for service in ("tasks:\n  train: {duration: 3d}\n", "tasks:\n  ash/train: {duration: 3d}\n"):
        found = problems(tmp_path, service=SERVICE + service, pathway=pathway)
        assert {(p.file, p.line) for p in found} == {("pathways/short.yaml", 8)}
    found = problems(tmp_path, service=SERVICE + "tasks:\n  train: {owner: cheif}\n  ash/train: {duration: 3d}\n")
    assert {(p.file, p.line) for p in found} == {("services/payroll.yaml", 8)}


def test_what_a_shipped_pathway_needs_is_missed_where_the_service_takes_it(tmp_path: Path):
    shutil.copytree(programme_templates()["first-programme"], tmp_path / "trust")
    service = tmp_path / "trust" / "services" / "estates.yaml"
    service.write_text(service.read_text().replace("name: Estates\n", "name: Estates\nclass: payroll\n"))
    with pytest.raises(ProblemsError) as raised:
        read_folder(tmp_path / "trust")
    assert {p.file for p in raised.value.problems} == {"services/estates.yaml"}
    assert "needs pay periods. Add pay periods to calendars/." in str(raised.value)


def test_the_columns_that_were_not_used_are_said_once_and_near_names_are_suggested(tmp_path: Path):
    people = PEOPLE.replace("manager", "mangaer").replace("audience", "the audience").replace("school", "colour")
    with pytest.warns(UnusedWarning) as warned:
        found = problems(tmp_path, people=people)
    assert [str(p) for p in found] == ["people.csv:1:8: Unknown column 'mangaer'. Did you mean 'manager'?"]
    [said] = [str(w.message) for w in warned]
    assert said == ("people.csv:1:1: 2 columns were not used: 'the audience' (did you mean 'audience'?), 'colour'.")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  delegation: {kind: delegation, phase: develop, duration: 5d, after: requirements}", "  delegation:",
         "'delegation' is empty. Write `key: value` lines below it, each indented by two spaces more."),
        ("delegation: {kind: delegation, phase: develop, duration: 5d, after: requirements}", "delegation: 5d",
         "'delegation' is '5d', where keys with values are needed. Write `key: value` lines below it"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_build_is_said_in_plain_words(tmp_path: Path, old: str, new: str, said: str):
    assert old in PATHWAY
    found = [str(p) for p in problems(tmp_path, pathway=PATHWAY.replace(old, new))]
    assert any(said in one for one in found)
    assert not any("nput should" in one or "instance of" in one for one in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SERVICE.replace("days_per_week: 2", "days_per_week: 9"),
         "'9' is too large for 'days_per_week'. Write a number up to 5."),
        (SERVICE.replace("days_per_week: 2", "days_per_week: -1"), "'-1' is too small for 'days_per_week'."),
    ],
)  # fmt: skip
def test_a_number_out_of_bounds_is_said_with_the_bound(tmp_path: Path, text: str, said: str):
    assert said in the_problem(tmp_path, service=text)


def test_no_waves_are_missed_in_words(tmp_path: Path):
    text = PROGRAMME[: PROGRAMME.index("waves:")] + "waves: []\n" + PROGRAMME[PROGRAMME.index("tasks:") :]
    assert the_problem(tmp_path, programme=text).endswith("'waves' is empty. Write at least one value.")


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ("[5d, 3d]", "'estimate' has 2 values and needs 3. Write 3: optimistic, likely, pessimistic."),
        ("[5d]", "'estimate' has 1 value and needs 3. Write 3: optimistic, likely, pessimistic."),
        ("[1d, 2d, 3d, 4d]", "'estimate' has 4 values and needs 3. Write 3: optimistic, likely, pessimistic."),
    ],
)
def test_a_range_with_too_few_or_too_many_values_says_how_many_it_has(values: str, what: str):
    document = parse_yaml(f"service: s\ntasks:\n  t: {{estimate: {values}}}\n", "services/s.yaml", [])
    problems: list[Problem] = []

    shape(document, ServiceFile, problems)

    assert f"services/s.yaml:3:17: {what}" in {str(p) for p in problems}
