"""Training, checkpoints and visible support recorded in the browser, by the use cases of the commands."""

from datetime import date

import httpx
import pytest

from changeflow.programme.facts import Attendance, SponsorAct
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress
from changeflow.usecases import attendance, governance, progress
from changeflow.usecases.stored import loaded
from tests.every_role import TODAY, World
from tests.web.visiting import Browser, heading, signed_in, text_of

PEOPLE = "/p/small/people"
TRAINING, SUPPORT, CHECKPOINTS = f"{PEOPLE}/training", f"{PEOPLE}/support", f"{PEOPLE}/checkpoints"
SESSION, CHECKPOINT = f"{TRAINING}/payroll/ash/train", f"{CHECKPOINTS}/payroll/w1/checkpoint"
ODD = "<b>x</b> {{ 7*7 }}"


def programme(world: World, on: date = TODAY) -> Programme:
    return loaded("small", db=world.db, on=on)


def saved(browser: Browser, path: str, **fields: str) -> httpx.Response:
    """Check a form and save it, as a person does."""
    checked = browser.send(path, browser.get(path), step="check", **fields)
    assert checked.status_code == 200, text_of(checked)
    assert "What this would change" in text_of(checked)
    return browser.send(path, checked, step="save", **fields, **hidden(checked))


def hidden(page: httpx.Response) -> dict[str, str]:
    from lxml import html

    [form] = html.fromstring(page.text).xpath("//main//form[.//input[@name='effect']]")
    found = {i.get("name"): i.get("value") for i in form.xpath(".//input[@type='hidden']")}
    return {name: found[name] for name in ("effect", "checked", "seen") if name in found}


class TestTraining:
    @pytest.mark.slow
    def test_who_came_is_recorded_with_evidence_and_counted(self, own_world: World):
        browser = signed_in(own_world.db, "lead")
        fields = {"on": "20/3/2027", "came:head": "1", "evidence:head": ODD}
        answer = saved(browser, SESSION, **fields)
        assert answer.status_code == 303
        found = [a for a in programme(own_world).facts.attendance if a.person == "head"]
        assert found == [Attendance(task="payroll/ash/train", person="head", on=date(2027, 3, 20), evidence=ODD)]
        page = browser.get(answer.headers["location"])
        assert "1 of 1, 1 with evidence" in text_of(page)
        assert ODD in text_of(page)
        assert "<b>x" not in page.text
        assert ("lead", "attendance", "attendance:1") in own_world.audited()
        assert ("lead", "look", "attendance") in own_world.audited()
        assert "1 of 1, 1 with evidence" in text_of(browser.get(TRAINING))

    @pytest.mark.slow
    def test_a_double_click_records_once(self, own_world: World):
        browser = signed_in(own_world.db, "lead")
        fields = {"on": "20/3/2027", "came:head": "1", "evidence:head": ""}
        checked = browser.send(SESSION, browser.get(SESSION), step="check", **fields)
        answers = [browser.send(SESSION, checked, step="save", **fields, **hidden(checked)) for _ in range(2)]
        assert [a.status_code for a in answers] == [303, 303]
        assert [what for _, what, _ in own_world.audited()].count("attendance") == 1

    @pytest.mark.slow
    def test_someone_elses_record_in_the_meantime_is_shown(self, own_world: World):
        browser = signed_in(own_world.db, "lead")
        fields = {"on": "20/3/2027", "came:head": "1", "evidence:head": "Mine"}
        checked = browser.send(SESSION, browser.get(SESSION), step="check", **fields)
        other = Attendance(task="payroll/ash/train", person="head", on=date(2027, 3, 19))
        attendance.record_attendance([other], own_world.change("member"))
        stale = browser.send(SESSION, checked, step="save", **fields, **hidden(checked))
        assert stale.status_code == 409
        assert "19 Mar 2027" in text_of(stale)
        assert [a.on for a in programme(own_world).facts.attendance if a.person == "head"] == [date(2027, 3, 19)]

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"on": "20/3/2027"}, "Tick the people who came."),
            (
                {"on": "20/3/2027", "evidence:head": "Ran a payslip"},
                "You entered evidence for someone who is not ticked.",
            ),
            ({"on": "", "came:head": "1"}, "Enter the day of the session."),
            ({"on": "32/3/2027", "came:head": "1"}, "is not a date"),
            ({"on": "20/3/2028", "came:head": "1"}, "in the future"),
            ({"on": "20/3/2027", "came:head": "1", "evidence:head": "x" * 201}, "Shorten it to 200"),
            ({"on": "20/3/2027", "came:head": "1", "evidence:head": "x\x07y"}, "cannot be shown"),
        ],
    )
    def test_what_is_wrong_is_said_and_the_text_kept(self, world: World, fields: dict[str, str], words: str):
        browser = signed_in(world.db, "lead")
        answer = browser.send(SESSION, browser.get(SESSION), step="check", **fields)
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert fields["on"] in answer.text

    @pytest.mark.slow
    def test_a_person_whom_it_is_not_for_is_no_choice(self, world: World):
        browser = signed_in(world.db, "lead")
        fields = {"on": "20/3/2027", "came:chief": "1"}
        assert browser.send(SESSION, browser.get(SESSION), step="check", **fields).status_code == 422


