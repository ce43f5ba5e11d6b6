"""The worker of calculations: it runs one at a time, as a command in a separate process."""

import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Queue

from changeflow.errors import ChangeflowError
from changeflow.logs import log
from changeflow.storage.jobs import LOST_AFTER, Job, JobState
from changeflow.usecases import jobs
from changeflow.usecases.jobs import DRAFT_ODDS, KINDS, LEDGERS, MESSAGES, OTHER_REASON, RECOVERY, WAVES
from changeflow.usecases.recovery_pages import command_of
from changeflow.values.moments import LONDON

EVERY = 2.0
"""Seconds between checks that the calculation has not been cancelled."""
LONGEST = 1800
"""Seconds after which a calculation is stopped."""
MOST_NEWS, LINES = 300, 40
EXPLAINED = (3, 4)
"""Exit codes of a command that says why it has no result. Pages have words of their own for each reason."""
BROKEN = "Something went wrong. Try again. If it happens again, tell the programme office."


@dataclass(slots=True)
class Calculations:
    """The worker of one server."""

    db: str = field(repr=False)
    clock: Callable[[], datetime]
    base_url: str = ""
    """The site's public address, for links in messages."""
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "calculate"))

    def begin(self) -> None:
        """Run what is waiting when a server starts, and soon afterwards what an earlier server left unfinished."""
        self.wake()
        later = threading.Timer(LOST_AFTER.total_seconds() + 1, self.wake)
        later.daemon = True
        later.start()

    def wake(self) -> None:
        """Run what is waiting, after what is running now."""
        self._pool.submit(self._run_all)

    def _run_all(self) -> None:
        try:
            while (job := jobs.claim(db=self.db, now=self.clock())) is not None:
                self._run(job)
        except ChangeflowError as error:
            # The database is not available; the next request for a calculation tries again.
            log("calculation", error=type(error).__name__)

    def _run(self, job: Job) -> None:
        with tempfile.TemporaryDirectory(prefix="changeflow-job-") as folder:
            page = Path(folder) / "page.html"
            state, news, data = self._result(job, page)
            text = page.read_text() if state is JobState.DONE and page.is_file() else ""
        jobs.finish(job.id, state, db=self.db, now=self.clock(), news=news, page=text, data=data)
        log("calculation", kind=job.kind, state=state.value)

    def _result(self, job: Job, page: Path) -> tuple[JobState, str, str]:
        """Run the command; return the state, the progress or the reason, and the numbers."""
        command = [sys.executable, "-m", *_command(job, page, self.clock().astimezone(LONDON), self.base_url)]
        # The address may have a password, so it is not passed as an argument, which others could read.
        environment = {**os.environ, "CHANGEFLOW_DB": self.db, "CHANGEFLOW_LOG": "off"}
        with (
            (page.parent / "data.json").open("w+") as out,
            subprocess.Popen(  # noqa: S603  (our own command, with ids that were checked)
                command, env=environment, stdout=out, stderr=subprocess.PIPE, text=True
            ) as process,
        ):
            try:
                said = self._watched(job, process)
            finally:
                process.kill()
            out.seek(0)
            data = out.read()
        # Options that are not enough are a result, although the command then ends with another code.
        if process.returncode == 0 or (job.kind == RECOVERY and process.returncode in EXPLAINED and data.strip()):
            return JobState.DONE, "", data
        # The comparison of ledgers already writes its messages for pages.
        reason = "\n".join(said[-1:]) if job.kind == LEDGERS else jobs.reason_in_words(said)
        if process.returncode in EXPLAINED and reason:
            # Requests that conflict are kept, so that a page can lead to the forms that change them.
            return JobState.FAILED, reason, data if job.kind == WAVES else ""
        reference = secrets.token_hex(4).upper()
        log("calculation failed", kind=job.kind, reference=reference, code=process.returncode)
        if process.returncode in EXPLAINED:
            return JobState.FAILED, f"{OTHER_REASON}{reference}.", ""
        return JobState.FAILED, f"{BROKEN} Give them this reference: {reference}.", ""

    def _watched(self, job: Job, process: "subprocess.Popen[str]") -> Sequence[str]:
        """Pass on what a command says, until it ends, is cancelled or takes too long; return the last lines."""
        lines: Queue[str] = Queue()
        reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
        reader.start()
        ends, last = time.monotonic() + LONGEST, deque[str](maxlen=LINES)
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=EVERY)
            _drain(lines, last)
            news = next((line for line in reversed(last) if jobs.is_for_pages(line)), "")
            goes_on = jobs.tell(job.id, news[:MOST_NEWS], db=self.db, now=self.clock())
            if not goes_on or time.monotonic() > ends:
                process.kill()
        reader.join(timeout=EVERY)
        _drain(lines, last)
        return tuple(last)


def _command(job: Job, page: Path, at: datetime, base_url: str) -> Sequence[str]:
    """Return the module that does a calculation, with its arguments."""
    if job.kind == MESSAGES:
        return ["changeflow.web.work_out_messages", job.programme, at.isoformat(), base_url]
    if job.kind == DRAFT_ODDS:
        return ["changeflow.web.work_out_draft_odds", job.programme, str(job.id), at.isoformat()]
    if job.kind == LEDGERS:
        return ["changeflow.web.compare_ledgers", job.programme, job.subject, at.date().isoformat()]
    if job.kind == RECOVERY:
        own = ["changeflow", *command_of(job.subject), "--programme", job.programme]
        return [*own, "--at", at.strftime("%Y-%m-%dT%H:%M")]
    command = ["changeflow", *KINDS[job.kind].command, "--programme", job.programme]
    return [*command, "--out", str(page), "--at", at.strftime("%Y-%m-%dT%H:%M")]


def _drain(lines: "Queue[str]", last: deque[str]) -> None:
    while not lines.empty():
        last.append(lines.get())


def _read(process: "subprocess.Popen[str]", lines: "Queue[str]") -> None:
    for line in process.stderr or ():
        text = line.strip()
        # Readers do not need to know where the page was written.
        if text and not text.startswith("Wrote "):
            lines.put(text)
