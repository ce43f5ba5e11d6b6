"""Edits of the plan sent too late or twice: no one's change is replaced unseen, and no change is made twice."""

import pytest

from changeflow.intake.editing.kinds import edits_from
from changeflow.usecases import drafts, editing
from changeflow.usecases.editing import PlanDraft
from tests.every_role import World
from tests.web.pages.test_edits import check, publish, stored
from tests.web.visiting import signed_in, text_of

TASK = "payroll/ash/plan"
PATHS = {kind: f"/p/small/task-edits/{kind}/{TASK}" for kind in ("rename-task", "set-owner", "retire-task")}
CLOSURE, ABSENCE = "/p/small/edits/add-closure", "/p/small/edits/add-absence"

pytestmark = pytest.mark.slow


@pytest.mark.usual(1)
@pytest.mark.parametrize(
    ("kind", "field", "mine", "theirs"),
    [("rename-task", "name", "Plan it", "Plan all of it"), ("set-owner", "owner", "owner", "member")],
)
def test_a_change_that_moves_no_date_is_not_replaced_unseen(
    own_world: World, kind: str, field: str, mine: str, theirs: str
):
    first, second = signed_in(own_world.db, "chief"), signed_in(own_world.db, "member")
    late, early = (check(b, PATHS[kind], **{field: value}) for b, value in ((first, mine), (second, theirs)))
    assert publish(second, PATHS[kind], early, cause="So it is.", **{field: theirs}).status_code == 303
    refused = publish(first, PATHS[kind], late, cause="So it is.", **{field: mine})
    assert refused.status_code == 409
    assert f'value="{mine}"' in refused.text
    task = stored(own_world).programme.roadmap.tasks[TASK]
    assert theirs.lower() in (task.name.rpartition(": ")[2], task.owner)


@pytest.mark.usual(1)
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (PATHS["rename-task"], {"name": "Twice"}),
        (PATHS["retire-task"], {}),
        (CLOSURE, {"name": "Snow", "first_day": "2/8/2029", "last_day": "", "calendar": ""}),
        (ABSENCE, {"team": "it", "first_day": "2/8/2027", "last_day": "6/8/2027", "days_per_week": ""}),
    ],
)
def test_a_double_click_publishes_once_and_says_so(own_world: World, path: str, fields: dict[str, str]):
    browser = signed_in(own_world.db, "chief")
    team = edits_from([{"kind": "set-team", "team": "it", "days_per_week": 5.0, "name": "IT"}])
    before = editing.publish(PlanDraft(programme="small", base=1, edits=team), "", own_world.change("chief"))
    checked = check(browser, path, **fields)
    assert checked.status_code == 200, text_of(checked)
    for _ in range(2):
        answer = publish(browser, path, checked, cause="So it is.", **fields)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/p/small/record/versions?saved=1")
    assert stored(own_world).version.number == before + 1


@pytest.mark.thorough
def test_a_double_click_on_a_draft_publishes_or_discards_it_once(own_world: World):
    browser, base = signed_in(own_world.db, "chief"), 1
    for name in ("published", "discarded"):
        rename = edits_from([{"kind": "rename-task", "task": TASK, "name": name}])
        draft = PlanDraft(programme="small", base=base, edits=rename, name=name)
        kept = drafts.save_draft(draft, own_world.change("chief"))
        path, revision = f"/p/small/drafts/{kept.id}", str(kept.revision)
        page = browser.get(path)
        checked = check(browser, path, page, revision=revision)
        for _ in range(2):
            if name == "published":
                answer = publish(browser, path, checked, cause="So it is.")
            else:
                answer = browser.send(f"{path}/discarded", page, revision=revision)
            assert answer.status_code == 303, text_of(answer)
        base = stored(own_world).version.number
    assert base == 2


def test_a_double_click_adds_an_edit_to_a_draft_once(own_world: World):
    browser = signed_in(own_world.db, "chief")
    kept = drafts.save_draft(
        PlanDraft(
            programme="small",
            base=1,
            edits=edits_from([{"kind": "rename-task", "task": TASK, "name": "Plan it"}]),
            name="Later",
        ),
        own_world.change("chief"),
    )
    fields = {"name": "Snow", "first_day": "2/8/2029", "last_day": "", "calendar": ""}
    checked = check(browser, CLOSURE, **fields)
    for _ in range(2):
        added = browser.send(CLOSURE, checked, step="draft", draft=str(kept.id), draft_name="", **fields)
        assert added.status_code == 303, text_of(added)
    assert len(drafts.draft_of(kept.id or 0, own_world.change("chief")).edits) == 2
