"""`make run`: the main job on the sample programme, step by step, with every command shown.

It takes the sample's own dates: the plan is approved on 1 September 2026, and the day of the tick is 4 May 2027.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from changeflow.resources import programme_templates

TEMPLATE = "trust-central-services"
APPROVED, TODAY = "2026-09-01", "2027-05-04"
SHOWN_LINES = 18
SHOWN_NOTES = 6
"""Of what a command says beside its answer: a long search tells of each better plan."""


class Demo:
    """Runs commands in a folder of its own and shows what they print."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.console = Console(highlight=False)
        self.db = f"sqlite:///{home / 'changeflow.db'}"
        self.outbox = home / "messages"

    def run(self, title: str, *command: str, shown: int = SHOWN_LINES, allowed: Sequence[int] = (0,)) -> None:
        """Run one command; its whole output is kept in the folder when it is long."""
        self.console.print(f"\n[bold]{title}[/bold]")
        self.console.print(f"$ changeflow {' '.join(command)}", style="cyan", markup=False, soft_wrap=True)
        env = {"CHANGEFLOW_DB": self.db, "CHANGEFLOW_OUTBOX": str(self.outbox), "CHANGEFLOW_AS": "programme-manager"}
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "changeflow", *command],
            capture_output=True,
            text=True,
            env=dict(os.environ) | env | {"PREFECT_HOME": str((self.home / "prefect").resolve())},
            check=False,
        )
        lines = done.stdout.splitlines()
        for line in lines[:shown]:
            self.console.print(f"  {line}", markup=False, soft_wrap=True)
        if len(lines) > shown:
            kept = self.home / f"{command[0]}.txt"
            kept.write_text(done.stdout)
            self.console.print(f"  … {len(lines) - shown} more lines in {kept}", style="dim")
        for line in done.stderr.splitlines()[-SHOWN_NOTES:]:
            self.console.print(f"  {line}", style="dim", markup=False, soft_wrap=True)
        if done.returncode not in allowed:
            self.console.print(f"changeflow {command[0]} failed with exit code {done.returncode}.", style="red")
            raise typer.Exit(done.returncode)


def main(home: Path) -> None:
    """Plan, store, approve, report progress, tick, nudge and report, in the folder `home`."""
    began = time.monotonic()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    demo, trust = Demo(home), home / "trust"
    steps = _steps(home, trust)
    columns = (TextColumn("step"), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=demo.console, transient=True) as progress:
        for title, command in progress.track(steps, description=""):
            demo.run(title, *command)
    messages = len(list(demo.outbox.glob("*.eml")))
    demo.console.print(f"\n[bold]Done in {time.monotonic() - began:.0f} s.[/bold] Every server is stopped.")
    demo.console.print(f"  The report to the SRO:  {home / 'sro-report.html'}", soft_wrap=True)
    demo.console.print(f"  Its numbers as JSON:    {home / 'sro-report.json'}", soft_wrap=True)
    demo.console.print(f"  Rollout waves:          {home / 'waves.html'}", soft_wrap=True)
    demo.console.print(f"  How sure dates are:     {home / 'risk.html'}", soft_wrap=True)
    demo.console.print(f"  {messages} messages:            {demo.outbox}{'/'}", soft_wrap=True)
    demo.console.print(f"  The programme's folder: {trust}", soft_wrap=True)


def _steps(home: Path, trust: Path) -> list[tuple[str, list[str]]]:
    judgement = ["confidence", "set", "amber", "--as", "chief-executive"]
    at, runs = ["--at", TODAY], trust / "parallel-runs" / "payroll"
    steps = [
        ("A ready programme of fourteen schools", ["init", str(trust)]),
        ("Is everything in it right?", ["validate", str(trust)]),
        ("When does each school go, and what drives that?", ["plan", str(trust)]),
        (
            "Which school should go when, so that our people can do it? Three plans, each checked",
            ["waves", str(trust), "--out", str(home / "waves.html")],
        ),
        (
            "How sure are these dates? Ten thousand times played through",
            ["simulate", str(trust), "--assume", "80,150", "--out", str(home / "risk.html")],
        ),
        ("Store it, as version 1", ["apply", str(trust), "--yes", "--at", APPROVED]),
        (
            f"The chief executive approves the plan ({APPROVED})",
            ["baseline", "take", "--reason", "Agreed by the trustees", "--as", "chief-executive", "--at", APPROVED],
        ),
        (
            f"Eight months on ({TODAY}): what has happened since, and what was decided at the gates",
            ["task", "import", str(trust / "progress.csv"), "--decisions", str(trust / "decisions.csv"), *at],
        ),
        (
            "What people saw of the sponsor",
            ["sponsor", "act", "Opened the training at Ashdown", "--on", "2027-04-19", *at],
        ),
    ]
    shipped = programme_templates()[TEMPLATE]
    steps += [
        (f"Where people stand: {path.stem}", ["assess", "import", str(trust / "adkar" / path.name), *at])
        for path in sorted((shipped / "adkar").glob("*.csv"))
    ]
    for path in sorted((shipped / "parallel-runs" / "payroll").glob("*-old.csv")):
        period = path.name.removesuffix("-old.csv")
        command = ["pilot", "reconcile", str(runs / path.name), str(runs / f"{period}-new.csv"), "--service", "payroll"]
        steps.append((f"Old payroll against new: {period}", [*command, "--period", period, *at]))
    steps += [
        ("Has the parallel run earned a go?", ["gate", "show", "payroll/pilot/go-no-go", *at]),
        ("What waits for a decision, and what was decided?", ["gate", "list", *at]),
        (
            "The chief executive's own judgement beside the evidence",
            [*judgement, "--reason", "May brings the second clean payroll run; the rest is in hand", *at],
        ),
        ("What is due today?", ["tick", "--at", f"{TODAY}T07:00"]),
        ("Nudges, through the Prefect flow", ["flows", "run", "dispatch-nudges", "--at", f"{TODAY}T09:00"]),
        ("What changed since the baseline, and why?", ["changes", "--since", "baseline", *at]),
        ("The report to the SRO", ["report", "sro", "--issue", "--out", str(home / "sro-report.html"), *at]),
        ("The same numbers as JSON", ["report", "sro", "--out", str(home / "sro-report.json"), *at]),
        ("Is the chain of changes whole?", ["audit", "verify"]),
    ]
    return steps


if __name__ == "__main__":
    typer.run(main)
