"""`make run`: the main workflow on the sample programme, step by step, with every command shown.

The dates are those of the sample: the plan is approved on 1 September 2026, reminders are due on 4 May 2027, and
payroll's pilot is decided on 20 May 2027.
"""

import os
import re
import shlex
import shutil
import sys
import time
from collections import Counter
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
"""Questions to suggest at the end: why a school goes live when it does, which schools are late, and what to decide."""
PAGES = {
    "sro-report.html": "the report to the senior responsible owner: start here",
    "trustees.html": "one page for the trustees",
    "go-no-go.html": "the go/no-go decision for payroll's pilot",
    "waves.html": "which school goes when: three plans compared",
    "risk.html": "how likely the dates are",
}
"""What to open, in this order."""
FILES = {
    "trustees.pdf": "the trustees' page on paper",
    "go-no-go.pdf": "the go/no-go page on paper",
    "sro-report.pdf": "the report on paper",
    "sro-report.json": "the report's numbers, which `changeflow report verify` checks",
}
TRUST = "the programme's own files, to read and change"
GATE = "payroll/pilot/go-no-go"
SHOWN_LINES = 18
SHOWN_NOTES = 6
"""How many notes of a command to show: a long search reports each better plan."""
GROUPS = ("gate", "report", "pilot")
"""Commands of two words."""
PROGRESS = "…"
"""How a progress note ends."""
_IN_DOUBLE = re.compile(r"[\w\s.,;:/+=@%'()-]*")
"""The characters that double quotation marks protect in a shell."""


class Demo:
    """Runs commands in a folder of its own and shows what they print."""

    def __init__(self, home: Path) -> None:
        self.home = home
        # The file is given here because a running command replaces `sys.stdout`.
        self.console = Console(file=sys.stdout, highlight=False)
        self.outbox = home / "messages"
        self.kept = Counter[str]()
        """How often each command's output was kept."""
        self.server: PrefectServer | None = None
        self.environment = {
            "CHANGEFLOW_DB": f"sqlite:///{home / 'changeflow.db'}",
            "CHANGEFLOW_OUTBOX": str(self.outbox),
            "CHANGEFLOW_AS": "programme-manager",
            "CHANGEFLOW_ANCHOR": str((home / "audit-anchor.txt").resolve()),
            "PREFECT_HOME": str((home / "prefect").resolve()),
        }

    def start_server(self) -> None:
        """Start a Prefect server, which takes as long as several steps, unless PREFECT_API_URL names one."""
        if "PREFECT_API_URL" not in os.environ:
            self.server = PrefectServer(self.environment)
            self.console.print("\n[bold]Start a Prefect server in the background, for a later step[/bold]")
            self._note(self.server.starting)

    def stop_server(self) -> None:
        """Stop the server that was started, if there is one."""
        if self.server is not None:
            server, self.server = self.server, None
            if stopped := server.stop():
                self._note(stopped)

    def run(self, title: str, *command: str, shown: int = SHOWN_LINES, allowed: Sequence[int] = (0,)) -> None:
        """Run one command; if its output is long, keep all of it in the folder."""
        self.console.print(f"\n[bold]{title}[/bold]", soft_wrap=True)
        line, environment = f"changeflow {' '.join(map(quoted, command))}", self.environment
        if self.server is not None and command[0] == SERVED:
            address = self.server.address()
            line, environment = f"PREFECT_API_URL={address} {line}", {**environment, "PREFECT_API_URL": address}
        self.console.print(f"$ {line}", style="cyan", markup=False, soft_wrap=True)
        done = run_command(command, environment)
        lines, notes = done.stdout.splitlines(), done.stderr.splitlines()
        for note in [n for n in notes if n.endswith(PROGRESS)][-SHOWN_NOTES:]:
            self._note(note)
        for line in lines[:shown]:
            self.console.print(f"  {line}", markup=False, soft_wrap=True)
        if len(lines) > shown:
            name = "-".join(command[:2] if command[0] in GROUPS else command[:1])
            self.kept[name] += 1
            kept = self.home / (f"{name}.txt" if self.kept[name] == 1 else f"{name}-{self.kept[name]}.txt")
            write_whole(kept, done.stdout)
            self.console.print(f"  … {len(lines) - shown} more lines in {kept}", style="dim")
        for note in [n for n in notes if not n.endswith(PROGRESS)][-SHOWN_NOTES:]:
            self._note(note)
        if command[0] == SERVED:
            self.stop_server()
        if done.exit_code not in allowed:
            self.console.print(f"changeflow {command[0]} failed with exit code {done.exit_code}.", style="red")
            raise typer.Exit(done.exit_code)

    def _note(self, line: str) -> None:
        self.console.print(f"  {line}", style="dim", markup=False, soft_wrap=True)


