"""The types and values of plain scalars: by hand from the core schema of YAML 1.2, and beside ruamel.yaml."""

from datetime import UTC, date, datetime, timedelta, timezone
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode

from changeflow.intake.yaml_nodes import STR, TIMESTAMP, tag_of, value_of
from tests.quick import draws

RUAMEL = YAML(typ="safe", pure=True)
CORE = {
    # 10.3.2: null | Null | NULL | ~, and nothing at all.
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{text: text for text in ("nULL", "none", "nil", "n", "~~", "null ")},
    # true | True | TRUE | false | False | FALSE; the yes and no of YAML 1.1 are text.
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{text: text for text in ("tRUE", "yes", "Yes", "YES", "no", "No", "on", "On", "off", "OFF", "y", "n", "Y", "N")},
    # [-+]? [0-9]+, 0o [0-7]+, 0x [0-9a-fA-F]+
    "0": 0,
    "-0": 0,
    "+12": 12,
    "-19": -19,
    "007": 7,
    "010": 10,
    "09": 9,
    "0o7": 7,
    "0o17": 15,
    "0x3A": 58,
    "0xfF": 255,
    **{text: text for text in ("0o8", "0xG", "1a", "1 2", "--1", "+", "-", "0o", "0x", "1,000", "1:30", "190:20:30")},
    # [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
    "0.": 0.0,
    "-0.0": -0.0,
    ".5": 0.5,
    "+12e03": 12000.0,
    "-2E+05": -200000.0,
    "12.3e-2": 0.123,
    "1e3": 1000.0,
    # [-+]? ( \.inf | \.Inf | \.INF )
    ".inf": inf,
    "-.Inf": -inf,
    "+.INF": inf,
    **{text: text for text in (".", "-.", ".iNF", "inf", "Infinity", "nan", ".nAN", "1e", "e3", "1.2.3", "+.nan")},
}
BESIDES = {
    # What ruamel.yaml reads and the core schema does not: signs before other bases, base two, and underscores.
    "-0x1F": -31,
    "+0o7": 7,
    "0b101": 5,
    "0b1_01": 5,
    "0o1_7": 15,
    "-0b1": -1,
    "1_000": 1000,
    "0x_f": 15,
    "1_0.5_0": 10.5,
    "1__2": 12,
    # Without a sign, an exponent after a point that comes first is text.
    ".5e+3": 500.0,
    ".5e3": ".5e3",
    # Days and moments, of YAML 1.1 and of every file here.
    "2027-01-08": date(2027, 1, 8),
    "2027-1-8": "2027-1-8",
    "2027-01": "2027-01",
    "2027-01-08T10:00": "2027-01-08T10:00",
    "2027-01-08T10:00:00": datetime(2027, 1, 8, 10),
    "2027-1-8 9:05:00": datetime(2027, 1, 8, 9, 5),
    "2027-01-08t10:00:00.25Z": datetime(2027, 1, 8, 10, 0, 0, 250_000, tzinfo=UTC),
    "2027-01-08 10:00:00.1234567 -5": datetime(2027, 1, 8, 10, 0, 0, 123_457, tzinfo=timezone(-timedelta(hours=5))),
    "2027-01-08 10:00:00 -01:30": datetime(2027, 1, 8, 10, tzinfo=timezone(-timedelta(hours=1, minutes=30))),
    "2027-12-31 23:59:59.9999999": datetime(2028, 1, 1),
}
NONE = ("2027-02-30", "2027-13-01", "2027-01-08 24:00:00", "2027-01-08 10:00:00 +24:00", "9999-12-31 23:59:59.9999999")
NUMBERS = st.from_regex(r"[-+]?(0[box]?)?[0-9_]{0,4}[.]?[0-9_]{0,3}([eE][-+]?[0-9]{0,3})?", fullmatch=True)
TIMES = r"[Tt ] ?[0-9]{1,2}:[0-9]{2}:[0-9]{2}([.][0-9]{0,8})?( ?(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?"
DAYS = st.from_regex(f"[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}({TIMES})?", fullmatch=True)
WORDS = st.text("-+.0123456789_:eEoxbabfinfINFnatrueTRUEflsLSnulNUL~=<TZ ", max_size=8)


@pytest.mark.parametrize("text", [*CORE, *BESIDES])
def test_a_scalar_has_the_value_of_the_table(text: str):
    expected = (CORE | BESIDES)[text]
    found = value_of(tag_of(text), text)
    assert (type(found), found) == (type(expected), expected)
    assert str(found) == str(expected)


def test_what_is_not_a_number_is_a_float():
    assert [str(value_of(tag_of(text), text)) for text in (".nan", ".NaN", ".NAN")] == ["nan"] * 3


@pytest.mark.parametrize("text", NONE)
def test_a_day_that_does_not_exist_has_no_value(text: str):
    assert tag_of(text) == TIMESTAMP
    with pytest.raises((ValueError, OverflowError)):
        value_of(TIMESTAMP, text)


def test_a_mark_of_a_tag_an_anchor_or_an_alias_alone_has_a_tag_of_its_own():
    assert {tag_of(text).rpartition(":")[2] for text in "!&*"} == {"yaml"}


def test_a_merge_key_and_an_equals_sign_have_tags_of_their_own():
    assert [tag_of(text).rpartition(":")[2] for text in ("<<", "=", "<", "==")] == ["merge", "value", "str", "str"]


@pytest.mark.slow
@settings(max_examples=draws(800), deadline=None)
@given(st.one_of(NUMBERS, DAYS, WORDS, st.text(max_size=5), st.sampled_from([*CORE, *BESIDES, *NONE])))
def test_a_scalar_has_the_tag_and_the_value_that_ruamel_gives_it(text: str):
    tag = RUAMEL.resolver.resolve(ScalarNode, text, (True, False))
    assert tag_of(text) == str(tag)
    if str(tag).endswith((":merge", ":value", ":yaml")):
        return
    try:
        expected = RUAMEL.constructor.construct_object(ScalarNode(tag, text))
    except (ValueError, ArithmeticError, LookupError):
        with pytest.raises((ValueError, ArithmeticError)):
            value_of(tag_of(text), text)
        return
    found = value_of(tag_of(text), text)
    assert repr(found) == repr(expected)
    assert tag_of(text) != STR or found == text
