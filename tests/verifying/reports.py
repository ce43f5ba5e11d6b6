"""Reports with proofs, to check: of random programmes, and of a ready one whose dates have moved."""

import hashlib
import json
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from changeflow.programme.programme import Programme
from changeflow.reports.documents import json_of
from changeflow.reports.proof import Grounds, proof_of, with_proof
from changeflow.reports.sro import build_sro
from changeflow.usecases.changes import Since, compare_states
from changeflow.usecases.plan import plan_folder
from changeflow.values.moments import format_day
from tests.oracles import random_programmes
from tests.oracles.answers import planned_programme

READY = Path(__file__).parents[2] / "templates" / "programmes"
Report = dict[str, Any]


def random_report(seed: int) -> str:
    """Return the JSON of a random programme's dates; its naive dates are not worked out, as nothing asks for them."""
    with patch.object(random_programmes, "Naive", lambda expanded: None):
        documents, _ = random_programmes.random_programme(seed)
    return dates_report(planned_programme(documents))


def dates_report(programme: Programme) -> str:
    """Return the JSON of a report that has nothing but milestones and the proof."""
    in_time = sorted(programme.milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id))
    lines = [{"state": "on time", "forecast": format_day(programme.timed(m.task).last_day)} for m in in_time]
    return with_proof({"milestones": lines, "go_lives": [], "changes": None}, proof_of(Grounds(programme, None)))


@lru_cache(maxsize=1)
def moved_report() -> str:
    """Return the JSON of the small ready programme on a day on which much is late, compared with its first day."""
    folder, today = READY / "first-programme", date(2027, 6, 1)
    judged = plan_folder(folder, on=today)
    earlier: Programme = plan_folder(folder, on=date(2026, 9, 1)).programme
    changes = compare_states(Since("the start", earlier), judged.programme)
    return json_of(build_sro(judged, today=today, changes=changes))


def sealed(report: Report) -> str:
    """Return a report's JSON with a checksum that fits, so that only its proof can tell that something is wrong."""
    report["proof"].pop("checksum", None)
    text = json.dumps(report, sort_keys=True, separators=(",", ":"))
    report["proof"]["checksum"] = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return json.dumps(report)
