"""The effect of one edit, as the page shows it: the form is sent to a server, which tries the edit and answers.

The server is a process of its own, as `changeflow serve` starts it. Each request tries another duration of one task.
"""

import html
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import httpx

from bench.editing import NOW, PERSON, TIMES, store_large
from bench.links import p95
from bench.rules import SAMPLE
from bench.web import serving
from changeflow.storage.accounts import SignIn
from changeflow.storage.keys import keep_in
from changeflow.usecases import accounts, definitions
from changeflow.usecases.stored import loaded

SERVICES = {"sample": "payroll", "2000_tasks": "payroll-0"}
"""The service in each programme whose system is built in another time."""
DAYS = 46
TICKS = os.sysconf("SC_CLK_TCK")


def measure_web_preview() -> dict[str, float]:
    """Return, for each size, the milliseconds within which 95 of 100 pages come, and the processor's on average."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for size, service in SERVICES.items():
            clock, processor = _measure(size, service, Path(folder))
            found |= {f"web_preview_{size}_p95_ms": clock, f"web_preview_{size}_cpu_ms": processor}
    return found


def _measure(size: str, service: str, folder: Path) -> tuple[float, float]:
    db, key = f"sqlite:///{folder}/{size}.db", folder / f"{size}.key"
    keep_in(key)
    accounts.make_sandbox(db=db, now=NOW)
    if size == "sample":
        shutil.copytree(SAMPLE, folder / size)
        definitions.apply(folder / size, db=db, actor=PERSON, now=NOW)
    else:
        store_large(db)
    name = loaded(None, db=db, on=NOW.date()).id
    token = accounts.sign_in_here(name, PERSON, SignIn.SANDBOX, kind="", db=db, now=NOW).token
    path = f"/p/{name}/task-edits/set-duration/{service}/system-built"
    with (
        serving(db, key, at=f"{NOW:%Y-%m-%dT%H:%M}") as (base, process),
        httpx.Client(base_url=base, cookies={"changeflow": token}, timeout=60) as client,
    ):
        page = _preview(client, path, client.get(path), 0)
        times, before = [], _ticks(process)
        for n in range(1, TIMES + 1):
            began = time.perf_counter()
            page = _preview(client, path, page, n)
            times.append(time.perf_counter() - began)
        processor = (_ticks(process) - before) / TICKS / TIMES
    return round(p95(times) * 1000, 1), round(processor * 1000, 1)


def _preview(client: httpx.Client, path: str, page: httpx.Response, n: int) -> httpx.Response:
    """Send the form that a page shows, with another duration; return the page with the effect."""
    fields = {
        name: html.unescape(value) for name, value in re.findall(r'name="(form|seen)" value="([^"]*)"', page.text)
    }
    sent = {**fields, "step": "check", "amount": str(DAYS + n), "unit": "d"}
    answer = client.post(path, data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    if answer.status_code != 200 or "What this would change" not in answer.text:
        raise AssertionError(f"{path} answered {answer.status_code}")
    return answer


def _ticks(process: int) -> int:
    """Return the processor time that a process has used, in clock ticks."""
    values = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(values[11]) + int(values[12])
