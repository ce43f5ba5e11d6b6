"""Verify a chain of a million entries, each of which sealed a row, against its rows and an anchor."""

import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from changeflow.storage import anchor
from changeflow.storage.chain import GENESIS, SEALING, WRITTEN, Entry, Root, entry_hash, row_digest
from changeflow.storage.covered import covered_table
from changeflow.storage.database import engine_for, upgrade
from changeflow.storage.tables.audit import AuditFactRow, AuditRow
from changeflow.storage.tables.facts import ProgressRow
from changeflow.storage.tables.programme import ProgrammeRow
from changeflow.usecases import audit_trail

ENTRIES, TOGETHER = 1_000_000, 20_000
BEGAN = datetime(2026, 9, 1, 7, tzinfo=UTC)


def measure_audit() -> dict[str, float]:
    """Return seconds, and megabytes more than before at the most."""
    with tempfile.TemporaryDirectory() as folder:
        db, lines = f"sqlite:///{folder}/audit.db", Path(folder) / "anchor.txt"
        _build(db, lines)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        verdict = audit_trail.verify(db=db, programme=None, anchor_file=lines).verdict
        seconds = time.perf_counter() - began
        if verdict.faults or verdict.facts != ENTRIES + 1:
            raise AssertionError(f"{verdict.facts} rows, faults: {verdict.faults[:3]}")
        engine_for(db).dispose()
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"audit_verify_1m_s": round(seconds, 1), "audit_verify_1m_more_mb": round(more)}


def _build(db: str, lines: Path) -> None:
    upgrade(db)
    shared = (covered_table(name) for name in ("programme", "progress"))
    programme, progress = shared
    with engine_for(db).begin() as connection:
        connection.execute(insert(ProgrammeRow), [{"id": "bench", "revision": 0, "created_at": BEGAN}])
        previous, kept = GENESIS, list[dict[str, Any]]()
        facts, rows = list[dict[str, Any]](), list[dict[str, Any]]()
        for number in range(1, ENTRIES + 1):
            at = BEGAN + timedelta(seconds=number)
            row = {"id": number, "programme_id": "bench", "task": f"t{number}", "actual_start": number,
                   "actual_finish": None, "remaining": 60, "at": at, "by": "chief"}  # fmt: skip
            rows.append(row)
            sealed = [("progress", str(number), progress.content_of([row[c.name] for c in progress.columns]))]
            if number == 1:
                own = {"id": "bench", "created_at": BEGAN}
                sealed.append(("programme", "bench", programme.content_of([own[c.name] for c in programme.columns])))
            root = Root()
            for table, key, content in sealed:
                salt = f"{number:032x}"
                digest = row_digest(salt, content)
                root.add(WRITTEN, table, digest)
                facts.append({"programme_id": "bench", "number": number, "position": root.count, "op": WRITTEN,
                              "of_table": table, "digest": digest, "row_key": key, "salt": salt})  # fmt: skip
            entry = Entry("bench", number, at, "chief", "progress", f"t{number}", previous, "", SEALING, at, "command",
                          "office@host", 1, root.count, root.text)  # fmt: skip
            previous = entry_hash(entry)
            kept.append({("programme_id" if k == "programme" else k): v for k, v in entry._asdict().items()})
            kept[-1]["hash"] = previous
            if number % TOGETHER == 0:
                for table, found in ((AuditRow, kept), (AuditFactRow, facts), (ProgressRow, rows)):
                    connection.execute(insert(table), found)
                _anchor(lines, kept)
                kept.clear(), facts.clear(), rows.clear()


def _anchor(path: Path, entries: list[dict[str, Any]]) -> None:
    heads = [anchor.Head("bench", e["number"], e["number"], e["hash"], e["at"]) for e in _own(entries)]
    anchor.confirm(anchor.announce(str(path), heads, may_begin=True))


def _own(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from entries


if __name__ == "__main__":
    print(measure_audit())
