"""Reword the command line's messages about ledgers for readers of pages, without options or keys of files."""

import re

_IN_A_FILE = r" For a service, set `\w+` under `parallel_run` in the service's file instead\."
_INSTEAD = (
    (
        re.compile(rf"Name the columns to compare with --tolerance\.{_IN_A_FILE}"),
        "Ask the programme office to set which columns count.",
    ),
    (re.compile(rf"Use `--decimal \.` or `--decimal ,`\.{_IN_A_FILE}"), "Choose the decimal mark below."),
    (re.compile(rf", or use --decimal\.{_IN_A_FILE}"), ", or choose the decimal mark below."),
    (
        re.compile(rf", use --columns .*?\.{_IN_A_FILE}"),
        ", ask the programme office to add that name to the service’s settings.",
    ),
    # Stored runs may have these older messages.
    (re.compile(r": say with --tolerance .*?\(or, .*?\)\."), ". Ask the programme office to set which columns count."),
    (
        re.compile(r": --columns .*?(?:\(or, .*?\))?\."),
        ", ask the programme office to add that name to the service’s settings.",
    ),
    (re.compile(r", or say which belong together with --identity"), ", or upload a list of the ids that have changed"),
)
_WITH_OPTION = re.compile(r"[^.]*(?<!\w)--[a-z][^.]*\.")


def for_page(text: str) -> str:
    """Return a message with what a reader of a page can do instead of using an option.

    >>> for_page("Write them alike, or say which belong together with --identity.")
    'Write them alike, or upload a list of the ids that have changed.'
    """
    for pattern, words in _INSTEAD:
        text = pattern.sub(words, text)
    return " ".join(_WITH_OPTION.sub("", text).split()) if _WITH_OPTION.search(text) else text
