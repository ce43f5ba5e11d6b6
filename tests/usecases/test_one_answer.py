"""One question has one answer: the last day of each gate, and each milestone's date and float, wherever one asks.

Asked are the report, its JSON, `gate list`, `gate show`, `task list`, `plan`, `why`, the email, the page behind its
link, the go/no-go page, the risk page, plans of waves, the calendars, the spreadsheet and the Project file: what they
print.
"""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from lxml import etree, html
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from changeflow.agenda.decisions import GateAnswer
from changeflow.cli import app, planning
from changeflow.planning.last_days import last_day
from changeflow.planning.wave_use import plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.programme.programme import Programme
from changeflow.reports.decisions import case_text, decisions_text
from changeflow.reports.documents import html_of, json_of, pdf_of
from changeflow.reports.exports import write_ics
from changeflow.reports.last_days import format_cost
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.reports.sro import SroReport
from changeflow.reports.trustees import trustees_of
from changeflow.reports.wave_pictures import draw
from changeflow.reports.waves import waves_report
from changeflow.reports.waves_text import waves_text
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.workbook.decisions import decisions_sheet
from changeflow.reports.workbook.go_lives import go_lives_sheet
from changeflow.reports.workbook.week import COLUMNS as COLUMNS_OF_WEEK
from changeflow.reports.workbook.week import week_sheet
from changeflow.reports.workbook.writing import write_workbook
from changeflow.roadmap.analysis.lengths import float_in_words
from changeflow.roadmap.waves.plans import FEWEST, IN_FORCE, Offer
from changeflow.roadmap.waves.problem import WavePlan, numbers_of
from changeflow.storage.answers import AnswerLink, add_links
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import baselines, definitions, gates, go_no_go
from changeflow.usecases.calendar_feeds import feed_for
from changeflow.usecases.go_no_go import go_no_go_of
from changeflow.usecases.link_answers import question_of
from changeflow.usecases.messages import Desk, digest_of, write_letter
from changeflow.usecases.outbox import look
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.reports import decision_log, sro_of_stored
from changeflow.usecases.risk import simulate_programme
from changeflow.usecases.stored import loaded
from changeflow.usecases.ticks import tick
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.wave_use import effect_in_force
from changeflow.values.base import calendar_uid
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day
from changeflow.values.words import Gate, Kind, Outcome
from tests.conftest import SAMPLE, sample_copy
from tests.paper import read_paper
from tests.quick import quick_first

PILOT = "payroll/pilot/go-no-go"

STATES = {
    "done": "reached",
    "on time": "on track",
    "earlier": "early",
    "later": "delayed",
    "too late": "misses deadline",
}
"""What the pages call a milestone's state in the JSON."""


@dataclass(frozen=True)
class Asked:
    """A programme, and all that it says on a day."""

    db: str
    today: date
    programme: Programme
    report: SroReport

    @property
    def now(self) -> datetime:
        return datetime(self.today.year, self.today.month, self.today.day, 9, tzinfo=UTC)

    @property
    def needed(self) -> dict[str, date]:
        """The last day of each decision that the report asks for."""
        return {d.task: last_day(self.programme, d.task).day for d in self.report.decisions}


