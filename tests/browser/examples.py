"""An example of each page, and of each state that a page has: what the tests of pages in a browser open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from changeflow.web.app import make_app
from tests.browser.sample import ADMIN, DAY, HEAD, MANAGER, OFFICE, PROGRAMME, SRO

P = f"/p/{PROGRAMME}"


def stay(_: Any) -> None:
    """Do nothing on a page."""


@dataclass(frozen=True, slots=True)
class Example:
    """A page in one state."""

    path: str
    who: str | None = OFFICE
    """The person who opens it; None for a browser that has not signed in."""
    status: int = 200
    is_for_phones: bool = False
    """Whether people mostly read it on a phone, so that every target fits a thumb."""
    then: Callable[[Any], None] = stay
    """What to do on the page before looking at it."""


def send_no_days(page: Any) -> None:
    page.get_by_label("What is it for?").fill("Dashboard")
    page.get_by_label("How many days").fill("none")
    page.get_by_role("button", name="Make the token").click()


def name_like_another(page: Any) -> None:
    page.get_by_label("Name of this draft, or of a copy").fill("Lark Hill from wave 2")
    page.get_by_role("button", name="Rename").click()


def ask_no_recovery(page: Any) -> None:
    page.get_by_role("button", name="Calculate").click()


def ask_a_recovery(page: Any) -> None:
    page.get_by_label("Which milestone?").select_option("payroll-pilot-live")
    page.get_by_label("By which day?").fill("30/6/2027")
    page.get_by_role("button", name="Calculate").click()


def check_a_withdrawal(page: Any) -> None:
    page.get_by_label("What is wrong with it?").fill("It was another task")
    page.get_by_role("button", name="Check what this changes").last.click()


def check_an_erasure(page: Any) -> None:
    """Record a request, and see what an erasure would remove."""
    page.get_by_label("What does the person ask for?").select_option("erasure")
    page.get_by_role("button", name="Record the request").click()
    page.get_by_label("Why erase the data?").select_option("not-needed")
    page.get_by_role("button", name="Check what is erased").click()


def paste_rows(page: Any, day: str) -> None:
    rows = f"Task id\tActual finish\npayroll/w2/people-awareness\t{day}"
    page.get_by_label("Rows copied from your spreadsheet").fill(rows)
    page.get_by_role("button", name="Check what this changes").click()


def fill_in_a_row(page: Any, day: str) -> None:
    page.locator("select[name^='what:']").first.select_option("finished")
    page.locator("input[name^='day:']").first.fill(day)
    page.get_by_role("button", name="Check what this changes").click()


def ask_a_link(page: Any) -> None:
    page.get_by_label("Your email address").fill("stranger@example.org")
    page.get_by_role("button", name="Send me a link").click()


def ask_without_address(page: Any) -> None:
    page.get_by_role("button", name="Send me a link").click()


def reject(page: Any) -> None:
    page.get_by_label("Reject (no-go)").check()
    page.get_by_label("Reason").fill("The team is not in place")
    page.get_by_role("button", name="Check what this changes").click()


def decide_nothing(page: Any) -> None:
    page.get_by_role("button", name="Check what this changes").click()


def add_conditions(page: Any) -> None:
    page.locator("summary", has_text="Conditions").click()
    page.get_by_role("button", name="Add more conditions").click()


def check(page: Any) -> None:
    page.get_by_role("button", name="Check what this changes").first.click()


def approve_the_forecast(page: Any) -> None:
    page.get_by_label("Why is this plan approved?").fill("Agreed by the board")
    check(page)


def announce(page: Any) -> None:
    page.get_by_label("Service", exact=True).select_option(label="Payroll")
    page.get_by_label("The forecast date").check()
    page.get_by_label("How was it announced?").select_option("letter")
    check(page)


def waive_nothing(page: Any) -> None:
    page.get_by_label("Why should the rule not apply?").fill("The old system ends")
    check(page)


def move_a_school(page: Any) -> None:
    page.get_by_label("Which school?").select_option(index=1)
    page.get_by_label("To which wave?").select_option(index=3)
    check(page)


def hand_over(page: Any, by: str) -> None:
    page.get_by_label("Last day in the programme").fill("31/5/2027")
    page.get_by_label("Who takes over?").select_option(by)
    page.get_by_label("Later").check()
    check(page)


def fill_in(page: Any, role: str) -> None:
    page.get_by_label("Role", exact=True).fill(role)
    check(page)


def move_selected(page: Any, direction: str) -> None:
    """Select the first tasks of the plan, and move them by a week."""
    for box in page.get_by_role("checkbox").all()[:3]:
        box.check()
    page.get_by_role("button", name="Move the start").click()
    page.get_by_label(direction).check()
    page.get_by_label("By how many working days?").fill("5")
    check(page)


def paste_terms(page: Any, text: str) -> None:
    page.get_by_label("Whose term dates are these?").select_option("northshire")
    page.get_by_label("Or paste the term dates").fill(text)
    page.get_by_role("button", name="Read the term dates").click()


def read_a_calendar(page: Any) -> None:
    days = (
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT", "SUMMARY:Autumn term", "DTSTART;VALUE=DATE:20300903", "DTEND;VALUE=DATE:20301221", "END:VEVENT",
        "BEGIN:VEVENT", "SUMMARY:Half term", "DTSTART;VALUE=DATE:20301028", "DTEND;VALUE=DATE:20301101", "END:VEVENT",
        "BEGIN:VEVENT", "SUMMARY:Spring term", "DTSTART:soon", "END:VEVENT",
        "END:VCALENDAR",
    )  # fmt: skip
    paste_terms(page, "\n".join(days))


def publish_terms(page: Any) -> None:
    read_a_calendar(page)
    check(page)


def publish_terms_without_an_end(page: Any) -> None:
    read_a_calendar(page)
    page.get_by_label("Last day of row 1").fill("")
    check(page)


def press_check_what_is_due(page: Any) -> None:
    page.get_by_role("button", name="Check what is due").click()


def check_what_is_due(page: Any) -> None:
    page.get_by_label("To check that deletion works").check()
    press_check_what_is_due(page)


def try_the_mail(page: Any) -> None:
    page.get_by_role("button", name="Send a test to me").click()


def comment(page: Any) -> None:
    page.get_by_label("Your comment").fill("Waiting for the supplier\n\nThey promised an answer by Friday")
    page.get_by_role("button", name="Add the comment").click()


def comment_nothing(page: Any) -> None:
    page.get_by_role("button", name="Add the comment").click()


def add_a_link(page: Any) -> None:
    page.get_by_label("What is it?").fill("Minutes of the finance committee")
    page.get_by_label("Web link, if it is kept elsewhere").fill("https://example.org/minutes")
    add_nothing(page)


def add_nothing(page: Any) -> None:
    page.get_by_role("button", name="Add the evidence").click()


def answer_nothing(page: Any) -> None:
    """Promise no day for the first task."""
    page.locator("summary", has_text="Not yet").first.click()
    page.get_by_role("button", name="Remind me then").first.click()


def explain(page: Any, reason: str) -> None:
    page.get_by_role("link", name="Explain").first.click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_label("Evidence").fill("The circular")
    page.get_by_role("button", name="Check what this changes").click()


def raise_an_issue(page: Any) -> None:
    page.get_by_label("What happened?").fill("Payslips were late")
    page.get_by_label("Stops the service").check()
    page.get_by_label("Yes", exact=True).check()
    check(page)


def propose_a_lesson(page: Any) -> None:
    page.get_by_label("Which step should change?").select_option(index=3)
    page.get_by_label("How many working days").fill("15")
    page.get_by_label("What has the pilot shown?").fill("It took longer")
    check(page)


def upload_nothing(page: Any) -> None:
    page.get_by_role("button", name="Upload and compare").click()


def show_the_result(page: Any) -> None:
    page.get_by_role("button", name="The columns are right: show the result").click()


def refuse_to_sign(page: Any, words: str) -> None:
    page.get_by_label("No, not yet").check()
    page.get_by_label("Comment").fill(words)
    page.get_by_role("button", name="Check what this changes").click()


SESSION, CHECKPOINT = "estates/ashdown/train-staff", "estates/pilot/checkpoint-6-school-weeks"
"""A training session, and a checkpoint after a go-live, of the sample."""


def record_who_came(page: Any, day: str) -> None:
    page.get_by_label("Day of the session").fill(day)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Check what this changes").click()


def answer_checkpoint(page: Any, use: str) -> None:
    page.get_by_label("Share of people who work in the new way").fill(use)
    page.get_by_label("Where do the figures come from?").fill("The system's log")
    page.get_by_role("button", name="Check what this changes").click()


def say(page: Any, text: str) -> None:
    page.get_by_label("Which service is it about?").select_option(index=1)
    page.get_by_label("What happened?").fill(text)
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Check what this changes").click()


def rate(page: Any, reason: str) -> None:
    page.get_by_label("Amber").check()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Check what this changes").click()


def note_support(page: Any, what: str) -> None:
    page.get_by_label("What did people see?").fill(what)
    page.get_by_label("Kind of support").select_option("seen")
    page.get_by_role("button", name="Check what this changes").click()


def send_a_test(page: Any) -> None:
    page.get_by_role("button", name="Send a test to yourself").click()


def report_a_delay(page: Any) -> None:
    page.get_by_label("It has started").check()
    page.get_by_label("On which day?").fill("19/5/2027")
    page.locator("#left").fill("99")
    page.get_by_role("button", name="Check what this changes").click()


def save_without_a_reason(page: Any) -> None:
    report_a_delay(page)
    page.get_by_role("button", name="Save", exact=True).click()


def make_a_token(page: Any) -> None:
    page.get_by_label("What is it for?").fill("Dashboard")
    page.get_by_label("How many days").fill("9")
    page.get_by_role("button", name="Make the token").click()


RECOVERED = 10
"""The number of a finished calculation of recovery options."""
PAGES: Mapping[str, Sequence[Example]] = {
    "/": (Example("/nothing-here", None, 404),),
    "/sign-in": (
        Example("/sign-in", None, is_for_phones=True),
        Example("/sign-in?why=admin", None, is_for_phones=True),
        Example("/sign-in?why=kept", None, is_for_phones=True),
        Example("/sign-in", None, is_for_phones=True, then=ask_a_link),
        Example("/sign-in", None, 422, is_for_phones=True, then=ask_without_address),
    ),
    "/sign-in/provider": (Example("/sign-in/provider", None, 503, is_for_phones=True),),
    "/sign-in/provider/back": (Example("/sign-in/provider/back?state=x&code=y", None, is_for_phones=True),),
    "/p/{programme}/me": (
        Example(f"{P}/me", SRO, is_for_phones=True),
        Example(f"{P}/me", HEAD, is_for_phones=True),
        Example(f"{P}/me?saved=1", SRO, is_for_phones=True),
        Example(f"{P}/me", SRO, 422, is_for_phones=True, then=answer_nothing),
    ),
    "/p/{programme}/schools": (
        Example(f"{P}/schools"),
        Example(f"{P}/schools?only=late"),
        Example(f"{P}/schools?only=no-such", status=422),
    ),
    "/p/{programme}/schools/{school}": (
        Example(f"{P}/schools/ashdown", HEAD, is_for_phones=True),
        Example(f"{P}/schools/oakfield", is_for_phones=True),
        Example(f"{P}/schools/oakfield", HEAD, 404),
    ),
    "/p/{programme}": (
        Example(P, is_for_phones=True),
        Example(P, HEAD, is_for_phones=True),
        Example("/p/another", status=404),
    ),
    "/p/{programme}/calculations": (Example(f"{P}/calculations"), Example(f"{P}/calculations", HEAD, 403)),
    "/p/{programme}/calculations/{number:number}": (
        *(Example(f"{P}/calculations/{number}") for number in range(2, 8)),
        Example(f"{P}/calculations/9"),
        Example(f"{P}/calculations/99", status=404),
    ),
    "/p/{programme}/waves": (Example(f"{P}/waves"), Example(f"{P}/waves", HEAD)),
    "/p/{programme}/waves/proposals": (
        Example(f"{P}/waves/proposals"),
        Example(f"{P}/waves/proposals", HEAD, 403),
    ),
    "/p/{programme}/waves/proposals/{proposal:number}": (
        Example(f"{P}/waves/proposals/7"),
        Example(f"{P}/waves/proposals/8"),
        Example(f"{P}/waves/proposals/5"),
        Example(f"{P}/waves/proposals/99", status=404),
    ),
    "/p/{programme}/people": (Example(f"{P}/people"), Example(f"{P}/people", HEAD)),
    "/p/{programme}/people/training": (Example(f"{P}/people/training"), Example(f"{P}/people/training", HEAD, 403)),
    "/p/{programme}/people/training/{session:path}": (
        Example(f"{P}/people/training/{SESSION}"),
        Example(f"{P}/people/training/{SESSION}", then=lambda page: record_who_came(page, "19/5/2027")),
        Example(f"{P}/people/training/{SESSION}", status=422, then=lambda page: record_who_came(page, "32/5/2027")),
        Example(f"{P}/people/training/no/such", status=404),
    ),
    "/p/{programme}/people/checkpoints": (Example(f"{P}/people/checkpoints"),),
    "/p/{programme}/people/checkpoints/{checkpoint:path}": (
        Example(f"{P}/people/checkpoints/{CHECKPOINT}"),
        Example(f"{P}/people/checkpoints/{CHECKPOINT}", then=lambda page: answer_checkpoint(page, "85")),
        Example(f"{P}/people/checkpoints/{CHECKPOINT}", status=422, then=lambda page: answer_checkpoint(page, "185")),
    ),
    "/p/{programme}/people/assessments": (
        Example(f"{P}/people/assessments"),
        Example(
            f"{P}/people/assessments",
            status=422,
            then=lambda page: page.get_by_role("button", name="Record the answers").click(),
        ),
    ),
    "/p/{programme}/people/support": (
        Example(f"{P}/people/support"),
        Example(f"{P}/people/support", HEAD, then=lambda page: note_support(page, "Opened the training")),
        Example(f"{P}/people/support", status=422, then=lambda page: note_support(page, "")),
    ),
    "/p/{programme}/people/actions": (
        Example(f"{P}/people/actions"),
        Example(f"{P}/people/actions?show=all"),
        Example(f"{P}/people/actions?show=x", status=422),
    ),
    "/p/{programme}/schools/{school}/issues/new": (
        Example(f"{P}/schools/ashdown/issues/new", HEAD, then=lambda page: say(page, "The payslips came late")),
        Example(f"{P}/schools/ashdown/issues/new", HEAD, 422, then=lambda page: say(page, "")),
    ),
    "/p/{programme}/schools/{school}/feedback/new": (Example(f"{P}/schools/ashdown/feedback/new", HEAD),),
    "/p/{programme}/confidence": (
        Example(f"{P}/confidence"),
        Example(f"{P}/confidence", SRO, then=lambda page: rate(page, "Late")),
        Example(f"{P}/confidence", SRO, 422, then=lambda page: rate(page, "")),
    ),
    "/p/{programme}/people/saturation": (
        Example(f"{P}/people/saturation"),
        Example(f"{P}/people/saturation?from=26"),
        Example(f"{P}/people/saturation", HEAD),
        Example(f"{P}/people/saturation?from=x", status=422),
    ),
    "/p/{programme}/people/messages": (
        Example(f"{P}/people/messages"),
        Example(f"{P}/people/messages", HEAD, 403),
    ),
    "/p/{programme}/people/messages/week": (Example(f"{P}/people/messages/week"),),
    "/p/{programme}/people/messages/week/{day}/{person}": (
        Example(f"{P}/people/messages/week/{DAY}/{SRO}"),
        Example(f"{P}/people/messages/week/{DAY}/{SRO}", then=send_a_test),
        Example(f"{P}/people/messages/week/{DAY}/no-one", status=404),
    ),
    "/p/{programme}/pilots": (Example(f"{P}/pilots"),),
    "/p/{programme}/pilots/{service}": (
        Example(f"{P}/pilots/payroll"),
        Example(f"{P}/pilots/estates"),
        Example(f"{P}/pilots/catering", status=404),
    ),
    "/p/{programme}/pilots/{service}/runs/{period}": (
        Example(f"{P}/pilots/payroll/runs/2027-04"),
        Example(f"{P}/pilots/payroll/runs/2027-03", MANAGER, then=lambda page: explain(page, "Pay award")),
        Example(f"{P}/pilots/payroll/runs/2027-03", MANAGER, 422, then=lambda page: explain(page, "")),
        Example(f"{P}/pilots/payroll/runs/2020-01", status=404),
    ),
    "/p/{programme}/pilot-schools": (
        Example(f"{P}/pilot-schools"),
        Example(f"{P}/pilot-schools?size=4"),
        Example(f"{P}/pilot-schools", HEAD, 403),
    ),
    "/p/{programme}/pilots/{service}/compare": (
        Example(f"{P}/pilots/payroll/compare", MANAGER),
        Example(f"{P}/pilots/payroll/compare", MANAGER, 422, then=upload_nothing),
        Example(f"{P}/pilots/payroll/compare", HEAD, 403),
    ),
    "/p/{programme}/pilots/{service}/compare/{number:number}": (
        Example(f"{P}/pilots/payroll/compare/1", MANAGER),
        Example(f"{P}/pilots/payroll/compare/1", MANAGER, then=show_the_result),
        *(Example(f"{P}/pilots/payroll/compare/{number}", MANAGER) for number in range(2, 7)),
        Example(f"{P}/pilots/payroll/compare/99", MANAGER, 404),
    ),
    "/p/{programme}/pilots/{service}/issues/new": (
        Example(f"{P}/pilots/payroll/issues/new"),
        Example(f"{P}/pilots/payroll/issues/new", then=raise_an_issue),
        Example(f"{P}/pilots/payroll/issues/new", status=422, then=check),
    ),
    "/p/{programme}/pilots/{service}/issues/{number:number}": (
        Example(f"{P}/pilots/payroll/issues/1"),
        Example(f"{P}/pilots/payroll/issues/99", status=404),
    ),
    "/p/{programme}/pilots/{service}/feedback/new": (Example(f"{P}/pilots/payroll/feedback/new"),),
    "/p/{programme}/pilots/{service}/improvements/new": (Example(f"{P}/pilots/payroll/improvements/new"),),
    "/p/{programme}/pilots/{service}/improvements/{number:number}": (
        Example(f"{P}/pilots/payroll/improvements/1"),
        Example(f"{P}/pilots/payroll/improvements/99", status=404),
    ),
    "/p/{programme}/pilots/{service}/lessons/new": (
        Example(f"{P}/pilots/payroll/lessons/new"),
        Example(f"{P}/pilots/payroll/lessons/new", then=propose_a_lesson),
    ),
    "/p/{programme}/pilots/{service}/lessons/{number:number}": (
        Example(f"{P}/pilots/payroll/lessons/1"),
        Example(f"{P}/pilots/payroll/lessons/99", status=404),
    ),
    "/p/{programme}/pilots/{service}/checklist/{item}/{gate:path}": (
        Example(f"{P}/pilots/payroll/checklist/service-desk/payroll/w2/go-no-go"),
        Example(f"{P}/pilots/payroll/checklist/nothing/payroll/w2/go-no-go", status=404),
    ),
    "/p/{programme}/pilots/{service}/tests/{case}": (Example(f"{P}/pilots/payroll/tests/nothing", status=404),),
    "/p/{programme}/pilots/{service}/repeat/{run:path}": (
        Example(f"{P}/pilots/payroll/repeat/payroll/w2/parallel-run"),
    ),
    "/p/{programme}/pilots/{service}/filings/new": (Example(f"{P}/pilots/payroll/filings/new"),),
    "/p/{programme}/pilots/{service}/measures/{criterion}": (Example(f"{P}/pilots/payroll/measures/queries"),),
    "/p/{programme}/sign-off/{gate:path}": (
        Example(f"{P}/sign-off/payroll/w2/go-no-go"),
        Example(f"{P}/sign-off/payroll/w2/go-no-go", MANAGER, then=lambda page: refuse_to_sign(page, "More runs")),
        Example(f"{P}/sign-off/payroll/w2/go-no-go", MANAGER, 422, then=lambda page: refuse_to_sign(page, "")),
        Example(f"{P}/sign-off/estates/w2/wave-released", MANAGER, 404),
    ),
    "/p/{programme}/rules": (Example(f"{P}/rules"), Example(f"{P}/rules?saved=1")),
    "/p/{programme}/waivers": (
        Example(f"{P}/waivers?rule=R02"),
        Example(f"{P}/waivers", status=422, then=waive_nothing),
        Example(f"{P}/waivers", HEAD, 403),
    ),
    "/p/{programme}/edits/{edit}": (
        Example(f"{P}/edits/move-school"),
        Example(f"{P}/edits/add-wave"),
        Example(f"{P}/edits/move-school", then=move_a_school),
        Example(f"{P}/edits/add-blackout", status=422, then=check),
        Example(f"{P}/edits/move-school", HEAD, 403),
    ),
    "/p/{programme}/task-edits/{change}/{task:path}": (
        Example(f"{P}/task-edits/set-duration/payroll/w2/go-live", status=404),
        Example(f"{P}/task-edits/set-owner/payroll/w2/go-live"),
    ),
    "/p/{programme}/selected-tasks/{what}": (
        Example(f"{P}/selected-tasks/owner"),
        Example(f"{P}/plan?q=parallel+run", then=lambda page: move_selected(page, "Later")),
        Example(f"{P}/plan?q=parallel+run", status=422, then=lambda page: move_selected(page, "Earlier")),
        Example(f"{P}/selected-tasks/owner", HEAD, 403),
    ),
    "/p/{programme}/people/details": (
        Example(f"{P}/people/details"),
        Example(f"{P}/people/details?q=payroll&saved=1"),
        Example(f"{P}/people/details?q=no+one+at+all"),
        Example(f"{P}/people/details", HEAD, 403),
    ),
    "/p/{programme}/people/details/{person}": (
        Example(f"{P}/people/details/payroll-manager", SRO, then=lambda page: fill_in(page, "Head of Payroll")),
        Example(f"{P}/people/details/payroll-manager", status=422, then=check),
        Example(f"{P}/people/details/no-one", status=404),
    ),
    "/p/{programme}/people/add": (
        Example(f"{P}/people/add", then=lambda page: fill_in(page, "Payroll Clerk")),
        Example(f"{P}/people/add", SRO, 422, then=check),
        Example(f"{P}/people/add", HEAD, 403),
    ),
    "/p/{programme}/people/hand-over": (
        Example(f"{P}/people/hand-over"),
        Example(f"{P}/people/hand-over?saved=1"),
        Example(f"{P}/people/hand-over", HEAD, 403),
    ),
    "/p/{programme}/people/hand-over/{person}": (
        Example(f"{P}/people/hand-over/payroll-manager", SRO, then=lambda page: hand_over(page, "director-of-people")),
        Example(f"{P}/people/hand-over/payroll-manager", SRO, 422, then=check),
        Example(f"{P}/people/hand-over/no-one", status=404),
    ),
    "/p/{programme}/drafts": (Example(f"{P}/drafts"),),
    "/p/{programme}/drafts/{number:number}": (
        Example(f"{P}/drafts/1"),
        Example(f"{P}/drafts/1", then=check),
        Example(f"{P}/drafts/2"),
        Example(f"{P}/drafts/1", status=422, then=name_like_another),
        Example(f"{P}/drafts/99", status=404),
    ),
    "/p/{programme}/drafts/{number:number}/comparison": (
        Example(f"{P}/drafts/1/comparison", is_for_phones=True),
        Example(f"{P}/drafts/1/comparison?with=3"),
        Example(f"{P}/drafts/2/comparison"),
        Example(f"{P}/drafts/99/comparison", status=404),
    ),
    "/p/{programme}/record/versions/{number:number}/undo": (
        Example(f"{P}/record/versions/1/undo"),
        Example(f"{P}/record/versions/99/undo", status=404),
    ),
    "/p/{programme}/baselines": (
        Example(f"{P}/baselines"),
        Example(f"{P}/baselines", SRO, then=approve_the_forecast),
        Example(f"{P}/baselines", SRO, 422, then=check),
    ),
    "/p/{programme}/announcements": (
        Example(f"{P}/announcements", then=announce),
        Example(f"{P}/announcements", status=422, then=check),
        Example(f"{P}/announcements", SRO),
    ),
    "/p/{programme}/plan": (
        Example(f"{P}/plan"),
        Example(f"{P}/plan?by=school"),
        Example(f"{P}/plan?by=service&only=late"),
        Example(f"{P}/plan?service=payroll"),
        Example(f"{P}/plan?q=no+such+task"),
        Example(f"{P}/plan?by=colour", status=404),
    ),
    "/p/{programme}/plan/{task:path}": (
        Example(f"{P}/plan/payroll/w2/go-live"),
        Example(f"{P}/plan/payroll/w2/go-live?later=20"),
        Example(f"{P}/plan/payroll/pilot/go-no-go", SRO),
        Example(f"{P}/plan/payroll/w2/people-awareness", then=report_a_delay),
        Example(f"{P}/plan/payroll/w2/people-awareness", status=422, then=save_without_a_reason),
        Example(f"{P}/plan/payroll/w2/go-live", then=comment),
        Example(f"{P}/plan/payroll/w2/go-live", status=422, then=comment_nothing),
        Example(f"{P}/plan/no/such/task", status=404),
    ),
    "/p/{programme}/evidence/{task:path}": (
        Example(f"{P}/evidence/payroll/w2/go-live", then=add_a_link),
        Example(f"{P}/evidence/payroll/w2/go-live", status=422, then=add_nothing),
        Example(f"{P}/evidence/programme/closing-agreed", SRO),
        Example(f"{P}/evidence/no/such/task", status=404),
    ),
    "/p/{programme}/evidence-files/{number:number}": (Example(f"{P}/evidence-files/99", status=404),),
    "/p/{programme}/week": (
        Example(f"{P}/week", is_for_phones=True),
        Example(f"{P}/week", is_for_phones=True, then=lambda page: fill_in_a_row(page, "19/5/2027")),
        Example(f"{P}/week", status=422, is_for_phones=True, then=lambda page: fill_in_a_row(page, "32/5/2027")),
        Example(f"{P}/week?saved=1", HEAD, is_for_phones=True),
    ),
    "/p/{programme}/week/paste": (
        Example(f"{P}/week/paste", is_for_phones=True),
        Example(f"{P}/week/paste", is_for_phones=True, then=lambda page: paste_rows(page, "19/5/2027")),
        Example(f"{P}/week/paste", status=422, is_for_phones=True, then=lambda page: paste_rows(page, "32/5/2027")),
    ),
    "/p/{programme}/more": (Example(f"{P}/more"), Example(f"{P}/more", HEAD, 403)),
    "/p/{programme}/decisions": (Example(f"{P}/decisions", SRO), Example(f"{P}/decisions", HEAD, 403)),
    "/p/{programme}/decisions/{gate:path}": (
        Example(f"{P}/decisions/payroll/pilot/go-no-go", SRO),
        Example(f"{P}/decisions/payroll/w2/go-no-go", SRO),
        Example(f"{P}/decisions/estates/w2/wave-released", SRO, then=reject),
        Example(f"{P}/decisions/estates/w2/wave-released", SRO, 422, then=decide_nothing),
        Example(f"{P}/decisions/programme/closing-agreed", SRO, then=add_conditions),
        Example(f"{P}/decisions/programme/closing-agreed?by=other"),
        Example(f"{P}/decisions/no/such/gate", SRO, 404),
    ),
    "/p/{programme}/reports": (Example(f"{P}/reports", SRO),),
    "/p/{programme}/reports/{number:number}": (
        Example(f"{P}/reports/1", SRO),
        Example(f"{P}/reports/99", SRO, 404),
    ),
    "/p/{programme}/record": (
        Example(f"{P}/record"),
        Example(f"{P}/record?person={SRO}&reading=1"),
        Example(f"{P}/record?before=x", status=422),
        Example(f"{P}/record", HEAD, 403),
    ),
    "/p/{programme}/record/versions": (Example(f"{P}/record/versions"),),
    "/p/{programme}/record/versions/{number:number}": (
        Example(f"{P}/record/versions/1"),
        Example(f"{P}/record/versions/99", status=404),
    ),
    "/p/{programme}/find": (Example(f"{P}/find?q=ash"), Example(f"{P}/find?q=no+such+thing"), Example(f"{P}/find")),
    "/p/{programme}/record/facts": (
        Example(f"{P}/record/facts", SRO),
        Example(f"{P}/record/facts?kind=progress&page=2", SRO),
        Example(f"{P}/record/facts", HEAD, is_for_phones=True),
        Example(f"{P}/record/facts?kind=nothing", status=422),
    ),
    "/p/{programme}/record/facts/{fact}": (
        Example(f"{P}/record/facts/progress-1", SRO),
        Example(f"{P}/record/facts/progress-1", SRO, then=check_a_withdrawal),
        Example(f"{P}/record/facts/decision-1", SRO),
        Example(f"{P}/record/facts/progress-1", HEAD, 403),
        Example(f"{P}/record/facts/nothing", SRO, 404),
    ),
    "/p/{programme}/recovery": (
        Example(f"{P}/recovery"),
        Example(f"{P}/recovery", then=ask_no_recovery, status=422),
        Example(f"{P}/recovery", HEAD, 403),
    ),
    "/p/{programme}/recovery/{calculation:number}": (
        Example(f"{P}/recovery/{RECOVERED}"),
        Example(f"{P}/recovery", then=ask_a_recovery),
        Example(f"{P}/recovery/99", status=404),
    ),
    "/p/{programme}/exports": (Example(f"{P}/exports"), Example(f"{P}/exports", HEAD, 403)),
    "/p/{programme}/settings/people": (
        Example(f"{P}/settings/people", ADMIN),
        Example(f"{P}/settings/people", HEAD, 403),
    ),
    "/p/{programme}/settings/people/{person}": (
        Example(f"{P}/settings/people/{HEAD}", ADMIN),
        Example(f"{P}/settings/people/{SRO}", ADMIN),
        Example(f"{P}/settings/people/no-one", ADMIN, 404),
    ),
    "/p/{programme}/settings/data-protection": (
        Example(f"{P}/settings/data-protection", ADMIN),
        Example(f"{P}/settings/data-protection", HEAD, 403),
    ),
    "/p/{programme}/settings/data-protection/{person}": (
        Example(f"{P}/settings/data-protection/{HEAD}", ADMIN),
        Example(f"{P}/settings/data-protection/{HEAD}", ADMIN, then=check_an_erasure),
        Example(f"{P}/settings/data-protection/no-one", ADMIN, 404),
    ),
    "/p/{programme}/kept": (Example(f"{P}/kept", is_for_phones=True),),
    "/p/{programme}/settings/setup": (
        Example(f"{P}/settings/setup", ADMIN),
        Example(f"{P}/settings/setup", HEAD, 403),
    ),
    "/p/{programme}/settings": (Example(f"{P}/settings", ADMIN), Example(f"{P}/settings", HEAD, is_for_phones=True)),
    "/p/{programme}/settings/calendars": (
        Example(f"{P}/settings/calendars"),
        Example(f"{P}/settings/calendars", HEAD, 403),
    ),
    "/p/{programme}/settings/teams": (Example(f"{P}/settings/teams"), Example(f"{P}/settings/teams", HEAD, 403)),
    "/p/{programme}/settings/retention": (
        Example(f"{P}/settings/retention", ADMIN),
        Example(f"{P}/settings/retention", ADMIN, then=check_what_is_due),
        Example(f"{P}/settings/retention", ADMIN, 422, then=press_check_what_is_due),
        Example(f"{P}/settings/retention", HEAD, 403),
    ),
    "/p/{programme}/settings/mail": (
        Example(f"{P}/settings/mail", ADMIN),
        Example(f"{P}/settings/mail", ADMIN, then=try_the_mail),
        Example(f"{P}/settings/mail", HEAD, 403),
    ),
    "/p/{programme}/settings/terms": (
        Example(f"{P}/settings/terms"),
        Example(f"{P}/settings/terms", status=422, then=lambda page: paste_terms(page, "Autumn, soon, later")),
        Example(f"{P}/settings/terms", then=read_a_calendar),
        Example(f"{P}/settings/terms", then=publish_terms),
        Example(f"{P}/settings/terms", status=422, then=publish_terms_without_an_end),
        Example(f"{P}/settings/terms", HEAD, 403),
    ),
    "/p/{programme}/settings/sessions": (Example(f"{P}/settings/sessions"),),
    "/p/{programme}/settings/tokens": (
        Example(f"{P}/settings/tokens", ADMIN),
        Example(f"{P}/settings/tokens", ADMIN, then=make_a_token),
        Example(f"{P}/settings/tokens", ADMIN, 422, then=send_no_days),
        Example(f"{P}/settings/tokens", HEAD, 403),
    ),
}
"""Examples of each page, by the path of its route."""
DOCUMENTS: Mapping[str, tuple[str, str]] = {
    "/p/{programme}/brief.json": (f"{P}/brief.json", "application/json"),
    "/p/{programme}/brief.pdf": (f"{P}/brief.pdf", "application/pdf"),
    "/p/{programme}/calculations/{number:number}/report.html": (f"{P}/calculations/2/report.html", "text/html"),
    "/p/{programme}/calculations/{number:number}/report.json": (f"{P}/calculations/2/report.json", "application/json"),
    "/p/{programme}/decisions/{gate:path}.{form}": (f"{P}/decisions/payroll/pilot/go-no-go.pdf", "application/pdf"),
    "/p/{programme}/exports/{export}": (f"{P}/exports/everything", "application/zip"),
    "/p/{programme}/reports/{number:number}.{form}": (f"{P}/reports/1.html", "text/html"),
    "/p/{programme}/reports/{number:number}/trustees.{form}": (f"{P}/reports/1/trustees.pdf", "application/pdf"),
}
"""What people download: an address, and its kind."""
BY_LINK = ("/a/{token}", "/u/{token}", "/sign-in/here/{token}", "/sign-in/link/{token}")
"""Pages whose address is secret: the tests find them in messages, and in what the server prints."""
FOR_MACHINES = ("/health", "/metrics", "/static/{name}", "/c/{token}.ics", "/api/")
"""How the paths begin that no person opens in a browser; other tests ask for them."""
OF_SETUP = "/setup"
"""How the paths of the first start begin, which need a database without a programme: `test_setup.py` opens them."""


def paths_to_open() -> set[str]:
    """Return the path of every route that shows something to people."""
    routes = make_app("sqlite:////nowhere.db").routes
    return {r.path for r in routes if "GET" in r.methods and not r.path.startswith((*FOR_MACHINES, OF_SETUP))}  # type: ignore[attr-defined]