def quoted(word: str) -> str:
    """Write a word as people do in a shell: in double quotation marks if it has an apostrophe."""
    return f'"{word}"' if "'" in word and _IN_DOUBLE.fullmatch(word) else shlex.quote(word)


@formatted_errors()
def main(home: Path) -> None:
    """Plan, store, approve, report progress, tick, nudge and report, in the folder `home`."""
    began = time.monotonic()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    demo, trust = Demo(home), home / "trust"
    todo = steps(home, trust)
    columns = (TextColumn("step"), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=demo.console, transient=True) as progress:
        demo.start_server()
        try:
            for title, command in progress.track(todo, description=""):
                demo.run(title, *command)
        finally:
            demo.stop_server()
    _say_what_to_open(demo, time.monotonic() - began)


def _say_what_to_open(demo: Demo, seconds: float) -> None:
    def say(text: str = "", style: str | None = None) -> None:
        demo.console.print(text, style=style, markup=False, soft_wrap=True)

    home, messages = demo.home, len(list(demo.outbox.glob("*.eml")))
    say()
    say(f"Done in {seconds:.0f} s. Every server is stopped.", "bold")
    say("Open these in a browser:")
    for file, what in PAGES.items():
        say(f"  {home / file!s:<24} {what}")
    say("Also written:")
    for file, what in (
        *FILES.items(),
        ("messages/", f"{messages} reminders as files; nothing left this machine"),
        ("trust/", TRUST),
    ):
        say(f"  {f'{home}/{file}':<24} {what}")
    say()
    say("To open the programme in the browser, as the programme manager, the SRO or a headteacher:")
    say("  make serve")
    say()
    say("To ask more questions, copy these lines:")
    known = f"CHANGEFLOW_DB={demo.environment['CHANGEFLOW_DB']} CHANGEFLOW_AS={demo.environment['CHANGEFLOW_AS']}"
    say(f"  source .venv/bin/activate; export {known}")
    for question in QUESTIONS:
        say(f"  changeflow {question} --at {DECIDED}")
    say(f"Add --at {DECIDED} to your own questions too. Without it, commands show the sample as it would be today.")


