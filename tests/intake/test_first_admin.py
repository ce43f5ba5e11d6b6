"""The first admin is added to the files of a programme, whatever their name, and nothing else changes."""

from pathlib import Path

import pytest

from changeflow.errors import InputError
from changeflow.intake.first_admin import FirstAdmin, with_admin
from changeflow.intake.folder import read_folder
from changeflow.usecases.first_run import TEMPLATE, checked_admin, texts_of, write_texts

ADMIN = FirstAdmin("Programme Director", "Programme Director", "director@example.org")
ODD = ['"The" Director', "Director, of Estates", "=1+1", "'=1+1", "-", "Director\tof IT", "Cyfarwyddwr â ŵ", "x" * 100]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_name_and_role_are_read_as_they_were_entered(odd: str, tmp_path: Path):
    admin = checked_admin({"name": odd, "role": odd, "email": "director@example.org"})
    texts, person = with_admin(texts_of(TEMPLATE), admin)
    write_texts(tmp_path / "own", texts)
    read = read_folder(tmp_path / "own")
    [found] = [p for p in read.definition.people if p.id == person]
    wanted = " ".join(odd.split())
    [contact] = [c for c in read.contacts if c.person == person]
    assert (found.role, contact.name) == (wanted, wanted)
    assert read.definition.programme.admins == (person,)


def test_only_the_admin_is_added_to_the_texts():
    before = texts_of(TEMPLATE)
    after, person = with_admin(before, ADMIN)
    assert after["people.csv"] == (
        f"{before['people.csv']}{person},Programme Director,Programme Director,director@example.org,team,,"
        "programme-office,\n"
    )
    assert after["programme.yaml"].startswith(before["programme.yaml"].rstrip("\n"))
    assert {name: text for name, text in after.items() if name not in ("people.csv", "programme.yaml")} == {
        name: text for name, text in before.items() if name not in ("people.csv", "programme.yaml")
    }


@pytest.mark.parametrize(
    ("people", "line"),
    [
        ("", "programme-director,Programme Director,Programme Director,director@example.org,team,programme-office\n"),
        ("id;role;email;groups\r\na;A;a@b.c;\r\n",
         "programme-director;Programme Director;director@example.org;programme-office\r\n"),
        ("id,role,email,groups\nprogramme-director,A,a@b.c,",
         "\nprogramme-director-2,Programme Director,director@example.org,programme-office"),
    ],
)  # fmt: skip
def test_the_line_is_written_as_the_others_are(people: str, line: str):
    texts, _ = with_admin({**texts_of(TEMPLATE), "people.csv": people}, ADMIN)
    assert texts["people.csv"].endswith(line)


@pytest.mark.parametrize(
    ("role", "id_"), [("Sponsor", "sponsor-2"), ("Heads", "heads-2"), ("Programme office", "programme-office-2")]
)
def test_an_admin_does_not_take_the_name_of_a_role_or_group(role: str, id_: str):
    people = "id,role,email,groups\nhead,Head of Ash,a@b.c,heads\n"
    admin = FirstAdmin("Director", role, "director@example.org")
    assert with_admin({**texts_of(TEMPLATE), "people.csv": people}, admin)[1] == id_


def test_an_admin_joins_those_that_there_are():
    texts = texts_of(TEMPLATE)
    texts["programme.yaml"] += "admins: [chair]\n"
    after, person = with_admin(texts, ADMIN)
    assert after["programme.yaml"].endswith(f"admins: [chair, {person}]\n")


@pytest.mark.parametrize("name", ["", " \n", "x" * 101, "a\x00b", "a\x07b"])
def test_a_name_that_is_none_is_refused_at_once(name: str):
    with pytest.raises(InputError):
        checked_admin({"name": name, "role": "Director", "email": "director@example.org"})
