"""One word for each idea: the glossary has each term once, and no text that people read uses a retired word."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import tree_of

TOP = Path(__file__).resolve().parents[1]
GLOSSARY = TOP / "docs" / "glossary.md"

RETIRED = {
    r"black-outs?|black outs?": "blackout",
    r"cliff edges?": "cut-off",
    r"levers?": "recovery option",
    r"rungs?|ladders?": "escalation level, escalation path",
    r"visible acts?": "visible support",
    r"told (?:schools?|dates?|days?)|(?:dates?|days?) told": "announced",
    r"price of an? (?:aim|week)|priced at": "weight",
    r"held back at": "barrier at",
    r"other worlds?|witness worlds?": "alternative world",
    r"flaws?|flawed": "definition error",
    r"promised order|order promised": "precedence",
    r"opening (?:days?|windows?)|next opening|missed openings?": "start window",
    r"slack": "float",
    r"cutovers?": "cut-over",
    r"senior responsible officer": "senior responsible owner",
    r"go/no go|no-go/go": "go/no-go",
    r"roll-outs?": "rollout",
}
"""The retired words for an idea, as a pattern, and the term in use."""

PLAIN = {
    r"somebody|anybody|everybody": "someone, anyone, everyone",
    r"nobody|no-one": "no one",
    r"whoever": "the person who",
    r"anew|once more": "again",
    r"graver|gravest": "more severe, most severe",
    r"speaks? (?:for|against) (?:it|a|the)|carr(?:y|ies) a go": "supports, does not support",
    r"giv(?:e|es|ing) (?:\w+ ){0,3}away": "identify, reveal",
    r"see(?:s|n)? to it": "deal with it",
    r"when left out|may be given again|again for more": "(default: …), repeatable",
    r"maximal|minimal lags?": "maximum",
    r"is no (?:mistake|fault|JSON)": "is not a …",
    r"single (?:contracts?|people|persons?|differences)": "individual",
    r"main job": "main workflow",
    r"a date that exists": "say why the date does not exist",
    r"stands? already|as it stood|lies in the (?:future|past)": "is",
    r"what drives that|it is told|cannot be told": "name the tasks, the actor",
    r"lift(?:s|ed|ing)? (?:a|the|this) rule": "waive",
}
"""Wordings that a native professional would not write, as a pattern, and what to write instead."""

ALLOWED = {
    ("ladder", "docs/rules.md"): "it is a rulepack's key, which folders may already use",
    ("slack", "docs/glossary.md"): "it names Microsoft Project's word for float",
    ("slack", "docs/profiles.md"): "the slack limit is a setting of a Microsoft Project file",
}


def entries() -> list[tuple[str, str, str]]:
    """Return the glossary's rows: term, definition, links."""
    rows = re.findall(r"^\| (.+?) \| (.+) \| (.+) \|$", GLOSSARY.read_text(encoding="utf-8"), re.M)
    return [row for row in rows if row[0] != "term"]


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9%']+", " ", text.casefold())


def test_the_glossary_has_each_term_once_in_alphabetical_order():
    terms = [re.sub(r"[^a-z0-9 ]", "", term.casefold()).strip() for term, _, _ in entries()]
    assert len(terms) > 100
    assert terms == sorted(set(terms))


@pytest.mark.parametrize(("term", "definition", "links"), entries(), ids=[term for term, _, _ in entries()])
def test_a_definition_is_one_sentence_with_a_link_to_a_text_that_uses_the_term(term: str, definition: str, links: str):
    assert definition[0].isupper()
    assert definition.endswith(".")
    assert not re.search(r"[.!?] ", definition)
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", links)
    assert targets
    for target in targets:
        assert plain(term) in plain((GLOSSARY.parent / target).read_text(encoding="utf-8")), target


ANY_RETIRED = re.compile(rf"(?<![\w/-])(?:{'|'.join(RETIRED | PLAIN)})(?![\w-])", re.I)
PARTED = re.compile(r"""["']\s*[fr]?["']""")
"""Where a literal goes on in the next line."""


def strings(file: Path) -> Iterator[str]:
    """Yield the string literals of a module that can be sentences: those with a space.

    A module without a retired word, in whatever part of it, has none to yield: parsing it takes longer.
    """
    if not ANY_RETIRED.search(PARTED.sub("", file.read_text(encoding="utf-8"))):
        return
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text that people read, with the path of its file: code's strings, pages, templates and catalogues."""
    for file in sorted((TOP / "changeflow").rglob("*.py")):
        yield file.relative_to(TOP).as_posix(), "\n".join(strings(file))
    pages = [TOP / "README.md", TOP / "CONTRIBUTING.md", *(TOP / "docs").glob("*.md")]
    templates = [f for f in (TOP / "templates").rglob("*") if f.suffix in {".j2", ".typ", ".yaml", ".csv"}]
    for file in sorted([*pages, *templates, *(TOP / "changeflow" / "languages").rglob("*.pot")]):
        yield file.relative_to(TOP).as_posix(), file.read_text(encoding="utf-8")


def retired_words(place: str, text: str) -> Iterator[str]:
    if not ANY_RETIRED.search(text):
        return
    for pattern, term in (RETIRED | PLAIN).items():
        for found in re.finditer(rf"(?<![\w/-])(?:{pattern})(?![\w-])", text, re.I):
            if (found[0].casefold(), place) not in ALLOWED:
                yield f"{place}: “{found[0]}”; write {term}"


def test_no_text_uses_a_retired_word_for_an_idea():
    assert [f for place, text in texts() for f in retired_words(place, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "The black-out ends.",
        "Missed openings",
        "2 days of slack",
        "The cliff edge",
        "Somebody sees to it.",
        "This is no fault.",
    ],
)
def test_a_retired_word_is_found(text: str):
    assert list(retired_words("docs/example.md", text))


def test_every_retired_word_has_a_term_of_the_glossary_or_an_established_spelling():
    known = {term for term, _, _ in entries()} | {"cut-over", "senior responsible owner", "go/no-go", "rollout"}
    assert {term for terms in RETIRED.values() for term in terms.split(", ")} <= known
