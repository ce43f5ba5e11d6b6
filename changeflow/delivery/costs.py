"""The cost of a later decision, in a sentence that messages and pages share."""

from dataclasses import dataclass
from datetime import date

from changeflow.languages.language import Language
from changeflow.values.sentences import counted_sentence, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterCost:
    """The effect of deciding on `from_day` or later: the date that moves furthest, and how many others move
    (`more`)."""

    from_day: date
    name: str
    days: int
    before: date
    after: date
    more: int


def cost_in_words(cost: LaterCost, language: Language) -> str:
    """Describe the cost of a later decision in one sentence, or in two if several dates move."""
    first = sentence(
        "If you decide on %(first_day)s or later, “%(name)s” will slip by %(days)s, from %(before)s to %(after)s.",
        first_day=language.day(cost.from_day),
        name=cost.name,
        days=counted_sentence("%(num)s day", "%(num)s days", cost.days),
        after=cost.after,
        before=cost.before,
    )
    said = language.say(first)
    if cost.more:
        others = counted_sentence("%(num)s other date will move too.", "%(num)s other dates will move too.", cost.more)
        said = f"{said} {language.say(others)}"
    return said
