"""The worker of calculations: it runs one at a time, as a command in a process of its own."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Empty, Queue

from changeflow.errors import ChangeflowError
from changeflow.logs import log
from changeflow.storage.jobs import Job, JobState
from changeflow.usecases import jobs
from changeflow.usecases.jobs import KINDS
from changeflow.values.moments import LONDON

EVERY = 2.0
"""Seconds between two looks at whether a calculation was cancelled."""
LONGEST = 1800
"""Seconds after which a calculation is stopped."""
MOST_NEWS = 300


@dataclass(slots=True)
class Calculations:
    """The worker of one server."""

    db: str = field(repr=False)
    clock: Callable[[], datetime]
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "calculate"))

    def wake(self) -> None:
        """Run what waits, after what is running now."""
        self._pool.submit(self._run_all)

    def _run_all(self) -> None:
        try:
            while (job := jobs.claim(db=self.db, now=self.clock())) is not None:
                self._run(job)
        except ChangeflowError as error:
            # The database is away; the next request for a calculation tries again.
            log("calculation", error=type(error).__name__)

    def _run(self, job: Job) -> None:
        with tempfile.TemporaryDirectory(prefix="changeflow-job-") as folder:
            page = Path(folder) / "page.html"
            state, news, data = self._result(job, page)
            text = page.read_text() if state is JobState.DONE and page.is_file() else ""
        jobs.finish(job.id, state, db=self.db, now=self.clock(), news=news, page=text, data=data)
        log("calculation", kind=job.kind, state=state.value)

    def _result(self, job: Job, page: Path) -> tuple[JobState, str, str]:
        """Run the command; return the state, the news or the reason, and the numbers."""
        at = self.clock().astimezone(LONDON).strftime("%Y-%m-%dT%H:%M")
        command = [sys.executable, "-m", "changeflow", *KINDS[job.kind].command, "--programme", job.programme]
        command += ["--out", str(page), "--at", at]
        # The address may have a password, so it is no argument, which others could read.
        environment = {**os.environ, "CHANGEFLOW_DB": self.db, "CHANGEFLOW_LOG": "off"}
        with (
            (page.parent / "data.json").open("w+") as out,
            subprocess.Popen(  # noqa: S603  (our own command, with ids that were checked)
                command, env=environment, stdout=out, stderr=subprocess.PIPE, text=True
            ) as process,
        ):
            news = self._watched(job, process)
            out.seek(0)
            data = out.read()
        if process.returncode == 0:
            return JobState.DONE, "", data
        return JobState.FAILED, news or "It stopped without a reason. Try again.", ""

    def _watched(self, job: Job, process: "subprocess.Popen[str]") -> str:
        """Pass on what a command says, until it ends or is cancelled; return the last that it said."""
        lines: Queue[str] = Queue()
        reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
        reader.start()
        waited, last = 0.0, list[str]()
        while process.poll() is None:
            try:
                last.append(lines.get(timeout=EVERY))
            except Empty:
                waited += EVERY
            goes_on = jobs.tell(job.id, last[-1][:MOST_NEWS] if last else "", db=self.db, now=self.clock())
            if not goes_on or waited > LONGEST:
                process.kill()
        reader.join(timeout=EVERY)
        while not lines.empty():
            last.append(lines.get())
        return "\n".join(last[-6:])[:2000]


def _read(process: "subprocess.Popen[str]", lines: "Queue[str]") -> None:
    for line in process.stderr or ():
        text = line.strip()
        # Where the page was written is the server's own business.
        if text and not text.startswith("Wrote "):
            lines.put(text)
