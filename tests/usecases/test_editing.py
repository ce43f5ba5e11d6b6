"""Drafts are previewed, published and undone: the files change in one place, and the plan as the preview said."""

from dataclasses import replace
from pathlib import Path

import pytest

from changeflow.errors import ConflictError, InputError, NotAllowedError, ProblemsError
from changeflow.intake.editing.kinds import edits_from
from changeflow.reports.effects import effect_of
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.storage.versions import Version
from changeflow.usecases import announcements, drafts, waivers
from changeflow.usecases.acts import ReasonNeededError, StaleError
from changeflow.usecases.drafts import (
    copy_draft,
    discard_draft,
    draft_of,
    drafts_of,
    new_draft,
    rebased,
    rename_draft,
    save_draft,
)
from changeflow.usecases.edit_pages import add_edits
from changeflow.usecases.editing import EditConflictsError, PlanDraft, preview, preview_undo, publish, undo
from changeflow.usecases.stored import load
from changeflow.values.finding import Waiver
from tests.every_role import TODAY, World, stored_world

MOVE = {"kind": "move-school", "school": "beech", "to_wave": "w1"}
LONGER = {"kind": "set-duration", "task": "payroll/requirements", "duration": "8d"}
RENAME = {"kind": "rename-task", "task": "payroll/ash/plan", "name": "Plan at Ash"}
MUCH_LONGER = {**LONGER, "duration": "120d"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return stored_world(tmp_path / "world")


def a_draft(*edits: dict[str, object], base: int = 1) -> PlanDraft:
    return PlanDraft(programme="small", base=base, edits=edits_from(edits))


def version_of(world: World, number: int) -> Version:
    with read_scope(world.db) as session:
        found = versions.numbered(session, "small", number)
    assert found is not None
    return found


class TestPreview:
    @pytest.mark.slow
    def test_it_says_what_each_edit_does_and_which_lines_change(self, world: World):
        seen = preview(a_draft(LONGER), world.change("chief"))
        assert seen.steps == ("“Payroll: requirements”: change the duration to 8 working days.",)
        assert list(seen.files) == ["services/payroll.yaml"]
        assert seen.files["services/payroll.yaml"].endswith("\n+tasks:\n+  requirements: {duration: 8d}")

    def test_it_writes_nothing(self, world: World):
        before = world.dump()
        assert preview(a_draft(MOVE), world.change("chief")).can_publish
        assert world.dump() == before

    def test_edits_that_do_not_fit_are_conflicts_with_the_reason(self, world: World):
        seen = preview(a_draft({**MOVE, "to_wave": "w9"}), world.change("chief"))
        assert [c.reason for c in seen.conflicts] == ["There is no wave 'w9'."]
        assert not seen.can_publish

    def test_problems_of_the_files_after_the_edits_are_listed(self, world: World):
        link = {"kind": "link", "task": "payroll/requirements", "after": "go-live"}
        seen = preview(a_draft(link), world.change("chief"))
        assert "Tasks wait for each other" in seen.problems[0].what
        with pytest.raises(ProblemsError):
            publish(a_draft(link), "", world.change("chief"))

    def test_a_school_with_people_stays_until_they_have_another_school(self, world: World):
        with read_scope(world.db) as session:
            ash = [p for p in load(session, "small", on=TODAY).version.definition.people if p.school == "ash"]
        seen = preview(a_draft(MOVE, {"kind": "remove-school", "school": "ash"}), world.change("chief"))
        assert ash
        assert not seen.can_publish
        assert seen.problems == ()
        assert seen.refused.startswith("Ash School still has people: ")
        assert preview(a_draft({"kind": "remove-school", "school": "beech"}), world.change("chief")).can_publish

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("by", "day", "why"),
        [
            ("member", "2026-12-01", "Only the Chair of Trustees, the SRO or the board can record that"),
            ("chair", "2090-01-01", "The benefits for students cannot be approved in the future (1 Jan 2090)."),
            ("chair", "2026-12-01", ""),
        ],
    )
    def test_only_the_approver_the_sro_or_the_board_records_an_approval(
        self, world: World, by: str, day: str, why: str
    ):
        text = {"kind": "set-benefits", "statement": "Longer lessons"}
        seen = preview(a_draft({**text, "approved_by": "chair", "approved_on": day}), world.change(by))
        assert seen.refused.startswith(why)
        assert seen.can_publish == (not why)
        assert preview(a_draft(text), world.change(by)).can_publish

    def test_a_person_without_the_right_to_store_versions_is_refused(self, world: World):
        with pytest.raises(NotAllowedError):
            preview(a_draft(MOVE), world.change("viewer"))


