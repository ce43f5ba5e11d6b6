"""`make run`: the main job on the sample programme, step by step, with every command shown.

It takes the sample's own dates: the plan is approved on 1 September 2026, the day of the tick is 4 May 2027, and
payroll's pilot is decided on 20 May 2027.
"""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from changeflow.cli.output import formatted_errors
from changeflow.files import write_whole
from changeflow.places import programme_templates
from demo.commands import SERVED, run_command
from demo.prefect_server import PrefectServer

TEMPLATE = "trust-central-services"
APPROVED, TODAY, DECIDED = "2026-09-01", "2027-05-04", "2027-05-20"
QUESTIONS = ("why oakfield/payroll", "announce list --late", "gate list")
"""What to ask at the end: why a school goes live when it does, which schools go later, and what is late."""
GATE = "payroll/pilot/go-no-go"
SHOWN_LINES = 18
SHOWN_NOTES = 6
GROUPS = ("gate", "report", "pilot")
"""Commands of two words."""
"""Of what a command says beside its answer: a long search tells of each better plan."""


class Demo:
    """Runs commands in a folder of its own and shows what they print."""

    def __init__(self, home: Path) -> None:
        self.home = home
        # Given its file: while a command runs, `sys.stdout` is what the command prints to.
        self.console = Console(file=sys.stdout, highlight=False)
        self.outbox = home / "messages"
        self.server: PrefectServer | None = None
        self.environment = {
            "CHANGEFLOW_DB": f"sqlite:///{home / 'changeflow.db'}",
            "CHANGEFLOW_OUTBOX": str(self.outbox),
            "CHANGEFLOW_AS": "programme-manager",
            "CHANGEFLOW_ANCHOR": str((home / "audit-anchor.txt").resolve()),
            "PREFECT_HOME": str((home / "prefect").resolve()),
        }

    def start_server(self) -> None:
        """Start a Prefect server, which takes as long as several steps; with PREFECT_API_URL set, that one is used."""
        if "PREFECT_API_URL" not in os.environ:
            self.server = PrefectServer(self.environment)
            self.console.print("\n[bold]In the background, for a later step: a Prefect server[/bold]")
            self._note(self.server.starting)

    def stop_server(self) -> None:
        """Stop the server that was started, if there is one."""
        if self.server is not None:
            server, self.server = self.server, None
            if stopped := server.stop():
                self._note(stopped)

    def run(self, title: str, *command: str, shown: int = SHOWN_LINES, allowed: Sequence[int] = (0,)) -> None:
        """Run one command; its whole output is kept in the folder when it is long."""
        self.console.print(f"\n[bold]{title}[/bold]")
        line, environment = f"changeflow {shlex.join(command)}", self.environment
        if self.server is not None and command[0] == SERVED:
            address = self.server.address()
            line, environment = f"PREFECT_API_URL={address} {line}", {**environment, "PREFECT_API_URL": address}
        self.console.print(f"$ {line}", style="cyan", markup=False, soft_wrap=True)
        done = run_command(command, environment)
        lines = done.stdout.splitlines()
        for line in lines[:shown]:
            self.console.print(f"  {line}", markup=False, soft_wrap=True)
        if len(lines) > shown:
            kept = self.home / f"{'-'.join(command[:2] if command[0] in GROUPS else command[:1])}.txt"
            write_whole(kept, done.stdout)
            self.console.print(f"  … {len(lines) - shown} more lines in {kept}", style="dim")
        for line in done.stderr.splitlines()[-SHOWN_NOTES:]:
            self._note(line)
        if command[0] == SERVED:
            self.stop_server()
        if done.exit_code not in allowed:
            self.console.print(f"changeflow {command[0]} failed with exit code {done.exit_code}.", style="red")
            raise typer.Exit(done.exit_code)

    def _note(self, line: str) -> None:
        self.console.print(f"  {line}", style="dim", markup=False, soft_wrap=True)


