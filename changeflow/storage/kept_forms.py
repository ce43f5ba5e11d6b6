"""Forms that people sent after their session had ended: encrypted files in the state folder, for an hour.

The key of a file is made from the database's key, the person and the token of their browser, which is stored nowhere.
So only the same person in the same browser can open it, and a copy of the folder reveals nothing. No form is stored in
the database. See decision 40.
"""

import json
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from changeflow.files import read_ordinary, write_whole
from changeflow.storage.custody import MachineState
from changeflow.storage.keys import key_for, keyed

KEPT_FOR = timedelta(hours=1)
LONGEST = timedelta(days=1)
"""A file with an end further ahead than this was written while the clock was wrong, and is removed."""
MOST_OF_ONE, MOST_FORMS = 5, 500
"""The most forms that are kept for one person in one browser, and for everyone together."""
MOST_BYTES = 40_000_000
"""The largest total size of the forms in bytes: about fifty of the longest, or thousands of the usual length."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARK_DIGITS = 32
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptForm:
    """A form that was not saved."""

    id: str
    programme: str
    path: str
    """The path that it was sent to."""
    page: str
    """The page that it was on; empty if the browser did not say."""
    fields: Mapping[str, str]
    had_files: bool
    """Whether it came with files, which are not kept."""


class Owner(NamedTuple):
    """The owner of a form."""

    browser: str
    """The token of their browser."""
    person: str
    """The person whose session it was, as `owner_name` names them."""


class _Name(NamedTuple):
    """The name of a file, which reveals nothing without the database's key."""

    until: int
    """The end of its hour, in microseconds since 1970."""
    browser: str
    person: str
    id: str

    def __str__(self) -> str:
        return ".".join(map(str, self))


class KeptForms:
    """The forms that are kept for one database on this machine."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def folder(self) -> Path:
        return MachineState(self.url).forms

    def keep(
        self,
        owner: Owner,
        programme: str,
        *,
        path: str,
        page: str,
        fields: Mapping[str, str],
        had_files: bool,
        now: datetime,
    ) -> None:
        """Keep a form in place of an earlier one to the same path; remove the oldest forms if there are too many."""
        key = key_for(self.url)
        until = _microseconds(now + KEPT_FOR)
        name = _Name(until, _mark(key, "browser", owner.browser), _mark(key, "person", owner.person), _mark(key, path))
        content = {"programme": programme, "path": path, "page": page, "fields": dict(fields), "had_files": had_files}
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(_key_of_file(key, owner)).encrypt(nonce, json.dumps(content).encode(), str(name).encode())
        with MachineState(self.url).writing():
            self.folder.mkdir(exist_ok=True, mode=0o700)
            own = [one for one in self._tidied(now) if one[1:3] == name[1:3]]
            same = [one for one in own if one.id == name.id]
            others = [one for one in own if one.id != name.id]
            self._remove([*same, *others[: max(0, len(others) + 1 - MOST_OF_ONE)]])
            write_whole(self.folder / str(name), nonce + sealed, private=True)
            self._make_room()

    def of(self, owner: Owner, programme: str, *, now: datetime) -> list[KeptForm]:
        """Return a person's forms in a programme, the latest first."""
        key = key_for(self.url)
        marks = _mark(key, "browser", owner.browser), _mark(key, "person", owner.person)
        own = [name for name in self._names() if name[1:3] == marks and _is_kept(name, now)]
        found = (self._opened(name, _key_of_file(key, owner)) for name in reversed(own))
        return [form for form in found if form is not None and form.programme == programme]

    def drop(self, id_: str, browser: str) -> None:
        """Forget a form that its browser has sent again."""
        mark = _mark(key_for(self.url), "browser", browser)
        self._remove(name for name in self._names() if name.browser == mark and name.id == id_)

    def forget(self, people: Collection[str]) -> int:
        """Remove the forms of the given people, as `owner_name` names them; return how many."""
        return self._remove(self._of_people(people))

    def count(self, people: Collection[str]) -> int:
        """Return how many forms of the given people are kept."""
        return len(self._of_people(people))

    def _of_people(self, people: Collection[str]) -> list[_Name]:
        key = key_for(self.url)
        marks = {_mark(key, "person", person) for person in people}
        return [name for name in self._names() if name.person in marks]

    def remove_old(self, now: datetime) -> None:
        """Remove the forms whose hour is over."""
        if self.folder.is_dir():
            with MachineState(self.url).writing():
                self._tidied(now)

    def _names(self) -> list[_Name]:
        """Return the names of all forms, the oldest first."""
        return sorted(name for name in map(_name_in, self._files()) if name is not None)

    def _files(self) -> list[str]:
        with suppress(FileNotFoundError):
            return [path.name for path in self.folder.iterdir()]
        return []

    def _tidied(self, now: datetime) -> list[_Name]:
        """Remove expired forms, and files that a killed process left; return the rest.

        Call this with the folder locked.
        """
        for file in self._files():
            name = _name_in(file)
            if name is None or not _is_kept(name, now):
                (self.folder / file).unlink(missing_ok=True)
        return self._names()

    def _make_room(self) -> None:
        names = self._names()
        sizes = [(self.folder / str(name)).stat().st_size for name in names]
        while len(sizes) > MOST_FORMS or sum(sizes) > MOST_BYTES:
            self._remove([names.pop(0)])
            sizes.pop(0)

    def _remove(self, names: Collection[_Name] | Iterator[_Name]) -> int:
        files = [self.folder / str(name) for name in names]
        for file in files:
            file.unlink(missing_ok=True)
        return len(files)

    def _opened(self, name: _Name, key: bytes) -> KeptForm | None:
        """Return the form in a file; None if the file has gone, was changed, or was made with another key."""
        try:
            raw = read_ordinary(self.folder / str(name), most=MOST_BYTES)
            text = AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], str(name).encode())
        except (OSError, InvalidTag, ValueError):
            return None
        return KeptForm(id=name.id, **json.loads(text))


def _mark(key: bytes, *parts: str) -> str:
    return keyed(key, "kept form", *parts)[:MARK_DIGITS]


def _key_of_file(key: bytes, owner: Owner) -> bytes:
    return bytes.fromhex(keyed(key, "key of a kept form", *owner))


def _is_kept(name: _Name, now: datetime) -> bool:
    return _microseconds(now) < name.until <= _microseconds(now + LONGEST)


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _name_in(file: str) -> _Name | None:
    until, *marks = file.split(".")
    is_name = len(marks) == 3 and until.isdecimal() and all(len(mark) == MARK_DIGITS for mark in marks)
    return _Name(int(until), *marks) if is_name else None