class TestPublishing:
    @pytest.mark.slow
    def test_the_version_keeps_its_edits_and_its_reason(self, world: World):
        number = publish(a_draft(LONGER), " More to ask. ", world.change("chief"))
        stored = version_of(world, number)
        assert (number, stored.reason, stored.parent_hash) == (2, "More to ask.", version_of(world, 1).hash)
        assert '"duration":"8d"' in (stored.edits or "")
        assert world.audited()[-1] == ("chief", "edit", f"version:2:{stored.hash[:12]}")

    @pytest.mark.slow
    def test_the_stored_plan_has_the_effect_of_the_preview(self, world: World):
        with read_scope(world.db) as session:
            before = load(session, "small", on=TODAY)
        seen = preview(a_draft(MUCH_LONGER, MOVE), world.change("chief"))
        publish(a_draft(MUCH_LONGER, MOVE), "Agreed.", world.change("chief"))
        with read_scope(world.db) as session:
            after = load(session, "small", on=TODAY)
        assert effect_of(before.judged, after.judged) == seen.effect
        assert seen.effect is not None
        assert "School go-lives" in [part.title for part in seen.effect.parts]

    @pytest.mark.slow
    def test_a_move_of_an_announced_date_needs_a_reason(self, world: World):
        announcements.announce_forecast(None, (), how="letter", on=TODAY, change=world.change("chief"))
        seen = preview(a_draft(MUCH_LONGER), world.change("chief"))
        assert (seen.needs_reason, bool(seen.effect and seen.effect.to_tell)) == (True, True)
        with pytest.raises(ReasonNeededError):
            publish(a_draft(MUCH_LONGER), "  ", world.change("chief"))

    @pytest.mark.slow
    def test_edits_that_change_nothing_are_refused(self, world: World):
        publish(a_draft(LONGER), "", world.change("chief"))
        with pytest.raises(InputError, match="leave the programme as it is"):
            publish(a_draft(LONGER, base=2), "", world.change("chief"))

    @pytest.mark.slow
    def test_edits_made_for_an_older_version_fit_if_their_places_are_as_they_were(self, world: World):
        publish(a_draft(LONGER), "", world.change("chief"))
        assert publish(a_draft(MOVE), "", world.change("chief")) == 3
        assert "duration: 8d" in version_of(world, 3).sources["services/payroll.yaml"]

    @pytest.mark.slow
    def test_another_order_fits_until_someone_adds_or_removes_a_wave(self, world: World):
        order = {"kind": "order-waves", "waves": ["w2", "w1"]}
        publish(a_draft(LONGER), "", world.change("chief"))
        assert publish(a_draft(order), "", world.change("chief")) == 3
        assert [w.id for w in version_of(world, 3).definition.programme.waves] == ["w2", "w1"]
        add = {"kind": "add-wave", "id": "w3", "name": "wave 3", "schools": ["cedar"]}
        publish(a_draft(add, base=3), "", world.change("chief"))
        [conflict] = preview(a_draft(order), world.change("chief")).conflicts
        assert conflict.reason == "Waves have been added or removed since the order was chosen."

    @pytest.mark.slow
    def test_an_order_that_someone_else_has_changed_since_is_a_conflict_with_both_orders(self, world: World):
        add = {"kind": "add-wave", "id": "w3", "name": "wave 3", "schools": ["cedar"]}
        first, second = ({"kind": "order-waves", "waves": waves} for waves in (["w1", "w3", "w2"], ["w3", "w2", "w1"]))
        publish(a_draft(add), "", world.change("chief"))
        publish(a_draft(first, base=2), "", world.change("chief"))
        assert preview(a_draft(first, LONGER, base=2), world.change("member")).conflicts == ()
        [conflict] = preview(a_draft(second, base=2), world.change("member")).conflicts
        assert (conflict.before, conflict.theirs, conflict.ours) == ("[w1, w2, w3]", "[w1, w3, w2]", "[w3, w2, w1]")

    @pytest.mark.slow
    def test_an_edit_of_a_whole_list_keeps_what_someone_else_has_added_to_it(self, world: World):
        own: dict[str, object] = {"kind": "set-wave", "wave": "w2", "schools": ["cedar", "beech"]}
        new = {"kind": "add-school", "id": "elm", "name": "Elm", "phase": "primary", "authority": "north"}
        added = {**new, "wave": "w2"}
        publish(a_draft(added), "", world.change("chief"))
        [conflict] = preview(a_draft(own), world.change("member")).conflicts
        assert (conflict.before, conflict.theirs) == ("", "elm")

    @pytest.mark.slow
    def test_two_edits_that_each_add_the_first_entry_of_a_service_fit(self, world: World):
        publish(a_draft(LONGER), "", world.change("chief"))
        assert preview(a_draft(RENAME), world.change("member")).can_publish

    @pytest.mark.slow
    def test_an_edit_of_a_place_that_someone_else_has_changed_is_a_conflict_with_both_texts(self, world: World):
        publish(a_draft(LONGER), "", world.change("chief"))
        with pytest.raises(EditConflictsError) as error:
            publish(a_draft({**LONGER, "duration": "9d"}), "", world.change("member"))
        [conflict] = error.value.conflicts
        assert (conflict.before, conflict.theirs, conflict.ours) == (
            "",
            "8d",
            "9d",
        )
        assert isinstance(error.value, ConflictError)

    @pytest.mark.slow
    def test_waivers_recorded_since_the_files_were_stored_are_kept(self, world: World):
        waiver = Waiver(
            rule="R04", reason="Known", owner="lead", approved_by=("chief",), expires=TODAY.replace(month=9)
        )
        waivers.add_waiver(waiver, world.change("chief"))
        publish(a_draft(LONGER, base=2), "", world.change("member"))
        assert version_of(world, 3).definition.waivers == (waiver,)
        assert "rule: R04" in version_of(world, 3).sources["programme.yaml"]


