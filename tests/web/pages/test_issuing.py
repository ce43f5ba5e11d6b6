"""A report is issued in the browser, and is the same as the command's."""

import pytest

from changeflow.usecases.issued_reports import issued_on
from tests.every_role import TODAY, World
from tests.web.visiting import signed_in, text_of

URL = "/p/small/reports"


@pytest.mark.slow
def test_a_report_is_issued_once_on_a_page(own_world: World):
    browser = signed_in(own_world.db, "chief")
    page = browser.get(URL)
    assert issued_on("small", db=own_world.db, on=TODAY) is None
    answers = [browser.send(URL, page) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    shown = browser.get(answers[0].headers["location"])
    assert "The report is the first in the list." in text_of(shown)
    assert shown.text.count('/reports/1"') == 1
    assert "/reports/2" not in shown.text
    found = issued_on("small", db=own_world.db, on=TODAY)
    assert found is not None
    assert found.report is not None
    assert found.report.issued is not None
    assert found.report.issued.number == 1
    assert own_world.audited()[-1] == ("chief", "report", "report:1")


def test_who_may_not_issue_a_report_sees_no_button(world: World):
    page = signed_in(world.db, "viewer").get(URL)
    assert "Issue today’s report" not in page.text
