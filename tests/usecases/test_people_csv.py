"""people.csv comes back as it was written out, runs nothing in a spreadsheet, and only its own apostrophes go."""

import csv
import io
import json
import string
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from changeflow.adkar.people import Contact, Person
from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.usecases import definitions
from changeflow.usecases.export import ExportRequest, export_folder
from changeflow.usecases.people_table import people_text
from changeflow.values.cells import FORMULA, plain_cell, safe_cell
from tests.builders import PEOPLE, PROGRAMME, a_folder
from tests.quick import draws

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
THEIRS = {"id": "Staff No", "name": "=Name", "role": "name", "email": "E-mail"}
"""Headings of a folder's own: one that looks like a formula, and one that is another column's name."""
RUNS = tuple(FORMULA.replace("\\", ""))
CELLS = st.text(st.sampled_from("'=+-@\t\r＝＋－＠a1 \",;\n"), max_size=8) | st.text(max_size=12)


@pytest.mark.slow
@given(CELLS)
def test_what_is_made_safe_runs_nothing_and_comes_back(text: str):
    assert not safe_cell(text).startswith(RUNS)
    assert plain_cell(safe_cell(text)) == text


@pytest.mark.slow
@given(CELLS)
def test_reading_takes_off_nothing_but_the_apostrophe_of_a_formula(text: str):
    read = plain_cell(text)
    assert read == text or (text == f"'{read}" and read.lstrip("'").startswith(RUNS))


names = (
    st.text(st.sampled_from("'=+-@＝＋－＠éÅ O\",;|." + string.ascii_letters), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)


@pytest.mark.slow
@settings(max_examples=draws(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=names,
    role=names,
    local=st.text(st.sampled_from("=+-abc.'"), min_size=1, max_size=6),
    is_theirs=st.booleans(),
)
@example(name="=HYPERLINK(1)", role="@SUM", local="+a", is_theirs=True)
@example(name="'t Hooft", role="'=Real apostrophe", local="-b", is_theirs=True)
def test_written_read_and_written_again_is_the_same(tmp_path: Path, name: str, role: str, local: str, is_theirs: bool):
    folder = a_folder(tmp_path / "trust", programme=PROGRAMME, people=PEOPLE)
    before = read_folder(folder)
    programme = before.definition.programme
    if is_theirs:
        programme = programme.model_copy(update={"columns": {"people": THEIRS}})
        (folder / "programme.yaml").write_text(f"{PROGRAMME}columns: {json.dumps({'people': THEIRS})}\n")
    person = Person(
        id="extra", role=role, audience="manager", school="ash", works_on=("mon", "fri"), joins=date(2027, 2, 1)
    )
    people = (*before.definition.people, person)
    definition = before.definition.model_copy(update={"people": people, "programme": programme})
    extra = Contact(person="extra", name=name, email=f"{local}@example.org", is_active=False)
    contacts = {c.person: c for c in (*before.contacts, extra)}

    text = people_text(definition, contacts)
    (folder / "people.csv").write_bytes(text.encode())
    after = read_folder(folder)

    assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith(RUNS)]
    assert after.definition.people == people
    assert {c.person: c for c in after.contacts} == contacts
    assert people_text(after.definition, {c.person: c for c in after.contacts}) == text


@pytest.mark.slow
def test_a_folder_exported_and_applied_again_differs_in_nothing(sqlite: str, tmp_path: Path):
    people = PEOPLE.replace("chief,Chief Executive,", "chief,'=Chief,").replace(
        "lead,Director of People,", "lead,'t Hooft,"
    )
    folder = a_folder(tmp_path / "trust", people=people)
    definitions.apply(folder, db=sqlite, actor="chief", now=NOW)
    asked = ExportRequest(actor="chief", now=NOW, addresses=True)
    export_folder(tmp_path / "new", db=sqlite, programme=None, on=NOW.date(), asked=asked)
    assert definitions.difference(tmp_path / "new", db=sqlite).is_same
    written = (tmp_path / "new" / "people.csv").read_text()
    assert ",'=Chief," in written
    assert ",'t Hooft," in written
    read = {c.person: c.name for c in read_folder(tmp_path / "new").contacts}
    assert read == {"chief": "=Chief", "lead": "'t Hooft"}


def test_an_id_that_was_made_safe_is_still_no_id(tmp_path: Path):
    folder = a_folder(tmp_path / "trust", people=PEOPLE + "'=x,X,X,x@example.org,team,,,\n")
    with pytest.raises(ProblemsError, match="'=x' is not an id"):
        read_folder(folder)
