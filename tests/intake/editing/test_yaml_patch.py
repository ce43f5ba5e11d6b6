"""A patch changes one value of a YAML text: each expected text is written by hand."""

from datetime import date

import pytest

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.yaml_patch import add_keys, append, remove, rename_key, reorder, set_value
from changeflow.intake.editing.yaml_splice import flow_text

FILE = "programme.yaml"
WAVES = """\
waves:
  - id: w1   # first
    schools: [ash, beech]
  # second
  - id: w2
    schools:
    - cedar # late
    - elm
"""


class TestSettingAValue:
    def test_a_scalar_keeps_the_comment_on_its_line(self):
        assert set_value("a: 1  # one\nb: 2\n", ("a",), "x", file=FILE) == "a: x  # one\nb: 2\n"

    def test_a_missing_key_is_added_after_the_last_of_its_mapping(self):
        text = "tasks:\n  go-live:\n    owner: lead  # hers\n\n# end\n"
        changed = set_value(text, ("tasks", "go-live", "duration"), "5d", file=FILE)
        assert changed == "tasks:\n  go-live:\n    owner: lead  # hers\n    duration: 5d\n\n# end\n"

    def test_a_missing_key_is_added_within_the_brackets_of_a_flow_mapping(self):
        assert set_value("m: {a: 1}\n", ("m", "b"), date(2027, 1, 4), file=FILE) == "m: {a: 1, b: 2027-01-04}\n"

    def test_a_missing_mapping_is_added_with_the_key(self):
        assert set_value("a: 1\n", ("t", "x", "owner"), "lead", file=FILE) == "a: 1\nt:\n  x: {owner: lead}\n"

    def test_a_key_without_a_value_gets_its_mapping_below(self):
        assert set_value("t:  # none yet\nb: 1\n", ("t", "x"), 2, file=FILE) == "t:  # none yet\n  x: 2\nb: 1\n"

    def test_a_folded_text_is_replaced_whole(self):
        assert set_value("a: >-\n  one\n  two\n\n# end\nb: 1\n", ("a",), "x", file=FILE) == "a: x\n\n# end\nb: 1\n"

    def test_line_breaks_of_windows_stay(self):
        assert set_value("a: 1\r\nb: {}\r\n", ("c",), 2, file=FILE) == "a: 1\r\nb: {}\r\nc: 2\r\n"

    def test_a_text_without_a_final_line_break_gets_none(self):
        assert set_value("a: 1", ("b",), 2, file=FILE) == "a: 1\nb: 2"

    def test_a_value_that_is_there_changes_nothing(self):
        assert set_value("a: '1'\n", ("a",), "1", file=FILE) == "a: '1'\n"


class TestLists:
    def test_an_item_is_added_to_a_list_in_brackets(self):
        assert append(WAVES, ("waves", 0, "schools"), "oak", file=FILE) == WAVES.replace("beech]", "beech, oak]")

    def test_an_item_is_added_below_the_last_line_of_a_list(self):
        assert append(WAVES, ("waves", 1, "schools"), "oak", file=FILE) == f"{WAVES}    - oak\n"

    def test_an_item_is_removed_with_its_line(self):
        assert remove(WAVES, ("waves", 1, "schools", 0), file=FILE) == WAVES.replace("    - cedar # late\n", "")

    def test_an_item_is_removed_from_brackets(self):
        assert remove(WAVES, ("waves", 0, "schools", 0), file=FILE) == WAVES.replace("[ash, beech]", "[beech]")

    def test_the_last_item_leaves_empty_brackets(self):
        assert remove("a:\n  - x\nb: 1\n", ("a", 0), file=FILE) == "a: []\nb: 1\n"

    def test_a_list_in_brackets_over_several_lines_loses_one_line(self):
        text = "a: [\n  x,  # ex\n  y,\n  z\n]\n"
        assert remove(text, ("a", 1), file=FILE) == "a: [\n  x,  # ex\n  z\n]\n"

    def test_items_change_places_with_their_comments(self):
        text = f"# all\n{WAVES}# end\n"
        changed = "# all\nwaves:\n  # second\n  - id: w2\n    schools:\n    - cedar # late\n    - elm\n"
        changed += "  - id: w1   # first\n    schools: [ash, beech]\n# end\n"
        assert reorder(text, ("waves",), [1, 0], file=FILE) == changed

    def test_items_in_brackets_change_places(self):
        assert reorder("a: [x, {y: 1},\n  z]\n", ("a",), [2, 0, 1], file=FILE) == "a: [z, x,\n  {y: 1}]\n"

    def test_the_last_line_gets_a_line_break_when_it_moves_up(self):
        assert reorder("a:\n- x\n- y", ("a",), [1, 0], file=FILE) == "a:\n- y\n- x\n"


class TestKeys:
    def test_a_key_gets_another_name(self):
        changed = rename_key("t:\n  'a/b': {c: 1}  # one\n", ("t", "a/b"), "d/b", file=FILE)
        assert changed == "t:\n  d/b: {c: 1}  # one\n"

    def test_a_name_that_is_there_already_is_refused(self):
        with pytest.raises(EditRefusedError):
            rename_key("a: 1\nb: 2\n", ("a",), "b", file=FILE)

    def test_several_keys_are_added_each_on_a_line(self):
        text = "t:\n  a:\n    x: 1  # one\nu: 2\n"
        added = add_keys(text, ("t",), {"b": {"x": 2}, "c": ["y"]}, file=FILE)
        assert added == "t:\n  a:\n    x: 1  # one\n  b: {x: 2}\n  c: [y]\nu: 2\n"

    def test_keys_are_added_within_brackets_and_to_a_mapping_that_is_not_there(self):
        assert add_keys("t: {a: 1}\n", ("t",), {"b": 2, "c": 3}, file=FILE) == "t: {a: 1, b: 2, c: 3}\n"
        assert add_keys("u: 1\n", ("t",), {"b": {"x": 2}}, file=FILE) == "u: 1\nt:\n  b: {x: 2}\n"


class TestAnchors:
    def test_another_place_with_the_same_anchor_is_written_out_and_keeps_its_value(self):
        assert append("a: &x [1, 2]\nb: *x\n", ("a",), 3, file=FILE) == "a: &x [1, 2, 3]\nb: [1, 2]\n"

    def test_an_alias_is_written_out_before_it_changes(self):
        assert append("a: &x [1, 2]\nb: *x\n", ("b",), 3, file=FILE) == "a: &x [1, 2]\nb: [1, 2, 3]\n"


@pytest.mark.parametrize("text", ["? [a]\n: 1\n", "a: [1\n", "- 1\n", ""])
def test_a_text_that_cannot_be_changed_safely_is_refused(text: str):
    with pytest.raises(EditRefusedError):
        set_value(text, ("b",), 2, file=FILE)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("yes", "yes"), ("true", '"true"'), ("1", '"1"'), ("5d", "5d"), ("a: b", '"a: b"'), ("x #1", '"x #1"'),
        ("- x", '"- x"'), ("", '""'), ("St Mary's", "St Mary's"), ("2027-01-04", '"2027-01-04"'), ("null", '"null"'),
        ("go-live FS+5d", "go-live FS+5d"), (["a, b", 1.5, None], '["a, b", 1.5, null]'), ({"a": True}, "{a: true}"),
    ],
)  # fmt: skip
def test_a_value_is_quoted_only_where_yaml_needs_it(value: object, text: str):
    assert flow_text(value) == text
