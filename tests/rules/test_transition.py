"""The register of posts: routes in order, with reasons; the consultation that follows; and no use of scores."""

import ast
import inspect
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import changeflow.reports.rulebook
import changeflow.reports.transition
from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.errors import ProblemsError
from changeflow.intake.folder import Folder, read_folder
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.programme.facts import Facts
from changeflow.programme.programme import join
from changeflow.reports.rulebook import consultation_text
from changeflow.reports.transition import transition_text
from changeflow.rules import workforce
from changeflow.rules.engine import Judged, judge
from changeflow.services import transition
from changeflow.services.transition import NewPost, Post, Route, next_leaving_date, summed_up
from changeflow.usecases.publishing import publish_rounds
from changeflow.values.words import Severity
from tests.builders import PATHWAY, SERVICE, a_folder
from tests.rules.judging import found

Check = Callable[..., Judged]
WHY = (
    "reasons: {slot: None is alike, match: None fits, reskill: None in reach, redeploy: No vacancy, recruit: None open}"
)
CONSULTED = PATHWAY.replace(
    "after: [restructure, go-live]}\n",
    "after: [restructure, go-live, consult]}\n"
    "  consult: {kind: consultation, phase: design, per: wave, duration: 10d}\n",
)


def posts(*rows: str) -> str:
    return SERVICE + "posts:\n" + "".join(f"  - {{{row}}}\n" for row in rows)


def ending(count: int, *, school: str = "ash", more: str = "") -> list[str]:
    return [f"id: {school}-{n}, school: {school}, title: Officer, route: redundancy, {WHY}{more}" for n in range(count)]


class TestRoutes:
    def test_routes_are_in_order_of_preference(self):
        assert [r.value for r in Route] == ["slot", "match", "reskill", "redeploy", "recruit", "redundancy"]
        assert Route.SLOT.better == ()
        assert Route.RESKILL.better == (Route.SLOT, Route.MATCH)

    @pytest.mark.parametrize("route", list(Route))
    def test_each_route_passed_over_needs_a_reason(self, route: Route):
        reasons = {r.value: "It does not fit" for r in route.better}
        assert Post(id="p", school="ash", title="Officer", route=route, reasons=reasons).route is route
        for left_out in route.better:
            fewer = {r: text for r, text in reasons.items() if r != left_out.value}
            with pytest.raises(ValueError, match=f"why not {left_out.value}"):
                Post(id="p", school="ash", title="Officer", route=route, reasons=fewer)

    def test_a_missing_reason_is_reported_with_its_place(self, check: Check):
        with pytest.raises(ProblemsError) as caught:
            check(service=posts("id: a, school: ash, title: Officer, route: reskill, reasons: {slot: None is alike}"))
        assert str(caught.value).startswith(
            "services/payroll.yaml:8:5: 'a' has the route reskill. Say under `reasons` why not match."
        )

    def test_an_open_post_needs_no_reason(self, check: Check):
        assert found(check(service=posts("id: a, school: ash, title: Officer")), "R19", Severity.BLOCK) == []


class TestShare:
    def test_the_internal_share_counts_full_time_equivalents(self):
        """1 + 0.5 + 1 + 0.5 = 3 are filled, 0.5 of them from outside: 2.5 of 3."""
        new = [
            NewPost(id="a", title="Adviser", filled_by=Route.SLOT),
            NewPost(id="b", title="Adviser", fte=0.5, filled_by=Route.RESKILL),
            NewPost(id="c", title="Adviser", filled_by=Route.MATCH),
            NewPost(id="d", title="Adviser", fte=0.5, filled_by=Route.RECRUIT),
            NewPost(id="e", title="Adviser"),
        ]
        result = summed_up([], new)
        assert result.internal_share == pytest.approx(2.5 / 3)
        assert (result.new_posts, result.open_posts) == (5, 1)

    def test_no_filled_posts_give_no_internal_share(self):
        assert summed_up([], [NewPost(id="a", title="Adviser")]).internal_share is None

    def test_a_post_cannot_be_filled_by_redundancy(self):
        with pytest.raises(ValueError, match="cannot be filled by redundancy"):
            NewPost(id="a", title="Adviser", filled_by=Route.REDUNDANCY)

    def test_the_samples_register(self, sample):
        """Six of seven new posts are filled, 5.5 full-time equivalents, one of them from outside: 4.5 of 5.5."""
        lines = list(transition_text(sample.definition))
        assert "  14 posts are affected: 4 matched, 1 reskilled, 2 redeployed, 7 open" in lines
        assert "  7 new posts, 1 of them still open; 82% of the others filled internally" in lines


class TestMistakes:
    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            (["id: a, school: elm, title: Officer"], "There is no school 'elm'."),
            (["id: a, school: ash, title: Officer, route: slot, to: b"], "There is no new post 'b'."),
            (["id: a, school: ash, title: O", "id: a, school: ash, title: P"], "Post 'a' is listed twice."),
            (
                [f"id: a, school: ash, title: O, ends_with: go-live, route: redundancy, {WHY}"],
                "no step of kind",
            ),
        ],
    )
    def test_each_mistake_is_reported(self, check: Check, rows: list[str], message: str):
        with pytest.raises(ProblemsError) as caught:
            check(service=posts(*rows))
        assert message in str(caught.value)
        assert str(caught.value).startswith("services/payroll.yaml:")

    def test_differing_counts_are_reported(self, check: Check):
        text = posts(*ending(2)) + "tasks:\n  roles-end: {redundancies: {ash: 3}}\n"
        with pytest.raises(ProblemsError, match="differ at some schools"):
            check(service=text)


