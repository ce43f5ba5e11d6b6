"""The first start: a database without a programme, and the first programme with its admin, all or nothing."""

import csv
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from changeflow.errors import ChangeflowError, ConflictError, InputError
from changeflow.files import write_whole
from changeflow.intake.editing.sources import PROGRAMME_FILE
from changeflow.intake.editing.yaml_patch import set_value
from changeflow.intake.first_admin import FirstAdmin, Texts, id_from, with_admin
from changeflow.intake.folder import read_folder
from changeflow.places import programme_templates
from changeflow.storage import versions
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases import definitions
from changeflow.usecases.accounts import check_address, make_sandbox
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.stored import judged
from changeflow.usecases.unit_of_work import Change
from changeflow.values.limits import parse_day
from changeflow.values.moments import local_day

SAMPLE, TEMPLATE = "trust-central-services", "first-programme"
LONGEST_TEXT = 100
"""The most characters of a name or a role: our own choice."""
SOURCES = (".yaml", ".csv")
OF_RECORDS = ("progress.csv", "decisions.csv")
"""Files of a ready programme with its progress and decisions, which are facts and not part of its definition."""
_STORING = Lock()


@dataclass(frozen=True, slots=True)
class FirstProgramme:
    """The first programme, once it is stored, and its admin."""

    programme: str
    person: str


def open_first(*, db: str) -> bool:
    """Create a missing or empty database; return whether it has no programme yet."""
    with session_scope(db, create=True, write=False) as session:
        return not versions.programme_ids(session)


def has_programme(*, db: str) -> bool:
    """Return whether a database has a programme."""
    with read_scope(db) as session:
        return bool(versions.programme_ids(session))


def check_line(text: str, what: str) -> str:
    """Return a text as one line; raise an `InputError` if it is empty or too long. `what` says what to enter."""
    if not text.strip():
        raise InputError(f"Enter {what}.")
    if len(text) > LONGEST_TEXT:
        raise InputError(f"Shorten this to {LONGEST_TEXT} characters. It has {len(text)}.")
    line = " ".join(text.split())
    if any(unicodedata.category(c) == "Cc" for c in line):
        raise InputError("This contains characters that cannot be shown. Enter it again without them.")
    return line


OF_AN_ADMIN: Mapping[str, Callable[[str], str]] = {
    "name": partial(check_line, what="your name"),
    "role": partial(check_line, what="your role, such as Programme Manager"),
    "email": check_address,
}
"""The details of the first admin, each with the function that checks it."""


def checked_admin(details: Mapping[str, str]) -> FirstAdmin:
    """Return the first admin; raise `InputError` for a missing or wrong detail."""
    return FirstAdmin(**{name: check(details.get(name, "")) for name, check in OF_AN_ADMIN.items()})


def texts_of(template: str) -> Texts:
    """Return the files of a ready programme."""
    folder = programme_templates()[template]
    paths = (path for path in sorted(folder.rglob("*")) if path.suffix in SOURCES)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def template_texts(name: str, organisation: str, start: date) -> Texts:
    """Return the files of the ready programme to start from, for an organisation's own programme."""
    own = {
        "programme": id_from(name, otherwise="programme"),
        "name": check_line(name, "the name of the programme"),
        "organisation": check_line(organisation, "the name of your organisation"),
        "start": start,
    }
    texts = texts_of(TEMPLATE)
    for key, value in own.items():
        texts[PROGRAMME_FILE] = set_value(texts[PROGRAMME_FILE], (key,), value, file=PROGRAMME_FILE)
    return texts


def store_sample(admin: FirstAdmin, *, db: str, now: datetime) -> FirstProgramme:
    """Store the sample, with its records up to today, in a database that becomes a sandbox."""
    texts = texts_of(SAMPLE)
    records = {name: texts.pop(name) for name in OF_RECORDS}
    for name in [n for n in texts if n.startswith(("progress-", "decisions-", "parallel-runs/", "adkar/"))]:
        del texts[name]
    first = store_first(texts, admin, is_sandbox=True, db=db, now=now)
    today = local_day(now)
    with TemporaryDirectory() as place:
        for name, text in records.items():
            _write_until(Path(place) / name, text, today)
        change = Change(db=db, programme=first.programme, actor=first.person, now=now, on=today)
        store_import(Path(place) / "progress.csv", change, Path(place) / "decisions.csv")
    return first


def store_first(
    texts: Mapping[str, str], admin: FirstAdmin, *, is_sandbox: bool = False, db: str, now: datetime
) -> FirstProgramme:
    """Store the first programme of a database, with its admin; raise `ConflictError` if there is one already."""
    whole, person = with_admin(texts, admin)
    with TemporaryDirectory() as place, _STORING:
        folder = Path(place) / "programme"
        write_texts(folder, whole)
        read, day = read_folder(folder), local_day(now)
        if has_programme(db=db):
            raise ConflictError("A programme is stored already.")
        # A plan that cannot be scheduled is refused before anything is stored.
        judged(read.definition, on=day)
        if is_sandbox:
            make_sandbox(db=db, now=now)
        definitions.apply(folder, db=db, actor=person, now=now, on=day)
    return FirstProgramme(read.definition.programme.programme, person)


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files of a programme to a new folder."""
    for name, text in texts.items():
        write_whole(folder / name, text)


def _write_until(path: Path, text: str, today: date) -> None:
    """Write the rows of a table whose days have all come."""
    rows = list(csv.reader(text.splitlines()))
    written = StringIO(newline="")
    csv.writer(written).writerows(row for row in rows if all(day <= today for day in _days(row)))
    write_whole(path, written.getvalue())


def _days(row: list[str]) -> list[date]:
    found = []
    for cell in row:
        with suppress(ChangeflowError, ValueError):
            found.append(parse_day(cell))
    return found
