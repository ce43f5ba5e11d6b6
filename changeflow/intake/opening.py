"""Open every input file here: an ordinary file of limited size, inside its folder, as clean text.

A pipe, a device or a socket is refused before it can block. A link that leads out of the folder is refused by its own
name, and its target is not shown. docs/limits.md gives each limit and its reason.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from changeflow.errors import ProblemsError
from changeflow.values.problem import Problem

WORKBOOKS = (".xlsx", ".xlsm")
MOST_FILES = 1_000
"""The most files in one folder: a programme has some tens of them."""
ORDINARY = "Name an ordinary file."
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8 = b"\xef\xbb\xbf"
_AS_TABLE = "Open it in a spreadsheet, and save it as .xlsx or as CSV (UTF-8)."
_NO_TEXTS = {
    b"PK\x03\x04": ("It is an Excel workbook, or another zip.", "Give it its right name: .xlsx."),
    b"\xd0\xcf\x11\xe0": (
        "It is a workbook of an older Excel, or has a password.",
        "Save it as .xlsx or as CSV (UTF-8).",
    ),
    b"%PDF": ("It is a PDF.", "Export the list as .xlsx or as CSV (UTF-8)."),
    b"<!doctype html": ("It is a web page.", _AS_TABLE),
    b"<html": ("It is a web page.", _AS_TABLE),
    b"<table": ("It is a web page.", _AS_TABLE),
}
"""How files of other kinds begin, which people and programs sometimes name like a table."""
NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f]")
SAVE_AS = "Save it as text in UTF-8."


class _RefusedError(Exception):
    """The arguments are what is wrong with a file, and the remedy."""


class _NotTextError(Exception):
    """The arguments are what is wrong, and the text before it."""


@contextmanager
def open_input(
    path: Path, shown: str, problems: list[Problem], *, most: int, inside: Path | None = None
) -> Iterator[BinaryIO | None]:
    """Open an ordinary file of at most `most` bytes; if something is wrong, add it to `problems` and yield None."""
    file = None
    try:
        file = _opened(path, most, inside)
    except _RefusedError as error:
        what, remedy = error.args
        problems.append(Problem(file=shown, what=what, remedy=remedy))
    try:
        yield file
    finally:
        if file is not None:
            file.close()


def read_bytes(
    path: Path, shown: str, problems: list[Problem], *, most: int, inside: Path | None = None
) -> bytes | None:
    """Read a whole file of at most `most` bytes, even if it grows meanwhile."""
    with open_input(path, shown, problems, most=most, inside=inside) as file:
        if file is None:
            return None
        try:
            raw = file.read(most + 1)
        except OSError as error:
            problems.append(Problem(file=shown, what=f"The file cannot be read: {error.strerror}."))
            return None
    if len(raw) > most:
        what, remedy = _too_large(most)
        problems.append(Problem(file=shown, what=what, remedy=remedy))
        return None
    return raw


def read_text(path: Path, shown: str, problems: list[Problem], *, most: int, inside: Path | None = None) -> str | None:
    """Read a text file: UTF-8 (a BOM is fine), UTF-16 with a BOM, or Windows-1252 if it is not UTF-8."""
    return read_text_as(path, shown, problems, most=most, inside=inside)[0]


def read_text_as(
    path: Path, shown: str, problems: list[Problem], *, most: int, inside: Path | None = None
) -> tuple[str | None, str]:
    """Read a text file as `read_text` does; return the text, and the name of its encoding."""
    raw = read_bytes(path, shown, problems, most=most, inside=inside)
    if raw is None:
        return None, ""
    if (other := other_kind(raw, shown)) is not None:
        problems.append(other)
        return None, ""
    text = decode(raw, shown, problems)
    if text is None or raw.startswith(_UTF16):
        return text, "UTF-16"
    if raw.startswith(_UTF8):
        return text, "UTF-8 with a byte order mark"
    # Text in Windows-1252 has as many characters as bytes, and some are not ASCII.
    return text, "UTF-8" if len(text) < len(raw) or text.isascii() else "Windows-1252"


def encode_like(text: str, raw: bytes) -> bytes:
    """Write a text in the encoding of a file's bytes, with a byte order mark if these have one.

    Raise a `ValueError` if that encoding lacks one of its characters.
    """
    for mark, name in ((_UTF16[0], "utf-16-le"), (_UTF16[1], "utf-16-be"), (_UTF8, "utf-8")):
        if raw.startswith(mark):
            return mark + text.encode(name)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return text.encode("cp1252")
    return text.encode()


def other_kind(begin: bytes, shown: str) -> Problem | None:
    """Return what is wrong with a file that is not text, by its first 500 bytes: a workbook, a PDF, a web page."""
    if b"opendocument" in begin[:120]:
        return Problem(file=shown, what="It is an OpenDocument file.", remedy=_AS_TABLE)
    head = begin[:500].lstrip().lower()
    for mark, (what, remedy) in _NO_TEXTS.items():
        if begin.startswith(mark) or head.startswith(mark):
            return Problem(file=shown, what=what, remedy=remedy)
    return None


def decode(raw: bytes, shown: str, problems: list[Problem]) -> str | None:
    """Turn bytes into text; add a `Problem`, with line and column, for bytes that are not text."""
    try:
        return _text_in(raw)
    except _NotTextError as error:
        what, before = error.args
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        problems.append(Problem(file=shown, line=line, column=column, what=what, remedy=SAVE_AS))
        return None


def _text_in(raw: bytes) -> str:
    try:
        text = raw.decode("utf-16") if raw.startswith(_UTF16) else raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if raw.startswith(_UTF16):
            raise _NotTextError("The file is not text: its UTF-16 is broken.", "") from None
        text = _older_text_in(raw, error.start)
    if (found := NOT_TEXT.search(text)) is not None:
        is_wide = text.count("\0", 0, 2_000) > min(len(text), 2_000) // 4
        what = (
            "It looks like UTF-16 without its mark" if is_wide else f"It contains the character U+{ord(found[0]):04X}"
        )
        raise _NotTextError(f"The file is not text. {what}.", text[: found.start()])
    return text


def _older_text_in(raw: bytes, bad: int) -> str:
    """Read Windows-1252, as spreadsheets still write it; a file that is partly UTF-8 is damaged, not old."""
    if not raw[:bad].removeprefix(b"\xef\xbb\xbf").isascii():
        raise _NotTextError("Some of its text is UTF-8, and this is not.", raw[:bad].decode("latin-1"))
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError as error:
        what = f"The file is not text: the byte {raw[error.start]:#04x} is not a character."
        raise _NotTextError(what, raw[: error.start].decode("latin-1")) from None


def list_files(folder: Path, problems: list[Problem], *, endings: tuple[str, ...], inside: Path) -> list[Path]:
    """List the files of a folder that end in one of `endings`, by name; return none if the folder does not exist."""
    try:
        _check_inside(folder, inside)
        found = []
        with os.scandir(folder) as entries:
            for n, entry in enumerate(entries):
                if n >= MOST_FILES:
                    raise _RefusedError(
                        f"The folder has more than {MOST_FILES:,} files.", "Keep only the programme's files."
                    )
                if entry.name.lower().endswith(endings) and not entry.name.startswith("."):
                    found.append(folder / entry.name)
    except _RefusedError as error:
        what, remedy = error.args
        problems.append(Problem(file=folder.name, what=what, remedy=remedy))
        return []
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(Problem(file=folder.name, what=f"The folder cannot be read: {error.strerror}."))
        return []
    return sorted(found)


def is_there(path: Path) -> bool:
    """Return whether something has that name, including a broken link: opening it will report what is wrong."""
    return os.path.lexists(path)


def check_input(path: Path, *, most: int, inside: Path | None = None) -> None:
    """Raise `ProblemsError` for anything but an ordinary file of at most `most` bytes, before another program opens
    it."""
    problems: list[Problem] = []
    with open_input(path, path.name, problems, most=most, inside=inside):
        pass
    if problems:
        raise ProblemsError(problems)


def _opened(path: Path, most: int, inside: Path | None) -> BinaryIO:
    try:
        if inside is not None:
            _check_inside(path, inside)
        # Check before opening, because merely opening a device may do something; then check what was opened.
        _check_kind(path.stat())
        descriptor = os.open(
            path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
        )
    except FileNotFoundError:
        if path.is_symlink():
            raise _RefusedError("The link points to a file that does not exist.", "Put the file itself here.") from None
        raise _RefusedError("The file does not exist.", "Check the name.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no file can have this name"
        raise _RefusedError(f"The file cannot be read: {why}.", "") from None
    try:
        found = os.fstat(descriptor)
        _check_kind(found)
        if found.st_size > most:
            raise _RefusedError(*_too_large(most))
        if inside is not None and not os.path.samestat(found, _check_inside(path, inside).stat()):
            raise _RefusedError("The file changed while it was read.", "Try again.")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check_kind(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "no file")
        raise _RefusedError(f"It is {kind}.", ORDINARY)


def _check_inside(path: Path, inside: Path) -> Path:
    """Return the target of a path; refuse one that leads out of the folder, without naming the target."""
    try:
        found = path.resolve()
    except (OSError, RuntimeError):
        raise _RefusedError("The link leads round in a circle.", "Put the file itself here.") from None
    if not found.is_relative_to(inside.resolve()):
        raise _RefusedError("The link leads out of the folder.", "Put the file itself here.")
    return found


def _too_large(most: int) -> tuple[str, str]:
    size = f"{most // 1_000_000} MB" if most >= 1_000_000 else f"{most // 1_000} kB"
    return f"The file is larger than {size}.", f"At most {size} are read."
