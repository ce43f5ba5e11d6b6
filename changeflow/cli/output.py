"""Print the output of commands: data to stdout, everything else to stderr, and each error as one clear message with its
exit code."""

import errno
import io
import json
import os
import re
import select
import shutil
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import Any, TextIO, TypeVar

import typer

from changeflow.cli.reading import LINE
from changeflow.errors import (
    ChangeflowError,
    InputError,
    NotConfirmedError,
    RenamedWarning,
    UnusedWarning,
)
from changeflow.phrases import printable

T = TypeVar("T")

UNUSABLE = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EACCES, errno.EPERM)
"""Operating system errors about a name that a person gave, which are not bugs of ours."""
LAYOUT = "\n\t"
"""Control characters that our own texts use: line breaks and tabs."""
NARROWEST = 25
"""The fewest characters of a terminal line, or of a table's last column: with fewer, text cannot be read."""
_ITEM = re.compile(r"\s*(?:(?:[-•–…+]|\d+\.)\s+)?")
_COLUMN = re.compile(r"(?<=\S) {2,}(?=\S)")
"""What separates two columns of a table."""
_PLACE = re.compile(r"\S+:\d+:\d+: ")
"""How a message about a mistake in a file begins."""


def out(text: str = "") -> None:
    """Print data for people; control characters are shown, not obeyed."""
    typer.echo(fitted(printable(text, keep=LAYOUT), sys.stdout))


def out_as_it_is(text: str) -> None:
    """Print data for programs, without wrapping any line."""
    typer.echo(printable(text, keep=LAYOUT))


def note(text: str) -> None:
    """Print a note to stderr."""
    LINE.clear()
    typer.echo(fitted(printable(text, keep=LAYOUT), sys.stderr), err=True)


def print_error(text: object) -> None:
    """Print what is wrong, in red."""
    typer.secho(fitted(printable(text, keep=LAYOUT), sys.stderr), fg="red", err=True)


def fitted(text: str, stream: TextIO) -> str:
    """Wrap lines at the terminal's width if the stream is a terminal; scripts get each line whole."""
    if not stream.isatty():
        return text
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        width = 0
    width = max(width or shutil.get_terminal_size().columns, NARROWEST)
    return "\n".join(piece for line in text.split("\n") for piece in _wrapped(line, width))


def _wrapped(line: str, width: int) -> Sequence[str]:
    """Wrap a line between words; indent the rest like the text of a list item, or a table's last column."""
    if len(line) <= width:
        return [line]
    marks, last = _ITEM.match(line), [found.end() for found in _COLUMN.finditer(line)]
    indent = marks.end() if marks else 0
    if last:
        indent = last[-1] if last[-1] + NARROWEST <= width else indent + 4
    elif _PLACE.match(line):
        indent = 2
    return wrap(
        line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )


def print_lines(lines: Iterable[str]) -> None:
    """Print data, line by line."""
    for line in lines:
        out(line)


def print_json(data: object) -> None:
    """Print data as JSON; dataclasses become objects."""
    from changeflow.reports.documents import keyed

    out_as_it_is(json.dumps(data, indent=1, ensure_ascii=False, default=keyed))


def print_as(form: str, data: T, text: Callable[[T], Iterable[str]]) -> None:
    """Print data in the form that was asked for: as JSON, or as the lines that `text` makes of it."""
    if form == "json":
        print_json(data)
    else:
        print_lines(text(data))


def confirm(question: str) -> bool:
    """Ask before a change. Raise `NotConfirmedError` if no one can answer, so that no command waits for ever."""
    if not sys.stdin.isatty() and not _is_answered():
        raise NotConfirmedError
    try:
        return typer.confirm(fitted(question, sys.stderr), err=True)
    except typer.Abort:
        note("")
        if sys.stdin.isatty():
            raise
        raise NotConfirmedError from None


def _is_answered() -> bool:
    """Return whether an answer, or the end of input, is already waiting in a pipe."""
    try:
        return bool(select.select([sys.stdin], [], [], 0.1)[0])
    except io.UnsupportedOperation:
        return True  # The input is in memory.
    except OSError:
        return False


@contextmanager
def formatted_errors() -> Iterator[None]:
    """Turn a user's mistake into its message and exit code; any other exception is our bug and keeps its traceback."""
    try:
        with _warnings_noted():
            yield
    except ChangeflowError as error:
        print_error(error)
        raise typer.Exit(error.exit_code) from None
    except OSError as error:
        if error.errno not in UNUSABLE or error.filename is None:
            raise
        name, why = printable(Path(os.fsdecode(error.filename)).name[:60]), os.strerror(error.errno)
        print_error(f"'{name}' cannot be used: {why}. Give another name or place.")
        raise typer.Exit(InputError.exit_code) from None


@contextmanager
def _warnings_noted() -> Iterator[None]:
    """Print warnings about old names and unused content as notes, each once; print other warnings as Python does."""
    with warnings.catch_warnings():
        for category in (RenamedWarning, UnusedWarning):
            warnings.simplefilter("always", category)
        show, noted = warnings.showwarning, set[str]()

        def shown(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:  # noqa: ANN401
            if not issubclass(category, (RenamedWarning, UnusedWarning)):
                show(message, category, *place, **more)
            elif (text := str(message)) not in noted:
                noted.add(text)
                note(text)

        warnings.showwarning = shown
        yield
