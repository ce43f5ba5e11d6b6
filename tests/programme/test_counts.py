"""Every output counts the same tasks, milestones and links."""

from datetime import date
from pathlib import Path

from changeflow.intake.folder import read_folder
from changeflow.programme.counts import counts_in_words
from changeflow.programme.facts import Facts
from changeflow.programme.programme import join
from changeflow.reports.sro import build_sro
from changeflow.reports.tables import plan_text
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.rules.engine import judge
from changeflow.usecases.dispatch import Dispatched
from changeflow.values.moments import minute_of
from changeflow.values.moved_dates import later_or_earlier
from tests.builders import a_folder


def test_plan_and_report_count_the_same_tasks(tmp_path: Path):
    """Two steps once, eight for each of two waves, training at three schools, and the programme's close: 2 + 16 + 3 + 1
    = 22. The milestone is no task."""
    read = read_folder(a_folder(tmp_path))
    begun = minute_of(date(2027, 1, 4))
    facts = Facts(progress={"payroll/requirements": TaskProgress(begun, begun + 1000)})
    programme, _ = join(read.definition, rulepacks=read.rulepacks, facts=facts, on=date(2027, 1, 11))
    judged = judge(programme)
    links = judged.programme.roadmap.links
    ruled = sum(k.origin.startswith("rule:") for k in links)
    counts = counts_in_words(judged.programme)
    assert counts == f"22 tasks, 1 milestone, {len(links)} links" + (f" ({ruled} added by rules)" if ruled else "")
    assert next(plan_text(judged)).endswith(counts)
    assert "1 of 22 tasks is complete and 0 in progress, not counting milestones." in str(
        build_sro(judged, today=date(2027, 1, 11))
    )


def test_numbers_agree_with_what_they_count():
    assert Dispatched(sent=1, nudges=1, held=2).words == "1 message sent (1 nudge), 2 held"
    assert Dispatched(withdrawn=1).words == "1 withdrawn"
    assert (later_or_earlier(-61), later_or_earlier(1)) == ("61 days earlier", "1 day later")
