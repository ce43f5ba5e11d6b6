"""Run all of it, on SQLite and on PostgreSQL, and print the counts; the exit code is 1 where anything was lost.

`make chaos` takes about twenty minutes; `python -m chaos --short --only sqlite` half a minute.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from changeflow.storage import keys
from chaos.checks import Verdict
from chaos.databases import Databases, Postgresql, Sqlite
from chaos.kills import Size, at_every_point, at_random, quiet_run
from chaos.lines import line_faults, refused_addresses, stalled_claim
from chaos.restores import restores
from chaos.workers import warm_up

KILLS_A_DAY = 28
COLUMNS = ("messages", "kills", "repeats", "lost", "unmarked", "under_two_ids", "different", "unfinished",
           "audit_faults", "unreleased")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=2_000, help="random kills, on each database")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("sqlite", "postgresql", "prefect"))
    parser.add_argument("--short", action="store_true", help="every twelfth point and thirty kills, of databases alone")
    chosen = parser.parse_args(arguments)
    kills, every = (30, 12) if chosen.short else (chosen.kills, 1)
    warm_up()
    results: list[tuple[str, Verdict]] = []
    sound: list[bool] = []
    began = time.monotonic()
    size = Size(people=40 if chosen.short else 120, tasks=4, days=-(-kills // KILLS_A_DAY), kills_a_day=KILLS_A_DAY)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        # One key for all: with keys of their own, two databases would give the same message two Message-IDs.
        keys.keep_in(folder / "changeflow.key")
        # What this machine has seen of PostgreSQL databases lies in the account's folder otherwise.
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        kinds: dict[str, Callable[[Path], Databases]] = {"sqlite": Sqlite, "postgresql": Postgresql}
        wanted = [kind for name, kind in kinds.items() if chosen.only in (None, name)]
        if wanted:
            _say(f"seed {chosen.seed}; a quiet run of {size.days} days to compare with ...")
            quiet = quiet_run(folder, size)
        for kind in wanted:
            databases = kind(folder)
            try:
                _say(f"{databases.name}: killed at every marked point ...")
                results.append(
                    (f"{databases.name}, every point", at_every_point(databases, folder, every=every, say=_say))
                )
                if not chosen.short:
                    results.append((f"{databases.name}, broken lines", _lines(databases, folder, sound)))
                _say(f"{databases.name}: killed at random ...")
                verdict = at_random(databases, folder, size, quiet, seed=chosen.seed, say=_say)
                results.append((f"{databases.name}, at random", verdict))
                _say(f"{databases.name}: copies put back ...")
                days, a_day, people = (6, 1, 20) if chosen.short else (25, 4, 60)
                verdict = restores(databases, folder, days=days, a_day=a_day, people=people, seed=chosen.seed, say=_say)
                results.append((f"{databases.name}, copies put back", verdict))
            finally:
                databases.close()
        if chosen.only == "prefect" or (chosen.only is None and not chosen.short):
            from chaos.prefect_line import prefect_faults

            _say("Prefect behind a line that breaks ...")
            results.append(("Prefect, broken lines", prefect_faults(folder, say=_say)))
    _table(results)
    is_well = all(verdict.is_well for _, verdict in results) and all(sound)
    print(f"{'All is well' if is_well else 'SOMETHING WAS LOST'} after {time.monotonic() - began:.0f} s.")
    return 0 if is_well else 1


def _lines(databases: Databases, folder: Path, sound: list[bool]) -> Verdict:
    _say(f"{databases.name}: lines that break ...")
    verdict = line_faults(databases, folder, say=_say)
    _say(f"{databases.name}: addresses that are refused ...")
    sound.append(refused_addresses(databases, folder, say=_say))
    _say(f"{databases.name}: a claim whose holder is dead ...")
    sound.append(stalled_claim(databases, folder, say=_say))
    return verdict


def _table(results: list[tuple[str, Verdict]]) -> None:
    width = max(len(name) for name, _ in results)
    print(" " * width, *(name.replace("_", " ") for name in COLUMNS), sep="  ")
    for name, verdict in results:
        cells = (f"{getattr(verdict, c):>{len(c)}}" for c in COLUMNS)
        print(f"{name:<{width}}", *cells, sep="  ")
        for note in verdict.notes[:20]:
            print(f"  {note}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