class TestConsultation:
    """Consultation runs from Monday 4 to Friday 15 January 2027; wave 1's roles end on Thursday 28."""

    def lines(self, tmp_path: Path, count: int, **files: str) -> list[str]:
        folder = a_folder(tmp_path, service=posts(*ending(count)), **({"pathway": CONSULTED} | files))
        return list(consultation_text(judge(read_folder(folder).programme).programme))

    def test_the_register_counts_for_the_rule(self, check: Check):
        result = check(service=posts(*ending(20)), pathway=CONSULTED)
        [message] = [m for m in found(result, "R19", Severity.BLOCK) if "Ash" in m]
        assert message.startswith("20 roles end at Ash School")
        assert [
            m for m in found(check(service=posts(*ending(19)), pathway=CONSULTED), "R19", Severity.BLOCK) if "Ash" in m
        ] == []

    def test_earliest_notice_and_effect(self, tmp_path: Path):
        """Thirty days from 4 January is 3 February. Notice may be given from Saturday 16 January."""
        lines = self.lines(tmp_path, 20)
        assert lines[0].startswith("Ash School: 20 roles end within 90 days, the first on ")
        assert "  in the plan it runs from 4 Jan 2027 to 15 Jan 2027" in lines
        assert "  notice from 16 Jan 2027, the first role ends on 3 Feb 2027 at the earliest (NOT met)" in lines
        assert lines[-1] == "For planning only; not legal advice."

    def test_nineteen_people_are_consulted_individually(self, tmp_path: Path):
        assert "  no collective consultation is required; each person must still be consulted" in self.lines(
            tmp_path, 19
        )

    def test_longer_consultation_delays_notice(self, tmp_path: Path):
        """Thirty working days from 4 January end on Friday 12 February. Notice and ends may follow from the 13th."""
        longer = CONSULTED.replace("duration: 10d}", "duration: 30d}")
        lines = self.lines(tmp_path, 20, pathway=longer)
        assert any("notice from 13 Feb 2027, the first role ends on 13 Feb 2027" in line for line in lines)

    def test_without_redundancies_there_is_no_plan(self, tmp_path: Path):
        folder = a_folder(tmp_path)
        [line] = consultation_text(judge(read_folder(folder).programme).programme)
        assert line.startswith("The files list no redundancies")


class TestTeachers:
    DATES = ({"month": 4, "day": 30}, {"month": 8, "day": 31}, {"month": 12, "day": 31})

    @pytest.mark.parametrize(
        ("day", "leaves"),
        [
            ("2027-03-08", "2027-04-30"),
            ("2027-04-30", "2027-04-30"),
            ("2027-05-01", "2027-08-31"),
            ("2027-09-01", "2027-12-31"),
        ],
    )
    def test_the_next_leaving_date_follows_the_burgundy_book(self, day: str, leaves: str):
        assert next_leaving_date(date.fromisoformat(day), self.DATES) == date.fromisoformat(leaves)

    def test_a_post_that_ends_between_leaving_dates_is_reported(self, check: Check):
        result = check(service=posts(*ending(1, more=", teacher: true")), pathway=CONSULTED)
        [message] = found(result, "R19", Severity.WARN)
        assert message.endswith("at Ash School. Teachers leave on set dates, and the next is 30 Apr 2027.")
        assert found(check(service=posts(*ending(1)), pathway=CONSULTED), "R19", Severity.WARN) == []


SIDE = (transition, changeflow.reports.transition, changeflow.reports.rulebook, workforce)
"""All code about who loses a post."""
SCORES = {"assessments", "scores", "snapshots", "snapshot", "standings", "Assessment", "publish"}


class TestNoPathFromScores:
    """An import contract in pyproject.toml keeps the code apart; these tests keep names and results apart."""

    @pytest.mark.parametrize("module", SIDE, ids=lambda m: m.__name__)
    def test_the_code_never_names_a_score(self, module):
        tree = ast.parse(inspect.getsource(module))
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
        modules = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not (names | imported) & SCORES
        assert not [m for m in modules if "adkar" in m]

    @pytest.mark.usual(1)
    @pytest.mark.slow
    @pytest.mark.parametrize("score", [1, 3, 5])
    def test_answers_never_change_the_result(self, sample: Folder, score: int):
        answers = [
            Assessment(person=p.id, round="r", on=date(2026, 9, 1), scores=dict.fromkeys(Element, 5 - n % score))
            for n, p in enumerate(sample.definition.people)
        ]
        snapshots = publish_rounds(sample.programme, answers)
        assert any(s.answered for s in snapshots[0].standings)
        texts = []
        for facts in (Facts(), Facts(snapshots=snapshots)):
            programme, _ = join(sample.definition, rulepacks=shipped_rulepacks(), facts=facts)
            timed = programme.scheduled()
            texts.append((list(transition_text(timed.definition)), list(consultation_text(timed))))
        assert texts[0] == texts[1]
