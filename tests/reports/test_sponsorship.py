"""Who stands behind the change: the coalition's roles, also where a name leads nowhere."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from changeflow.adkar.people import Ally, ChangeImpact
from changeflow.intake.folder import read_folder
from changeflow.reports.sponsorship import sponsorship
from tests.builders import a_folder


def test_an_allys_unknown_school_is_shown_by_its_id(tmp_path: Path):
    programme = read_folder(a_folder(tmp_path)).programme
    [ally] = [p for p in programme.definition.people if p.id == "chief"]
    people = (ally.model_copy(update={"school": "closed-school"}),)
    change = ChangeImpact(coalition=(Ally(person="chief", needed_for="The board's backing"),))
    definition = programme.definition.model_copy(update={"people": people, "change": change})

    [line] = sponsorship(replace(programme, definition=definition).scheduled(), today=date(2027, 1, 4)).coalition

    assert line.role == "Chief Executive, closed-school"