class TestUndo:
    @pytest.mark.slow
    def test_the_version_before_is_restored_to_the_letter(self, world: World):
        publish(a_draft(MOVE, LONGER), "", world.change("chief"))
        assert undo(2, "", world.change("chief")) == 3
        first, third = version_of(world, 1), version_of(world, 3)
        assert (third.hash, dict(third.sources)) == (first.hash, dict(first.sources))

    @pytest.mark.slow
    def test_a_school_that_was_removed_returns_with_its_calendar_and_its_place_in_proposals(self, world: World):
        own = {"kind": "add-calendar", "calendar": "cedar-days", "school": "cedar"}
        apart = {"kind": "keep-apart", "school": "ash", "other": "cedar"}
        second = publish(a_draft(own, apart), "", world.change("chief"))
        leaves = {"kind": "remove-school", "school": "cedar"}
        third = publish(a_draft(leaves, base=second), "Cedar leaves.", world.change("chief"))
        assert "calendars/cedar-days.yaml" not in version_of(world, third).sources
        fourth = undo(third, "Cedar stays.", world.change("chief"))
        assert version_of(world, fourth).hash == version_of(world, second).hash

    @pytest.mark.slow
    def test_later_changes_of_other_places_stay(self, world: World):
        publish(a_draft(LONGER), "", world.change("chief"))
        publish(a_draft(MOVE, base=2), "", world.change("chief"))
        undo(2, "", world.change("chief"))
        assert "duration: 8d" not in version_of(world, 4).sources["services/payroll.yaml"]
        assert version_of(world, 4).definition.programme.waves == version_of(world, 3).definition.programme.waves

    @pytest.mark.slow
    def test_a_place_that_was_changed_again_is_a_conflict(self, world: World):
        publish(a_draft(LONGER), "", world.change("chief"))
        publish(a_draft({**LONGER, "duration": "9d"}, base=2), "", world.change("chief"))
        [conflict] = preview_undo(2, world.change("chief")).conflicts
        assert (conflict.before, conflict.theirs) == (
            "{requirements: {duration: 8d}}",
            "{requirements: {duration: 9d}}",
        )
        with pytest.raises(EditConflictsError):
            undo(2, "", world.change("chief"))

    @pytest.mark.slow
    def test_a_removed_entry_is_written_again_beside_later_changes_of_its_file(self, world: World):
        day = {"first_day": "2027-03-02"}
        publish(a_draft({"kind": "add-closure", "name": "Snow", **day}), "", world.change("chief"))
        publish(a_draft({"kind": "remove-closure", "name": "Snow", **day}, base=2), "", world.change("chief"))
        publish(a_draft(MOVE, base=3), "", world.change("chief"))
        undo(3, "", world.change("chief"))
        found = version_of(world, 5).definition.programme
        assert [c.name for c in found.closed] == ["Snow"]
        assert found.waves == version_of(world, 4).definition.programme.waves

    def test_the_first_version_stays(self, world: World):
        with pytest.raises(InputError, match="first version"):
            undo(1, "", world.change("chief"))


