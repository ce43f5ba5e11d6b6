"""Run the groups and merge their numbers, with date and commit, into bench/out.json."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.adkar import measure_adkar
from bench.agenda import measure_agenda
from bench.audit import measure_audit
from bench.cpm import measure_cpm
from bench.editing import measure_editing
from bench.intake import measure_intake
from bench.level import measure_level
from bench.links import measure_links
from bench.montecarlo import measure_montecarlo
from bench.mpxj import measure_mpxj
from bench.plan import measure_plan
from bench.psplib import measure_psplib
from bench.reconcile import measure_reconcile
from bench.report import measure_report
from bench.rules import measure_rules
from bench.schedules import measure_schedules
from bench.stored import measure_stored
from bench.taskjuggler import measure_taskjuggler
from bench.waves import measure_waves
from bench.web import measure_web
from bench.web_preview import measure_web_preview
from changeflow.usecases.warm_up import warm

GROUPS = {
    "plan": measure_plan,
    "cpm": measure_cpm,
    "taskjuggler": measure_taskjuggler,
    "rules": measure_rules,
    "stored": measure_stored,
    "report": measure_report,
    "mpxj": measure_mpxj,
    "waves": measure_waves,
    "agenda": measure_agenda,
    "links": measure_links,
    "web": measure_web,
    "web_preview": measure_web_preview,
    "editing": measure_editing,
    "adkar": measure_adkar,
    "audit": measure_audit,
    "reconcile": measure_reconcile,
    "schedules": measure_schedules,
    "intake": measure_intake,
    "montecarlo": measure_montecarlo,
    "psplib": measure_psplib,
    "level": measure_level,
}
OUT = Path(__file__).resolve().parent / "out.json"


def main(only: str | None) -> None:
    if only is not None and only not in GROUPS:
        sys.exit(f"There is no group '{only}'. Known: {', '.join(GROUPS)}.")
    # As on a machine that has compiled the engine once: commands compile it when they first need it.
    warm(lambda _: None)
    known = json.loads(OUT.read_text()) if OUT.is_file() else {}
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    for name, measure in GROUPS.items():
        if only in (None, name):
            print(f"{name} ...", file=sys.stderr)
            for key, value in measure().items():
                known[key] = {
                    "value": value,
                    "at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "commit": commit.stdout.strip(),
                }
                print(f"  {key}: {value}")
    OUT.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    print(f"Wrote {OUT}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
