"""Flows whose Prefect server is behind a broken connection still record and send everything due, once."""

import os
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from changeflow.storage.keys import key_file
from chaos import world
from chaos.checks import Verdict, judge, state_of
from chaos.databases import Sqlite
from chaos.kills import Post, Say, Size, quiet_run
from chaos.proxy import Fault, Proxy
from chaos.workers import ask
from tests.waiting import PATIENCE

FAULTS = (Fault.REFUSE, Fault.BLACK_HOLE, Fault.RESET, Fault.DELAY)
SUPERVISOR = 25.0
"""Seconds until a supervisor kills a run on a broken connection. Otherwise a run may take as long as it needs."""
FLOWS = ("tick", "dispatch-nudges")


def prefect_faults(folder: Path, *, say: Say) -> Verdict:
    """Run tick and dispatch with each fault, then again when the connection is repaired."""
    from flows.serving import local_server

    size = Size(people=60, tasks=2, days=len(FAULTS), kills_a_day=0)
    quiet, expected = quiet_run(folder, size, "quiet-prefect")
    db = Sqlite(folder).new("prefect")
    ask(lambda: world.store(db, folder / "prefect", people=size.people, tasks=size.tasks))
    os.environ["PREFECT_HOME"] = str(folder / "prefect-home")
    with Post.opened(folder, "prefect", seed=5) as post, local_server(say=say) as url:
        line = Proxy(int(url.split(":")[2].split("/")[0]), longest_delay=0.5, seed=5)
        env = os.environ | {
            "PREFECT_API_URL": f"http://127.0.0.1:{line.port}/api",
            "PREFECT_CLIENT_MAX_RETRIES": "2",
            # Use the key of the quiet run: with another key, the same message would have another Message-ID.
            "CHANGEFLOW_KEY_FILE": str(key_file(db)),
            "CHANGEFLOW_SMTP_URL": f"smtp://127.0.0.1:{post.room.port}",
        }
        try:
            for fault, day in zip(FAULTS, world.working_days(size.days), strict=True):
                line.spoil(fault)
                spoilt = Counter(_run(name, db, world.morning(day), env, SUPERVISOR) for name in FLOWS)
                line.mend()
                # By then, an interrupted claim is free again.
                ended = [_run(name, db, world.morning(day) + timedelta(minutes=6), env, PATIENCE) for name in FLOWS]
                if ended != ["ended well"] * len(FLOWS):
                    raise AssertionError(f"a run on a repaired connection: {ended}")
                results = ", ".join(f"{count} {what}" for what, count in spoilt.items())
                say(f"  {fault.name.lower().replace('_', ' ')}: {results}; after the repair, both ended well")
        finally:
            line.close()
        return judge(quiet, expected, ask(state_of, db), post.room.letters())


def _run(name: str, db: str, at: datetime, env: dict[str, str], patience: float) -> str:
    command = [sys.executable, "-m", "changeflow", "flows", "run", name, "--db", db, "--at", f"{at:%Y-%m-%dT%H:%M}"]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        with suppress(subprocess.TimeoutExpired):
            return "ended well" if process.wait(patience) == 0 else "failed"
        process.kill()
        return "hung and was killed"
