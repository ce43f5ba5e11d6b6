"""People, process, technology: the planned days of the small programme, counted by hand.

| task | days | of them in two waves or three schools |
|---|---|---|
| requirements, delegation | 5, 5 | 10 of process |
| capacity, system-live | 5, 5 | 10 of people, 10 of technology |
| train | 2 | 6 of people |
| skills, quick-win, checkpoint | 1, 1, 1 | 6 of people |
| restructure | 5 | 10 of people |
| roles-end | 1 | 2 of people |
| close | 1 | 1 of process, of the programme alone |

Payroll: 34 of people, 10 of process, 10 of technology; with the closing 34, 11, 10.
"""

from pathlib import Path

from changeflow.reports.health import balance_lines
from tests.builders import PATHWAY, PROGRAMME
from tests.rules.judging import judged


def test_the_shares_are_those_of_the_table(tmp_path: Path):
    everything, payroll = balance_lines(judged(tmp_path).programme)
    assert (everything.people, everything.process, everything.technology) == (62, 20, 18)
    assert (payroll.name, payroll.people, payroll.process, payroll.technology) == ("Payroll", 63, 19, 19)
    assert (everything.remark, payroll.remark) == ("", "")


def test_too_much_technology_is_told(tmp_path: Path):
    """A system of 40 days in each of two waves: 80 of 124 days, 65 percent."""
    heavy = PATHWAY.replace(
        "kind: system_live, phase: develop, per: wave, duration: 5d",
        "kind: system_live, phase: develop, per: wave, duration: 40d",
    )
    [_, payroll] = balance_lines(judged(tmp_path, pathway=heavy).programme)
    assert (payroll.technology, payroll.remark) == (65, "more than 60% goes to technology")
    calm = PROGRAMME + "policy: {technology_share_at_most: 0.7}\n"
    [_, payroll] = balance_lines(judged(tmp_path, pathway=heavy, programme=calm).programme)
    assert payroll.remark == ""


def test_a_track_is_said_or_follows_from_the_kind(tmp_path: Path):
    """Training as a matter of technology: six days change sides, 28 of people and 16 of technology of 54."""
    said = PATHWAY.replace("train: {kind: training,", "train: {kind: training, track: technology,")
    [_, payroll] = balance_lines(judged(tmp_path, pathway=said).programme)
    assert (payroll.people, payroll.process, payroll.technology) == (52, 19, 30)