def change(db: str, day: date, actor: str = "programme-manager") -> Change:
    now = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    return Change(db=db, programme=None, actor=actor, now=now, on=day)


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as it is approved, before anything has happened."""
    home = tmp_path_factory.mktemp("one-answer")
    db = f"sqlite:///{home / 'early.db'}"
    first = date(2026, 9, 1)
    definitions.apply(sample_copy(home), db=db, actor="programme-manager", now=change(db, first).now)
    baselines.take_baseline("Agreed", change(db, first, "chief-executive"))
    return home


@pytest.fixture(scope="module")
def states(early: Path) -> Callable[[str], Asked]:
    """The sample early, in the middle, and after a go was refused; each is asked once."""
    known: dict[str, Asked] = {}

    def copied(name: str, of: str) -> str:
        engine_for(f"sqlite:///{early / f'{of}.db'}").dispose()
        shutil.copy(early / f"{of}.db", early / f"{name}.db")
        if (key := early / f"{of}.db.key").exists():
            shutil.copy(key, early / f"{name}.db.key")
        return f"sqlite:///{early / f'{name}.db'}"

    def prepare(name: str) -> tuple[str, date]:
        may = date(2027, 5, 4)
        if name == "early":
            return f"sqlite:///{early / 'early.db'}", date(2026, 9, 2)
        if name == "middle":
            db = copied("middle", "early")
            store_import(SAMPLE / "progress.csv", change(db, may), SAMPLE / "decisions.csv")
            return db, may
        if "middle" not in known:
            states("middle")
        db = copied("refused", "middle")
        refused = GateAnswer(task=PILOT, outcome=Outcome.REJECT, reason="April's run was not clean.", on=may)
        gates.decide(refused, change(db, may, "chief-executive"))
        return db, date(2027, 5, 5)

    def states(name: str) -> Asked:
        if name not in known:
            db, today = prepare(name)
            known[name] = Asked(db, today, loaded(None, db=db, on=today), sro_of_stored(None, db=db, today=today))
        return known[name]

    return states


@pytest.fixture(params=quick_first(1, ["middle", "early", "refused"]))
def asked(states: Callable[[str], Asked], request: pytest.FixtureRequest) -> Asked:
    return states(request.param)


@pytest.mark.usual(1)
@pytest.mark.slow
def test_the_report_its_json_and_the_list_name_the_same_last_day(asked: Asked):
    wanted = {task: format_day(day, weekday=True) for task, day in asked.needed.items()}
    assert wanted
    assert {d.task: d.needed_by for d in asked.report.decisions} == wanted
    data = json.loads(json_of(asked.report))
    assert {d["task"]: d["needed_by"] for d in data["decisions"]} == wanted
    assert {d["task"]: d["last_day"]["iso"] for d in data["decisions"]} == {
        task: day.isoformat() for task, day in asked.needed.items()
    }
    cards = html.fromstring(html_of(asked.report)).xpath("//div[@class='card'][.//strong][.//svg]")
    assert [c.xpath(".//strong")[0].text for c in cards] == list(wanted.values())
    listed = "\n".join(decisions_text(decision_log(None, db=asked.db, today=asked.today)))
    assert re.findall(r"Needed by (\w+ \d+ \w+ \d+)", listed) == list(wanted.values())


@pytest.mark.slow
def test_the_pages_for_the_sro_and_trustees_have_the_numbers_of_their_json(asked: Asked):
    """Of the brief and of the trustees' page: each number is in the JSON, and each of the JSON's texts on the page."""
    for report, end in ((asked.report, '<section id="annex"'), (trustees_of(asked.report), "<footer>")):
        page, data = html_of(report), json.loads(json_of(report))
        text = " ".join(html.fromstring(page[page.index("<header>") : page.index(end)]).itertext())
        known = data["brief"] if report is asked.report else data
        # 80% and 30 days are the page's own words.
        said = json.dumps([known, data["programme"], data["organisation"], data["on"]], ensure_ascii=False)
        assert {*re.findall(r"\d+", text)} <= {*re.findall(r"\d+", said), "80", "30"}
        shown = " ".join(text.split())
        for line in known["dates"]:
            assert [v for v in line.values() if " ".join(STATES.get(v, v).split()) not in shown] == []
        for line in (*known.get("decisions", known.get("costs")), *known.get("events", ())):
            assert [v for v in line.values() if " ".join(v.split()) not in shown] == []
        for slip in known["slips"]:
            assert sum(days for days, _ in slip["parts"]) == slip["days"]
            assert [words for days, words in slip["parts"] if f"{days:+d} day" not in shown or words not in shown] == []


NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
OWN_NUMBERS = {"60", "80"}
"""What headings of the report say in each case: cut-offs within 60 days, 80% likely by."""


@pytest.mark.usual(1)
@pytest.mark.slow
def test_every_number_of_the_page_and_the_pdf_is_one_of_the_json(asked: Asked):
    data = json.loads(json_of(asked.report))
    # Pixels, and what only scripts need.
    del data["gantt"], data["proof"]
    for decision in data["decisions"]:
        del decision["last_day"]["by_day"], decision["last_day"]["chart"]
    counts = {str(len(part)) for part in data.values() if isinstance(part, list)}
    counts |= {str(sum(c["state"] in ("met", "waived") for c in d["criteria"])) for d in data["decisions"]}
    known = {*NUMBER.findall(json.dumps(data, ensure_ascii=False)), *counts, *OWN_NUMBERS}
    page = html.fromstring(html_of(asked.report))
    for part in page.xpath("//style | //svg"):
        part.drop_tree()
    # The numbers of its pages and of its lists are the paper's own; a list may go on below a page's header and date.
    paper = re.sub(
        r"Page \d+ of \d+|(?<=\.) \d+\. (?=[A-Z“])|(?<= \d{4}) \d+\. (?=“)", " ", read_paper(pdf_of(asked.report)).text
    )
    for text in (" ".join(page.itertext()), paper):
        assert {*NUMBER.findall(text)} <= known
        plain = " ".join(text.split())
        for key, parts in SAID.items():
            for line in data[key]:
                assert [line[part] for part in parts if " ".join(str(line[part] or "").split()) not in plain] == []


SAID = {
    "milestones": ("name", "forecast", "baseline", "deadline"),
    "go_lives": ("school", "forecast"),
    "decisions": ("name", "needed_by", "owner", "refusal"),
    "made": ("name", "on", "outcome", "by"),
}
"""What must be on the page and on paper, of parts of the JSON."""


@pytest.mark.slow
def test_the_calendars_have_each_open_decision_on_its_last_day(asked: Asked, tmp_path: Path):
    tasks = asked.programme.tasks(kind=Kind.DECISION)
    still = {t.id: last_day(asked.programme, t.id).day for t in tasks if not asked.programme.is_done(t.id)}
    assert asked.needed.items() <= still.items()
    write_ics(asked.programme, tmp_path / "all.ics", now=asked.now)
    everybody = _days((tmp_path / "all.ics").read_bytes())
    assert {t: everybody[calendar_uid(t, asked.programme.id)] for t in still} == still
    own = _days(feed_for("chief-executive", db=asked.db, programme=None, now=asked.now, actor="chief-executive"))
    mine = {t: d for t, d in still.items() if asked.programme.roadmap.tasks[t].owner == "chief-executive"}
    assert mine
    assert {t: own[calendar_uid(t, asked.programme.id)] for t in mine} == mine


@pytest.mark.slow
def test_the_page_for_a_go_or_no_go_names_it_as_well(asked: Asked):
    page = go_no_go_of(PILOT, db=asked.db, programme=None, today=asked.today)
    day = format_day(last_day(asked.programme, PILOT).day, weekday=True)
    assert page.needed_by == day
    assert f"<strong>{day}</strong>" in html_of(page)


@pytest.mark.slow
def test_what_a_no_moves_is_the_same_in_the_report_and_on_the_decisions_page(states: Callable[[str], Asked]):
    """A waiting go-live: the report's sentence, the list and the page have the dates of one plan with that no."""
    asked = states("middle")
    [waiting] = [d for d in asked.report.decisions if d.task == PILOT]
    page = go_no_go_of(PILOT, db=asked.db, programme=None, today=asked.today)
    own = page.answers[0]
    assert own.later
    later = waiting.last_day.later[0].moved[0]
    assert (later.before, later.after) == (own.on_go, own.on_no)
    assert later.task == "payroll/pilot/go-live"
    assert waiting.refusal == "Deciding today not to go ahead would have the same effect."
    assert waiting.refusal in html_of(asked.report)
    [listed] = [d for d in decision_log(None, db=asked.db, today=asked.today).needed if d.task == PILOT]
    assert listed.refusal == waiting.refusal


