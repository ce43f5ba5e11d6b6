"""What someone enters to set up the first programme: files in the state folder, which only their owner can read.

Nothing is in the database until the programme is stored, and then the files are removed. A server that is restarted
goes on where the last one stopped.
"""

import hashlib
import hmac
import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from changeflow.files import read_ordinary, write_whole
from changeflow.storage.custody import MachineState

SESSION_FILE, DRAFT_FILE, PLAN_FOLDER = "session.json", "draft.json", "plan"
OF_A_PLAN = ("columns", "about", "places")
"""The steps whose entries belong to one uploaded plan."""
MOST_OF_A_NAME = 100
MOST_OF_A_DRAFT = 20_000_000
"""The most bytes of one file: the choices about a plan of fifty thousand tasks."""
KEPT_FOR_SETUP = timedelta(days=14)
"""What no one has continued by then is removed when a server starts: our own choice."""


class SetupFiles:
    """The files of one database on this machine."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def folder(self) -> Path:
        return MachineState(self.url).setup

    def begin(self, token: str, *, now: datetime, until: datetime) -> None:
        """Let the browser with this token set up the programme, instead of an earlier one."""
        self._write(SESSION_FILE, {"token": _hashed(token), "until": until.isoformat(), "since": now.isoformat()})

    def is_current(self, token: str, *, now: datetime) -> bool:
        """Return whether a browser's token is the current one, and has not expired."""
        known = self._read(SESSION_FILE)
        if not token or not known:
            return False
        return hmac.compare_digest(known["token"], _hashed(token)) and now < datetime.fromisoformat(known["until"])

    def draft(self) -> dict[str, Any]:
        """Return what was entered, by step; empty if nothing was."""
        return self._read(DRAFT_FILE)

    def keep(self, step: str, content: Mapping[str, Any]) -> None:
        """Keep what was entered in one step instead of an earlier entry."""
        with MachineState(self.url).writing():
            self._write(DRAFT_FILE, {**self.draft(), step: dict(content)})

    @property
    def plan(self) -> Path | None:
        """The plan that was uploaded, under its own name; None if there is none."""
        with suppress(FileNotFoundError):
            return next(iter((self.folder / PLAN_FOLDER).iterdir()), None)
        return None

    def keep_plan(self, name: str, file: BinaryIO) -> None:
        """Keep an uploaded plan instead of an earlier one; what was chosen for that one is forgotten."""
        self.drop_plan()
        folder = self.folder / PLAN_FOLDER
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        safe = re.sub(r"[^\w .()-]", "-", name)[-MOST_OF_A_NAME:].lstrip(". ") or "plan"
        with os.fdopen(os.open(folder / safe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as kept:
            shutil.copyfileobj(file, kept)

    def drop_plan(self) -> None:
        """Remove the uploaded plan, and what was chosen for it."""
        shutil.rmtree(self.folder / PLAN_FOLDER, ignore_errors=True)
        with MachineState(self.url).writing():
            self._write(DRAFT_FILE, {step: entered for step, entered in self.draft().items() if step not in OF_A_PLAN})

    def clear(self) -> None:
        """Remove everything that was entered; the browser stays the current one."""
        (self.folder / DRAFT_FILE).unlink(missing_ok=True)
        shutil.rmtree(self.folder / PLAN_FOLDER, ignore_errors=True)

    def remove_old(self, now: datetime) -> None:
        """Remove what no one has continued for two weeks."""
        known = self._read(SESSION_FILE)
        if known and datetime.fromisoformat(known["since"]) + KEPT_FOR_SETUP < now:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        self._make()
        write_whole(self.folder / name, json.dumps(content), private=True)

    def _read(self, name: str) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            found = json.loads(read_ordinary(self.folder / name, most=MOST_OF_A_DRAFT))
            return found if isinstance(found, dict) else {}
        return {}


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