class TestSupport:
    @pytest.mark.slow
    def test_an_act_is_recorded(self, own_world: World):
        browser = signed_in(own_world.db, "head")
        fields = {"what": ODD, "kind": "direct", "who": "lead", "group": "heads", "on": "24/3/2027"}
        answer = saved(browser, SUPPORT, **fields)
        assert answer.status_code == 303
        acts = programme(own_world).facts.acts
        assert SponsorAct(on=date(2027, 3, 24), what=ODD, kind="direct", who="lead", group="heads") in acts
        page = browser.get(answer.headers["location"])
        assert ODD in text_of(page)
        assert "<b>x" not in page.text
        assert ("head", "sponsor", "lead:2027-03-24") in own_world.audited()

    @pytest.mark.slow
    def test_the_same_act_again_changes_nothing_and_says_so(self, own_world: World):
        governance.note_act("Opened it", TODAY, own_world.change("chief"))
        browser = signed_in(own_world.db, "chief")
        fields = {"what": "Opened it", "kind": "seen", "who": "", "group": "", "on": ""}
        checked = browser.send(SUPPORT, browser.get(SUPPORT), step="check", **fields)
        assert "This has already been recorded, so nothing will change." in text_of(checked)

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"kind": "seen"}, "Describe what people saw"),
            ({"what": "x"}, "Choose the kind of support."),
            ({"what": "x", "kind": "other"}, "Choose the kind of support."),
            ({"what": "x", "kind": "seen", "on": "1/1/2030"}, "in the future"),
            ({"what": "x" * 301, "kind": "seen"}, "Shorten it to 300"),
        ],
    )
    def test_what_is_wrong_is_said(self, world: World, fields: dict[str, str], words: str):
        browser = signed_in(world.db, "chief")
        answer = browser.send(SUPPORT, browser.get(SUPPORT), step="check", **fields)
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert "--" not in text_of(answer)

    @pytest.mark.parametrize("field", ["who", "group"])
    def test_a_person_or_group_that_is_none_is_no_choice(self, world: World, field: str):
        browser = signed_in(world.db, "chief")
        fields = {"what": "x", "kind": "seen", field: "no-one"}
        assert browser.send(SUPPORT, browser.get(SUPPORT), step="check", **fields).status_code == 422