@pytest.mark.slow
def test_the_e_mail_and_the_page_behind_its_link_name_the_same_day(asked: Asked):
    tick(db=asked.db, now=asked.now)
    links: dict[str, AnswerLink] = {}
    with session_scope(asked.db) as session:
        found = look(session, asked.now)
        decisions = {d.task for d in asked.report.decisions}
        nudges = [n for n in found.nudges.values() if n.subject.partition("#")[0] in decisions]
        letters = [(n, write_letter([n], found.houses, Desk(), asked.now, "<a@b.invalid>", links)) for n in nudges]
        add_links(session, links, at=asked.now)
    assert bool(letters) == any(d.waiting for d in asked.report.decisions)
    for nudge, letter in letters:
        assert letter is not None
        day = asked.needed[nudge.subject.partition("#")[0]]
        is_today = day == asked.today
        assert ("needed today" if is_today else f"by {day:%a} {day.day} {day:%b}") in letter.subject
        assert f"needed {'today' if is_today else f'by {day:%A} {day.day} {day:%B}'}" in letter.text
        [token] = re.findall(r"/a/(\S+)", letter.text)
        assert digest_of(token) in links
        assert question_of(token, db=asked.db, now=asked.now).last_day == day


@pytest.mark.slow
def test_each_milestone_has_one_date_and_one_float(asked: Asked, tmp_path: Path):
    programme = asked.programme
    write_ics(programme, tmp_path / "all.ics", now=asked.now)
    days = _days((tmp_path / "all.ics").read_bytes())
    cells = milestone_rows(asked, tmp_path)
    data = {m["name"]: m for m in json.loads(json_of(asked.report))["milestones"]}
    for milestone in programme.milestones:
        day = day_of(programme.timed(milestone.task).early_finish)
        line = data[milestone.name]
        assert line["forecast"] == format_day(day)
        assert line["sentence"].startswith(f"{milestone.name}: {format_day(day)}")
        assert days[calendar_uid(milestone.task, programme.id)] == day
        row, spare = (
            cells[milestone.task],
            float_in_words(programme.roadmap, milestone.task, programme.spare(milestone)),
        )
        assert (row["Forecast"], row["Deadline"]) == (day, milestone.deadline or "")
        assert spare in (f"{row['Float']:g} {row['Float in']}", f"{row['Float']:g} {row['Float in']}".rstrip("s"))
        if milestone.deadline is not None and day > milestone.deadline:
            assert f"{counted((day - milestone.deadline).days, 'day')} after its deadline" in line["sentence"]
            assert programme.spare(milestone) <= 0
        else:
            assert f"{spare} before its deadline" in line["sentence"]
        moved = [m for d in asked.report.decisions for run in d.last_day.later for m in run.moved]
        assert {m.before for m in moved if m.name == milestone.name} <= {format_day(day)}


