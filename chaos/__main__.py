"""Run all parts on SQLite and PostgreSQL, and print the counts; exit with 1 if anything was lost.

`make chaos` takes about an hour; `python -m chaos --short --only sqlite` half a minute.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path

from changeflow.storage import keys
from changeflow.values.duration import counted
from chaos.checks import Verdict
from chaos.databases import Databases, Postgresql, Sqlite
from chaos.edits import EditVerdict, edits
from chaos.kills import Size, at_every_point, at_random, quiet_run
from chaos.lines import line_faults, refused_addresses, stalled_claim
from chaos.restores import restores
from chaos.sign_ins import SignInVerdict, sign_ins
from chaos.workers import warm_up

KILLS_A_DAY = 28
AnyVerdict = Verdict | EditVerdict | SignInVerdict


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=2_000, help="random kills on each database")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("sqlite", "postgresql", "prefect"))
    parser.add_argument(
        "--part", choices=("messages", "edits", "sign-ins"), help="only messages, edits on pages, or sign-ins"
    )
    parser.add_argument("--stop-at-first", action="store_true", help="stop after the first kill or part with a fault")
    parser.add_argument(
        "--short", action="store_true", help="only databases, with every twentieth point and twenty kills"
    )
    chosen = parser.parse_args(arguments)
    warm_up()
    results: list[tuple[str, AnyVerdict]] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        # One key for all: with separate keys, two databases would give the same message two Message-IDs.
        keys.keep_in(folder / "changeflow.key")
        # Otherwise the account's own folder would get this machine's state of the PostgreSQL databases.
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        with closing(_parts(chosen, folder)) as parts:
            for name, verdict in parts:
                results.append((name, verdict))
                if chosen.stop_at_first and not verdict.is_well:
                    break
    for kind in (Verdict, EditVerdict, SignInVerdict):
        _table([(name, verdict) for name, verdict in results if isinstance(verdict, kind)], kind.COLUMNS)
    is_well = all(verdict.is_well for _, verdict in results)
    print(f"{'All is well' if is_well else 'SOMETHING WAS LOST'} after {time.monotonic() - began:.0f} s.")
    return 0 if is_well else 1


def _parts(chosen: argparse.Namespace, folder: Path) -> Generator[tuple[str, AnyVerdict], None, None]:
    """Run each chosen part, and yield its name and verdict."""
    kills, every = (20, 20) if chosen.short else (chosen.kills, 1)
    size = Size(people=30 if chosen.short else 120, tasks=4, days=-(-kills // KILLS_A_DAY), kills_a_day=KILLS_A_DAY)
    kinds: dict[str, Callable[[Path], Databases]] = {"sqlite": Sqlite, "postgresql": Postgresql}
    wanted = [kind for name, kind in kinds.items() if chosen.only in (None, name)]
    if wanted and chosen.part in (None, "messages"):
        _say(f"seed {chosen.seed}; a quiet run of {counted(size.days, 'day')} to compare with ...")
        quiet = quiet_run(folder, size)
    for kind in wanted:
        with closing(kind(folder)) as databases:
            name = databases.name
            if chosen.part in (None, "edits"):
                _say(f"{name}: edits on pages ...")
                yield f"{name}, edits", _edits(databases, folder, chosen)
            if chosen.part in (None, "sign-ins"):
                _say(f"{name}: sign-in links used many times at once ...")
                rounds, at_once = (5, 40) if chosen.short else (1_000, 100)
                yield f"{name}, sign-ins", sign_ins(databases, folder, rounds=rounds, at_once=at_once, say=_say)
            if chosen.part in ("edits", "sign-ins"):
                continue
            _say(f"{name}: kills at every marked point ...")
            verdict = at_every_point(databases, folder, every=every, stop_at_first=chosen.stop_at_first, say=_say)
            yield f"{name}, every point", verdict
            if not chosen.short:
                yield f"{name}, broken connections", _lines(databases, folder)
            _say(f"{name}: random kills ...")
            yield f"{name}, at random", at_random(databases, folder, size, quiet, seed=chosen.seed, say=_say)
            _say(f"{name}: restores of copies ...")
            days, a_day, people = (4, 1, 20) if chosen.short else (25, 4, 60)
            verdict = restores(databases, folder, days=days, a_day=a_day, people=people, seed=chosen.seed, say=_say)
            yield f"{name}, restores", verdict
    if chosen.only == "prefect" or (chosen.only is None and chosen.part is None and not chosen.short):
        from chaos.prefect_line import prefect_faults

        _say("Prefect behind a broken connection ...")
        yield "Prefect, broken connections", prefect_faults(folder, say=_say)


def _edits(databases: Databases, folder: Path, chosen: argparse.Namespace) -> EditVerdict:
    each, pause = (10, None) if chosen.short else (200, 30)
    return edits(databases, folder, clients=50, each=each, kill_every=pause, seed=chosen.seed, say=_say)


def _lines(databases: Databases, folder: Path) -> Verdict:
    _say(f"{databases.name}: broken connections ...")
    verdict = line_faults(databases, folder, say=_say)
    for check, title in ((refused_addresses, "refused addresses"), (stalled_claim, "the claim of a dead worker")):
        _say(f"{databases.name}: {title} ...")
        if not check(databases, folder, say=_say):
            verdict.different += 1
            verdict.notes.append(f"Failed check: {title}.")
    return verdict


def _table(results: Sequence[tuple[str, AnyVerdict]], columns: Sequence[str]) -> None:
    width = max((len(name) for name, _ in results), default=0)
    if results:
        print(" " * width, *(name.replace("_", " ") for name in columns), sep="  ")
    for name, verdict in results:
        cells = (f"{getattr(verdict, c):>{len(c)}}" for c in columns)
        print(f"{name:<{width}}", *cells, sep="  ")
        for note in verdict.notes[:20]:
            print(f"  {note}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
