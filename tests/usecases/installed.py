"""An installation in which nothing needs attention, and what its checks find."""

from datetime import UTC, datetime
from pathlib import Path

from changeflow.delivery.channels import ChannelSettings
from changeflow.storage import keys
from changeflow.storage.backup import backup
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import ticks
from changeflow.usecases.installation import CheckState, Installation
from changeflow.usecases.installation_checks import CHECKS
from changeflow.values.acting import current
from tests.builders import a_folder
from tests.stored import store_once

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
SMTP = ChannelSettings(smtp_url="smtp://office:hunter2@mail.example.org:587")


def an_installation(db: str, tmp_path: Path) -> Installation:
    """Store a programme, with a key, a backup and an anchor, in files that only their owner can read."""
    store_once(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    ticks.tick(db=db, now=current().clock())
    file = Path(db.removeprefix("sqlite:///"))
    with session_scope(db) as session:
        keys.adopt_key(session)
    engine_for(db).dispose()
    for path in file.parent.glob(f"{file.name}*"):
        if path.is_file():
            path.chmod(0o600)
    (tmp_path / "copies").mkdir()
    backup(db, tmp_path / "copies" / "hour-09.db", at=NOW)
    anchor = tmp_path / "elsewhere" / "anchor"
    anchor.parent.mkdir()
    anchor.write_text("a line\n")
    return Installation(
        db=db,
        clock=current().clock,
        channels=SMTP,
        base_url="https://change.example.org",
        proxies="127.0.0.1",
        issuer="https://login.example.org",
        has_client_secret=True,
        backups=tmp_path / "copies",
        anchor=str(anchor),
    )


def outcomes(installation: Installation, key: str) -> list[tuple[CheckState, str, str]]:
    """Run one check."""
    return [tuple(outcome) for outcome in CHECKS[key].look(installation)]


def the_attention(installation: Installation, key: str) -> str:
    """Return the only thing that a check finds wrong, with its remedy."""
    [(text_, remedy)] = [(t, r) for state, t, r in outcomes(installation, key) if state is CheckState.ATTENTION]
    return f"{text_} {remedy}".strip()


def is_fine(installation: Installation, key: str) -> bool:
    return [state for state, _, _ in outcomes(installation, key)] == [CheckState.FINE]


def database_file(installation: Installation) -> Path:
    return Path(installation.db.removeprefix("sqlite:///"))
