"""What nudges lead to, as lines for the terminal."""

from collections.abc import Iterator, Sequence

from changeflow.agenda.reasons import NudgeEffect

LEVELS = ("first word", "on the day", "reminder", "to the manager")


def effects_text(found: Sequence[NudgeEffect]) -> Iterator[str]:
    """Yield a table's lines."""
    yield f"{'reason':<14}{'level':<18}{'sent':>6}{'held back':>11}{'acted on':>10}{'days':>7}"
    for effect in found:
        level = LEVELS[effect.level] if effect.level < len(LEVELS) else "to the SRO"
        acted = "-" if effect.acted is None else str(effect.acted)
        days = "-" if effect.days is None else f"{effect.days:.1f}"
        yield f"{effect.reason:<14}{level:<18}{effect.sent:>6}{effect.held_back:>11}{acted:>10}{days:>7}"