def steps(home: Path, trust: Path) -> list[tuple[str, list[str]]]:
    """Return each step's title and command, in order."""
    judgement = ["confidence", "set", "amber", "--as", "chief-executive"]
    at, runs = ["--at", TODAY], trust / "parallel-runs" / "payroll"
    found = [
        ("Create a sample programme of fourteen schools", ["init", str(trust)]),
        ("Check its files", ["validate", str(trust)]),
        ("When does each school go live, and what determines that?", ["plan", str(trust)]),
        (
            "When should each school go live, with the people we have? Three plans, each checked",
            ["waves", str(trust), "--out", str(home / "waves.html")],
        ),
        ("Create a database to try things in, which sends no messages to people", ["db", "sandbox", "--at", APPROVED]),
        ("Store the programme as version 1", ["apply", str(trust), "--yes", "--at", APPROVED]),
        (
            f"The chief executive approves the plan ({APPROVED})",
            ["baseline", "take", "--reason", "Agreed by the trustees", "--as", "chief-executive", "--at", APPROVED],
        ),
        (
            f"Eight months later ({TODAY}): import the progress since then, and the decisions at gates",
            ["task", "import", str(trust / "progress.csv"), "--decisions", str(trust / "decisions.csv"), "--yes", *at],
        ),
        (
            "Record what the sponsor visibly did",
            ["sponsor", "act", "Opened the training at Ashdown", "--on", "2027-04-19", *at],
        ),
    ]
    shipped = programme_templates()[TEMPLATE]
    found += [
        (
            f"Import an assessment of people's readiness: {path.stem}",
            ["assess", "import", str(trust / "adkar" / path.name), *at],
        )
        for path in sorted((shipped / "adkar").glob("*.csv"))
    ]
    explained = ["--between=-12..12", "--reason", "April's back-dated change of band", "--as", "payroll-manager", *at]
    found += [
        ("Compare the old and new payroll: the first run fails", _reconcile(runs, "2027-03", TODAY)),
        ("The second run: five people's pensions differ", _reconcile(runs, "2027-04", TODAY)),
        ("The payroll manager explains it …", ["pilot", "explain", "payroll", "2027-04", "pension", *explained]),
        ("… and its effect on their net pay", ["pilot", "explain", "payroll", "2027-04", "net", *explained]),
        ("Compare again: the second run is clean", _reconcile(runs, "2027-04", TODAY)),
        ("Does the evidence support going live?", ["gate", "show", GATE, *at]),
        ("Which decisions are needed, and which have been made?", ["gate", "list", *at]),
        (
            "Record the chief executive's own rating of the programme",
            [*judgement, "--reason", "The second clean payroll run is due in May; the rest is in hand", *at],
        ),
        ("What is due today?", ["tick", "--at", f"{TODAY}T07:00"]),
        ("Send reminders, with the Prefect flow", ["flows", "run", "dispatch-nudges", "--at", f"{TODAY}T09:00"]),
        ("What changed since the baseline, and why?", ["changes", "--since", "baseline", *at]),
        (
            "How likely are these dates? Ten thousand simulations",
            ["simulate", "--out", str(home / "risk.html"), *at],
        ),
        ("Issue the report to the SRO", ["report", "sro", "--issue", "--out", str(home / "sro-report.html"), *at]),
        ("The same report as a PDF", ["report", "sro", "--out", str(home / "sro-report.pdf"), *at]),
        ("The same report as data", ["report", "sro", "--out", str(home / "sro-report.json"), *at]),
        (
            "Check the report's dates, and that it matches the issued report",
            ["report", "verify", str(home / "sro-report.json"), "--issued"],
        ),
        ("One page for the trustees", ["report", "trustees", "--out", str(home / "trustees.html"), *at]),
        ("The same page as a PDF", ["report", "trustees", "--out", str(home / "trustees.pdf"), *at]),
        *_decision(home, trust, runs),
        ("Check that no one has altered the audit log", ["audit", "verify"]),
    ]
    return found


def _reconcile(runs: Path, period: str, day: str) -> list[str]:
    files = [str(runs / f"{period}-{side}.csv") for side in ("old", "new")]
    return ["pilot", "reconcile", *files, "--service", "payroll", "--period", period, "--at", day]


def _decision(home: Path, trust: Path, runs: Path) -> list[tuple[str, list[str]]]:
    """Two weeks on: the third run, the confirmations, and the decision."""
    at = ["--at", DECIDED]
    progress, decided = trust / "progress-2027-05.csv", trust / "decisions-2027-05.csv"
    later = ["--decisions", str(decided), *at]
    lead, clerk = ["--as", "director-of-people", *at], ["--as", "payroll-manager", *at]
    confirmed = {
        "pension-files": ["--evidence", "The May contribution file agrees to the penny"],
        "year-to-date": ["--evidence", "The totals for all 400 contracts agree with the last FPS"],
        "service-desk": ["--evidence", "Two advisers are on the rota until 2 July"],
        "way-back": ["--evidence", "The supplier keeps the old system running until 31 July", "--until", "2027-07-31"],
    }
    page, paper = home / "go-no-go.html", home / "go-no-go.pdf"
    return [
        (
            f"Two weeks later ({DECIDED}): import the progress",
            ["task", "import", str(progress), "--yes", *later],
        ),
        ("The third run is clean as well", _reconcile(runs, "2027-05", DECIDED)),
        *(
            (f"Confirm an item on the checklist: {i}", ["pilot", "confirm", GATE, i, *said, *lead])
            for i, said in confirmed.items()
        ),
        ("The payroll manager signs", ["pilot", "sign", GATE, *clerk]),
        ("The Director of Finance signs", ["pilot", "sign", GATE, "--as", "director-of-finance", *at]),
        ("One page for the decision", ["report", "go-no-go", GATE, "--out", str(page), *at]),
        ("The same page as a PDF", ["report", "go-no-go", GATE, "--out", str(paper), *at]),
        (
            "The chief executive decides",
            ["gate", "decide", GATE, "go", "--reason", "Two clean runs", "--as", "chief-executive", *at],
        ),
        ("What determines the date of the next wave?", ["why", "payroll/w2/go-live", *at]),
    ]


if __name__ == "__main__":
    typer.run(main)