def milestone_rows(asked: Asked, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of the workbook's milestones by task, each cell by its heading."""
    write_workbook(WorkbookSource(programme=asked.programme, today=asked.today), tmp_path / "all.xlsx")
    rows = CalamineWorkbook.from_path(tmp_path / "all.xlsx").get_sheet_by_name("Milestones").to_python()
    [header] = [row for row in rows if row[0] == "Milestone"]
    return {row[-1]: dict(zip(header, row, strict=True)) for row in rows if str(row[-1]).startswith("programme/")}


def say(asked: Asked, *words: str) -> str:
    """Return what a command prints about the programme on that day."""
    done = CliRunner().invoke(app, [*words, "--db", asked.db, "--at", asked.today.isoformat()])
    assert done.exit_code == 0, done.output
    return done.stdout


def open_gates(asked: Asked) -> dict[str, str]:
    """Return the last day of every open decision as people read it: as the calendar of everyone has it."""
    write_ics(asked.programme, path := Path(asked.db.removeprefix("sqlite:///")).with_suffix(".ics"), now=asked.now)
    days, gates = _days(path.read_bytes()), asked.programme.tasks(kind=Kind.DECISION)
    still = [t.id for t in gates if not asked.programme.is_done(t.id)]
    assert len(still) >= 20
    return {t: format_day(days[calendar_uid(t, asked.programme.id)], weekday=True) for t in still}


@pytest.mark.slow
def test_lists_and_plans_name_the_same_last_day_for_every_open_gate(asked: Asked):
    wanted = open_gates(asked)
    printed = re.findall(
        r"(\S+) (?:\(can [^)]+\) )?\(last day to decide: (\w+ \d+ \w+ \d+)\)", say(asked, "task", "list")
    )
    assert dict(printed) == wanted
    iso = {t: datetime.strptime(day, "%a %d %b %Y").date().isoformat() for t, day in wanted.items()}  # noqa: DTZ007
    rows = json.loads(say(asked, "task", "list", "--format", "json"))
    assert {r["id"]: r["last_responsible_day"] for r in rows if r["last_responsible_day"]} == iso
    tasks = json.loads(say(asked, "plan", "--format", "json"))["tasks"]
    assert {t["id"]: t["last_responsible_day"] for t in tasks if "last_responsible_day" in t} == iso
    listed = json.loads(say(asked, "gate", "list", "--format", "json"))["needed"]
    assert listed
    for decision in listed:
        assert decision["last_day"]["iso"] == iso[decision["task"]]
        assert decision["last_day"]["by_day"][0]["last_day"] == iso[decision["task"]]


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("state", ["early", "middle"])
def test_each_gate_names_its_last_day_where_it_is_looked_at(
    states: Callable[[str], Asked], monkeypatch: pytest.MonkeyPatch, state: str, capsys: pytest.CaptureFixture[str]
):
    asked = states(state)
    # What follows from an answer is tested elsewhere, and takes half a second a page.
    monkeypatch.setattr(go_no_go, "dates_if_answered", lambda *_: ({}, {}))
    for gate, day in open_gates(asked).items():
        # As `why` and `gate show` print it: to build the command line again takes as long as all the rest.
        planning._explain(asked.programme, gate)
        assert f"\nLast day to decide: {day}. " in capsys.readouterr().out, gate
        shown = case_text(*gates.case_of(gate, db=asked.db, programme=None, on=asked.today))
        assert any(line.startswith(f"Needed by {day}. ") for line in shown), gate
        if asked.programme.roadmap.tasks[gate].gate is Gate.GO_LIVE:
            page = html_of(go_no_go_of(gate, db=asked.db, programme=None, today=asked.today))
            assert f"Decision needed by <strong>{day}</strong>" in page, gate


@pytest.mark.usual(1)
@pytest.mark.slow
def test_each_milestone_has_one_date_and_one_float_in_every_text(asked: Asked, tmp_path: Path):
    """Each text says against what its float is counted: the deadline, which every milestone of the sample has."""
    programme = asked.programme
    write_roadmap(programme.roadmap, programme.required_schedule, tmp_path / "all.xml", name="all", calendar="office")
    project = {e.findtext("{*}Name"): e for e in etree.parse(tmp_path / "all.xml").iter("{*}Task")}
    sheet = milestone_rows(asked, tmp_path)
    tree = html.fromstring(html_of(asked.report))
    page, cells = " ".join(tree.text_content().split()), dict[str, list[str]]()
    for row in tree.iterfind(".//tr"):
        heads = [th.text_content() for th in row.iterfind("th")]
        cells.setdefault(heads[0], []).extend(td.text_content() for td in row.iterfind("td"))
    plan, plans = say(asked, "plan"), json.loads(say(asked, "plan", "--format", "json"))["milestones"]
    assert len(plans) == len(programme.milestones)
    for found in plans:
        name, deadline = found["name"], date.fromisoformat(found["deadline"])
        day, last = format_day(date.fromisoformat(found["day"])), format_day(deadline)
        assert (found["spare_before"], found["float_unit"]) == ("deadline", "working_minutes")
        # A working day of the sample has 7.5 hours.
        assert found["spare"] % 450 == 0
        spare = counted(abs(found["spare"]) // 450, "working day")
        why = say(asked, "why", f"programme/{found['id']}")
        assert f"“{name}” is on {day}, " in why
        if is_late := found["spare"] < 0:
            assert f"  {day:<12} {name}: {spare} too late for its deadline\n" in plan
            assert re.search(rf"{re.escape(name)}: {day}, \d+ days? after its deadline \({spare} too late\)", page)
            assert f"It ends {spare} too late to meet its deadline ({last})." in why
        else:
            assert f"  {day:<12} {name}: {spare} before its deadline\n" in plan
            # In the annex, and in the brief if it has room, beside the forecast.
            assert cells[name].count(spare) in (1, 2)
            assert day in cells[name]
            assert f"It can slip by {spare} (its float) before it misses its deadline, {last}." in why
        row = sheet[f"programme/{found['id']}"]
        assert (format_day(row["Forecast"]), row["Float before"]) == (day, "its deadline")
        assert row["Float"] * 450 == found["spare"]
        assert row["State"] == ("late" if is_late else "on time")
        own = project[name]
        assert own.findtext("{*}Finish") == found["date"]
        # Microsoft Project counts slack in tenths of a minute: none where the next day begins as the deadline ends.
        assert int(own.findtext("{*}TotalSlack") or 0) == max(found["spare"], 0) * 10


@pytest.mark.slow
def test_the_workbook_has_the_same_week_decisions_and_go_lives(asked: Asked):
    source = WorkbookSource(programme=asked.programme, today=asked.today)
    listed = json.loads(say(asked, "task", "list", "--late", "--due", "--format", "json"))
    week = [dict(zip([c.heading for c in COLUMNS_OF_WEEK], row, strict=True)) for row in week_sheet(source, "").rows]
    assert [
        (row["Id"], row["What"], str(row["Due"]), row["Days late"] or 0) for row in week if row["What"] != "starts"
    ] == [(item["id"], item["state"], item["due"], item["days_late"]) for item in listed]
    days = {row["Id"]: str(row["Last day to decide"]) for row in week if row["Last day to decide"]}
    assert days.items() <= {
        (i["id"], i["last_responsible_day"]) for i in json.loads(say(asked, "task", "list", "--format", "json"))
    }
    found = {row[-1]: (row[4], row[5]) for row in decisions_sheet(source, "").rows if row[4]}
    known = {task: last_day(asked.programme, task) for task in found}
    assert found == {task: (one.day, format_cost(one)) for task, one in known.items()}
    assert len(found) >= 20
    lives = json.loads(say(asked, "announce", "list", "--format", "json"))
    rows = go_lives_sheet(source, "").rows
    assert [(row[0], row[4] or 0, row[5]) for row in rows] == [(x["school"], x["days"], x["state"]) for x in lives]


@pytest.mark.slow
def test_plans_of_waves_have_the_go_lives_and_announced_dates_of_the_list(asked: Asked):
    """The current plan has the forecasts. A plan with the last day of each school names the announced days."""
    programme, problem = asked.programme, wave_problem(asked.programme)
    current = plan_in_force(programme, problem)
    chosen = {pair: (problem.candidates[pair] or (live,))[-1] for pair, live in current.chosen.items()}
    last = WavePlan(chosen=chosen, pilot=current.pilot)
    numbers = numbers_of(problem, last)
    offer = Offer(style=FEWEST, plan=last, numbers=numbers, gap=None, is_proved=False, is_repeatable=True)
    effects = {IN_FORCE.key: effect_in_force(programme, problem, current)}
    report = waves_report(programme.name, problem, [offer], in_force=current, effects=effects)
    lives = json.loads(say(asked, "announce", "list", "--format", "json"))
    days = {(x["service"], x["school"]): x["forecast"] for x in lives}
    announced = {(x["service"], x["school"], x["announced"]) for x in lives}
    data = json.loads(json_of(report))
    assert {(w["service"], s): w["day"] for w in data["in_force"]["waves"] for s in w["schools"]} == days
    page = html.fromstring(html_of(report, pictures=[draw(problem, current), draw(problem, last)]))
    table, _ = page.xpath("//table[contains(caption, 'Waves in')]")
    rows = [[cell.text_content() for cell in row] for row in table.xpath("tbody/tr")]
    assert {(service, s): day for day, service, _, schools in rows for s in schools.split(", ")} == days
    text = list(waves_text(report))
    printed = text[text.index(next(line for line in text if line.startswith("Current plan:"))) :]
    lines = [re.fullmatch(r"  (\d+ \w+ \d+) +(\w+)  .* {2,}(\S.*)", line) for line in printed[: len(rows) + 1]]
    assert {(m[2], s): m[1] for m in lines if m for s in m[3].split(", ")} == days
    shown = (data["in_force"], *data["plans"])
    changes = {(c["service"], s, c["announced"]) for plan in shown for c in plan["changes"] for s in c["schools"]}
    assert changes
    assert changes <= announced
    moves = page.xpath("//table[contains(caption, 'Announced dates')]/tbody/tr")
    rows = [[cell.text_content() for cell in row] for row in moves]
    assert {(service, s, day) for service, _, day, schools in rows for s in schools.split(", ")} == changes
    changed = [re.search(r"    (\w+), .* \(announced (\d+ \w+ \d+), .*?\): (.*)", line) for line in text]
    assert {(m[1], s, m[2]) for m in changed if m for s in m[3].split(", ")} == changes


@pytest.mark.slow
def test_the_risk_page_has_the_dates_of_the_plan(states: Callable[[str], Asked]):
    programme = states("middle").programme
    found = simulate_programme(programme, iterations=100, seed=1)
    rows = html.fromstring(html_of(found)).xpath("//table[caption = 'How likely each date is to be met']/tbody/tr")
    shown = {row[0].text_content(): tuple(row[n].xpath("string(span)") for n in (1, 2)) for row in rows}
    plans = json.loads(say(states("middle"), "plan", "--format", "json"))["milestones"]
    assert shown == {
        m["name"]: tuple(format_day(date.fromisoformat(m[day])) for day in ("day", "deadline")) for m in plans
    }


def _days(calendar: bytes) -> dict[str, date]:
    """The last day of each event, by its uid."""
    found = {}
    for event in Calendar.from_ical(calendar).walk("VEVENT"):
        end = event["dtend"].dt
        found[str(event["uid"])] = end.date() if isinstance(end, datetime) else date.fromordinal(end.toordinal() - 1)
    return found