class TestCheckpoints:
    @pytest.fixture
    def live(self, own_world: World) -> World:
        """The world with the first wave live."""
        finish = [ReportedProgress("payroll/w1/go-live", date(2027, 3, 1), date(2027, 3, 1))]
        progress.report_progress(finish, own_world.change("chief"))
        return own_world

    @pytest.mark.slow
    @pytest.mark.parametrize("person", ["owner", "head", "lead", "chief"])
    def test_those_who_may_answer_it(self, live: World, person: str):
        browser = signed_in(live.db, person)
        assert "payroll/w1/checkpoint" in browser.get(CHECKPOINTS).text
        page = browser.get(CHECKPOINT)
        assert heading(page) == programme(live).roadmap.tasks["payroll/w1/checkpoint"].name
        assert "Record the result" not in page.text
        assert "Check what this changes" in page.text

    @pytest.mark.slow
    def test_a_result_is_recorded_and_judged(self, live: World):
        browser = signed_in(live.db, "owner")
        fields = {"use": "85%", "experience": "90", "proficiency": "", "evidence": "System log", "said": ODD, "did": ""}
        fields |= {"sponsor_seen": "yes", "old_way_gone": "no", "on": "", "cause": "It was done early"}
        answer = saved(browser, CHECKPOINT, **fields)
        assert answer.status_code == 303
        [result] = programme(live).facts.checkpoints
        assert (result.use, result.experience, result.proficiency) == (0.85, 0.9, None)
        assert (result.sponsor_seen, result.old_way_gone, result.said) == (True, False, ODD)
        assert [(c.task, c.text) for c in programme(live).facts.comments] == [(result.task, "It was done early")]
        page = text_of(browser.get(answer.headers["location"]))
        [found] = programme(live).checkpoints()
        assert found.judgement.verdict.value in page
        assert "85%" in page
        assert ODD in page

    @pytest.mark.slow
    def test_a_second_person_sees_the_first_result(self, live: World):
        first, second = signed_in(live.db, "owner"), signed_in(live.db, "lead")
        fields = {"use": "85", "evidence": "Log"}
        checked = second.send(CHECKPOINT, second.get(CHECKPOINT), step="check", **fields)
        assert saved(first, CHECKPOINT, use="40", evidence="Log").status_code == 303
        stale = second.send(CHECKPOINT, checked, step="save", **fields, **hidden(checked))
        assert stale.status_code == 409
        assert "40%" in text_of(stale)
        assert 'value="85"' in stale.text

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, "Enter at least one finding."),
            ({"use": "101", "evidence": "x"}, "whole percentage"),
            ({"use": "85"}, "Enter where the figures come from."),
            ({"sponsor_seen": "yes", "on": "1/1/2030"}, "in the future"),
            ({"said": "x" * 501}, "Shorten it to 500"),
        ],
    )
    def test_what_is_wrong_is_said(self, live: World, fields: dict[str, str], words: str):
        browser = signed_in(live.db, "owner")
        answer = browser.send(CHECKPOINT, browser.get(CHECKPOINT), step="check", **fields)
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert "--" not in text_of(answer)

    def test_before_the_go_live_there_is_no_form(self, world: World):
        page = text_of(signed_in(world.db, "owner").get(CHECKPOINT))
        assert "comes after a go-live that has not happened yet" in page


@pytest.mark.slow
def test_people_links_to_what_a_person_may_open(world: World):
    titles = {
        "viewer": ["Changes at the same time (saturation)"],
        "head": ["Changes at the same time (saturation)", "Checkpoints", "Visible support"],
        "lead": [
            "Changes at the same time (saturation)",
            "Messages",
            "Training",
            "Record answers",
            "Checkpoints",
            "Visible support",
        ],
    }
    for person, expected in titles.items():
        page = signed_in(world.db, person).get(PEOPLE).text
        start = page.index('aria-label="More about people"')
        part = page[start : page.index("</nav>", start)]
        assert [t for t in titles["lead"] if f">{t}<" in part] == expected


class TestAssessments:
    URL = f"{PEOPLE}/assessments"
    ROWS = "person\ton\tawareness\tdesire\nhead\t2027-03-22\t5\t1\n"

    @pytest.mark.slow
    def test_pasted_answers_are_recorded_and_never_shown(self, own_world: World):
        browser = signed_in(own_world.db, "lead")
        answer = browser.send(self.URL, browser.get(self.URL), answers=self.ROWS)
        assert answer.status_code == 303
        assert "The answers are recorded." in text_of(browser.get(answer.headers["location"]))
        assert "'head','2027-03-22','self',5,1" in own_world.dump()
        assert [(who, what) for who, what, _ in own_world.audited() if what == "assess"][-1] == ("lead", "assess")

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ("", "Paste the rows"),
            ("person\ton\tawareness\nhead\t2027-03-22\t7\n", "column C"),
            ("person\ton\tawareness\nno-one\t2027-03-22\t4\n", "no-one"),
            ("person\ton\tawareness\nhead\t2030-03-22\t4\n", "in the future"),
            (f"person\ton\tawareness\n{ODD}\t2027-03-22\t4\n", "Line 2"),
        ],
    )
    def test_what_is_wrong_is_said_without_the_rows(self, own_world: World, rows: str, words: str):
        browser, before = signed_in(own_world.db, "lead"), own_world.dump()
        answer = browser.send(self.URL, browser.get(self.URL), answers=rows)
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert "2027-03-22\t" not in answer.text
        assert "<b>x" not in answer.text
        assert own_world.dump() == before

    @pytest.mark.slow
    def test_correcting_needs_another_role(self, own_world: World):
        for person, status in (("chief", 303), ("lead", 403), ("member", 303)):
            browser = signed_in(own_world.db, person)
            rows = self.ROWS.replace("\t5\t", "\t4\t") if person == "member" else self.ROWS
            assert browser.send(self.URL, browser.get(self.URL), answers=rows).status_code == status, person
