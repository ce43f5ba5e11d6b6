"""A line on the terminal while a large file is read: which file, and for how long."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread

from changeflow.phrases import listed, printable

DELAY, STEP = 2.0, 1.0
"""How many seconds until the line appears, and until it is updated."""
LONGEST = 30
"""The most characters shown of a file's name."""


class _Line:
    """The line on the terminal, if any; it is cleared before anything else is printed."""

    def __init__(self) -> None:
        self.lock, self.shown = Lock(), 0

    def show(self, text: str) -> None:
        with self.lock:
            sys.stderr.write(f"\r{text:<{self.shown}}")
            sys.stderr.flush()
            self.shown = len(text)

    def clear(self) -> None:
        with self.lock:
            if self.shown:
                sys.stderr.write(f"\r{'':<{self.shown}}\r")
                sys.stderr.flush()
            self.shown = 0


LINE = _Line()


@contextmanager
def reading(*files: Path | None) -> Iterator[None]:
    """On a terminal, show after two seconds that these files are being read. A pipe or log gets nothing."""
    if not sys.stderr.isatty():
        yield
        return
    names = listed([printable(file.name)[:LONGEST] for file in files if file is not None])
    is_done = Event()
    thread = Thread(target=_count, args=(f"Reading {names}", is_done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()
        LINE.clear()


def _count(what: str, is_done: Event) -> None:
    began, wait = time.monotonic(), DELAY
    while not is_done.wait(wait):
        LINE.show(f"{what}: {time.monotonic() - began:.0f} seconds …")
        wait = STEP
