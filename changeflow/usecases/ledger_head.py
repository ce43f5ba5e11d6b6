"""Read the beginning of a ledger, to show how it would be read. A whole ledger may be too large for memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from changeflow.intake.opening import WORKBOOKS, is_there

MOST_LINES, MOST_BYTES = 50_000, 4_000_000
"""The most lines and bytes to look at line by line."""


@contextmanager
def head_of(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield a file with the first lines of a ledger, and a note that says so; yield a short ledger unchanged."""
    head = _first_lines(path) if is_there(path) and path.suffix.lower() not in WORKBOOKS else None
    if head is None:
        yield path, ""
        return
    with TemporaryDirectory() as folder:
        part = Path(folder) / path.name
        part.write_bytes(head)
        lines = head.count(b"\n")
        yield part, f"The first {lines:,} lines are shown. All lines are checked."


def _first_lines(path: Path) -> bytes | None:
    """Return whole lines from the beginning; None if the file is short, or is not text in a single-byte encoding."""
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or (len(raw) <= MOST_BYTES and raw.count(b"\n") <= MOST_LINES):
        return None
    lines = raw.split(b"\n", MOST_LINES + 1)[: MOST_LINES + 1]
    # A line break within quotation marks does not end the line.
    lines.pop()
    while lines and sum(line.count(b'"') for line in lines) % 2:
        lines.pop()
    return b"".join(line + b"\n" for line in lines) or None