@formatted_errors()
def main(home: Path) -> None:
    """Plan, store, approve, report progress, tick, nudge and report, in the folder `home`."""
    began = time.monotonic()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    demo, trust = Demo(home), home / "trust"
    steps = _steps(home, trust)
    columns = (TextColumn("step"), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=demo.console, transient=True) as progress:
        demo.start_server()
        try:
            for title, command in progress.track(steps, description=""):
                demo.run(title, *command)
        finally:
            demo.stop_server()
    messages = len(list(demo.outbox.glob("*.eml")))
    demo.console.print(f"\n[bold]Done in {time.monotonic() - began:.0f} s.[/bold] Every server is stopped.")
    demo.console.print(f"  The report to the SRO:  {home / 'sro-report.html'}", soft_wrap=True)
    demo.console.print(f"  Its numbers as JSON:    {home / 'sro-report.json'}", soft_wrap=True)
    demo.console.print(f"  Payroll: go or no-go:   {home / 'go-no-go.html'}, and .pdf", soft_wrap=True)
    demo.console.print(f"  Rollout waves:          {home / 'waves.html'}", soft_wrap=True)
    demo.console.print(f"  How sure dates are:     {home / 'risk.html'}", soft_wrap=True)
    demo.console.print(f"  {f'{messages} messages:':<23} {demo.outbox}{'/'}", soft_wrap=True)
    demo.console.print(f"  The programme's folder: {trust}", soft_wrap=True)
    demo.console.print("\nTo ask it more, copy these lines:", soft_wrap=True)
    known = f"CHANGEFLOW_DB={demo.environment['CHANGEFLOW_DB']} CHANGEFLOW_AS={demo.environment['CHANGEFLOW_AS']}"
    demo.console.print(f"  source .venv/bin/activate; export {known}", soft_wrap=True)
    for question in QUESTIONS:
        demo.console.print(f"  changeflow {question} --at {DECIDED}", markup=False, soft_wrap=True)


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
        ("Store it, as version 1", ["apply", str(trust), "--yes", "--at", APPROVED]),
        (
            f"The chief executive approves the plan ({APPROVED})",
            ["baseline", "take", "--reason", "Agreed by the trustees", "--as", "chief-executive", "--at", APPROVED],
        ),
        (
            f"Eight months on ({TODAY}): what has happened since, and what was decided at the gates",
            ["task", "import", str(trust / "progress.csv"), "--decisions", str(trust / "decisions.csv"), "--yes", *at],
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
    explained = ["--between=-12..12", "--reason", "April's back-dated change of band", "--as", "payroll-manager", *at]
    steps += [
        ("Old payroll against new: the first run fails", _reconcile(runs, "2027-03", TODAY)),
        ("The second: what differs is the pension of five", _reconcile(runs, "2027-04", TODAY)),
        ("The payroll manager explains it …", ["pilot", "explain", "payroll", "2027-04", "pension", *explained]),
        ("… and what follows from it", ["pilot", "explain", "payroll", "2027-04", "net", *explained]),
        ("Compared again, the second run is clean", _reconcile(runs, "2027-04", TODAY)),
        ("Has the parallel run earned a go?", ["gate", "show", GATE, *at]),
        ("What waits for a decision, and what was decided?", ["gate", "list", *at]),
        (
            "The chief executive's own judgement beside the evidence",
            [*judgement, "--reason", "May brings the second clean payroll run; the rest is in hand", *at],
        ),
        ("What is due today?", ["tick", "--at", f"{TODAY}T07:00"]),
        ("Nudges, through the Prefect flow", ["flows", "run", "dispatch-nudges", "--at", f"{TODAY}T09:00"]),
        ("What changed since the baseline, and why?", ["changes", "--since", "baseline", *at]),
        (
            "How sure are these dates? Played through ten thousand times",
            ["simulate", "--out", str(home / "risk.html"), *at],
        ),
        ("The report to the SRO, as JSON", ["report", "sro", "--out", str(home / "sro-report.json"), *at]),
        ("The same as a page, issued", ["report", "sro", "--issue", "--out", str(home / "sro-report.html"), *at]),
        *_decision(home, trust, runs),
        ("Is the chain of changes whole?", ["audit", "verify"]),
    ]
    return steps


def _reconcile(runs: Path, period: str, day: str) -> list[str]:
    files = [str(runs / f"{period}-{side}.csv") for side in ("old", "new")]
    return ["pilot", "reconcile", *files, "--service", "payroll", "--period", period, "--at", day]


def _decision(home: Path, trust: Path, runs: Path) -> list[tuple[str, list[str]]]:
    """Two weeks on: the third run, the confirmations, and the decision."""
    at = ["--at", DECIDED]
    progress, decided = trust / "progress-2027-05.csv", trust / "decisions-2027-05.csv"
    later = ["--decisions", str(decided), *at]
    clerk = ["--as", "payroll-manager", *at]
    confirmed = {
        "pension-files": ["--evidence", "The contribution file of May agrees to the penny"],
        "year-to-date": ["--evidence", "Totals of 400 contracts agree with the last FPS"],
        "service-desk": ["--evidence", "Two advisers are on the rota until 2 July"],
        "way-back": ["--evidence", "The old licence runs on", "--until", "2027-07-31"],
    }
    page, paper = home / "go-no-go.html", home / "go-no-go.pdf"
    return [
        (
            f"Two weeks on ({DECIDED}): what has happened",
            ["task", "import", str(progress), "--yes", *later],
        ),
        ("The third run is clean as well", _reconcile(runs, "2027-05", DECIDED)),
        *((f"Confirmed: {i}", ["pilot", "confirm", GATE, i, *said, *clerk]) for i, said in confirmed.items()),
        ("The payroll manager signs", ["pilot", "sign", GATE, *clerk]),
        ("The Director of Finance signs", ["pilot", "sign", GATE, "--as", "director-of-finance", *at]),
        ("One page for the decision", ["report", "go-no-go", GATE, "--out", str(page), *at]),
        ("The same on paper", ["report", "go-no-go", GATE, "--out", str(paper), *at]),
        (
            "The chief executive decides",
            ["gate", "decide", GATE, "go", "--reason", "Two clean runs", "--as", "chief-executive", *at],
        ),
        ("What drives the next wave now?", ["why", "payroll/w2/go-live", *at]),
    ]


if __name__ == "__main__":
    typer.run(main)
