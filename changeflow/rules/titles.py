"""Rules by their titles: what people read instead of codes."""

import re

from changeflow.rules.catalogue import RULES

_NAMED = re.compile(r"\b([Rr])ule (R\d\d)\b")


def titled(code: str) -> str:
    """Return a rule's title in quotation marks, or the code of one that is not in the rulebook.

    >>> titled("R12")
    '“Parallel run for payroll”'
    """
    return f"“{RULES[code].title}”" if code in RULES else code


def with_titles(sentence: str) -> str:
    """Name rules by their titles in a sentence of the layers below, which know only codes.

    >>> with_titles("“Go live” must wait, as rule R12 requires.")
    '“Go live” must wait, as the rule “Parallel run for payroll” requires.'
    """
    return _NAMED.sub(lambda found: f"{'The' if found[1] == 'R' else 'the'} rule {titled(found[2])}", sentence)