class TestDrafts:
    def test_a_draft_is_stored_and_found_again(self, world: World):
        saved = save_draft(a_draft(MOVE), world.change("member"))
        assert (saved.author, saved.revision, saved.edits) == ("member", 1, a_draft(MOVE).edits)
        assert draft_of(saved.id or 0, world.change("chief")) == saved
        discard_draft(saved, world.change("chief"))
        assert drafts_of(world.change("chief")) == ()

    def test_a_draft_that_someone_else_has_saved_since_is_not_overwritten(self, world: World):
        saved = save_draft(a_draft(MOVE), world.change("member"))
        save_draft(saved, world.change("chief"))
        with pytest.raises(StaleError):
            save_draft(saved, world.change("member"))

    def test_a_draft_that_someone_else_has_saved_since_is_neither_discarded_nor_copied(self, world: World):
        saved = save_draft(a_draft(MOVE), world.change("member"))
        again = save_draft(saved, world.change("chief"))
        with pytest.raises(StaleError):
            discard_draft(saved, world.change("member"))
        with pytest.raises(StaleError):
            copy_draft(saved, "Copy", world.change("member"))
        assert drafts_of(world.change("member")) == (again,)

    def test_no_draft_grows_beyond_the_most_edits_and_one_that_has_more_can_shrink(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        change = world.change("chief")
        large = new_draft(replace(a_draft(MOVE, LONGER, RENAME), name="Large"), change)
        monkeypatch.setattr(drafts, "MOST_EDITS", 1)
        for store in (
            lambda: new_draft(replace(a_draft(MOVE, LONGER), name="New"), change),
            lambda: save_draft(a_draft(MOVE, LONGER), change),
            lambda: copy_draft(large, "Copy", change),
            lambda: save_draft(replace(large, edits=(*large.edits, *large.edits)), change),
        ):
            with pytest.raises(InputError, match="A draft has at most 1 changes; this one would have"):
                store()
        smaller = save_draft(replace(large, edits=large.edits[1:]), change)
        assert len(rename_draft(smaller, "Smaller", change).edits) == 2

    @pytest.mark.slow
    def test_a_draft_moves_to_the_latest_version_unless_an_edit_no_longer_fits(self, world: World):
        publish(a_draft(LONGER), "", world.change("chief"))
        assert rebased(a_draft(MOVE), world.change("chief")).base == 2
        assert rebased(a_draft({**LONGER, "duration": "9d"}), world.change("chief")).base == 1

    @pytest.mark.slow
    def test_a_draft_with_an_edit_that_someone_else_has_made_too_stays_on_its_version(self, world: World):
        closure = {"kind": "add-closure", "name": "Snow", "first_day": "2027-03-02"}
        publish(a_draft(closure), "", world.change("chief"))
        assert rebased(a_draft(closure, RENAME), world.change("member")).base == 1
        assert preview(a_draft(closure, RENAME), world.change("member")).conflicts == ()

    @pytest.mark.slow
    def test_an_edit_added_to_an_older_draft_is_for_the_plan_that_its_author_saw(self, world: World):
        saved = save_draft(a_draft(RENAME), world.change("member"))
        publish(a_draft(LONGER), "", world.change("chief"))
        added = add_edits(a_draft({**LONGER, "duration": "9d"}, base=2), str(saved.id), "", world.change("member"))
        seen = preview(added, world.change("member"))
        assert (added.base, len(added.edits), seen.conflicts) == (2, 2, ())
