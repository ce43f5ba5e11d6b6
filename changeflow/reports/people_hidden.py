"""Why groups are not shown, in the words of the people who read it, and what can be done about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from changeflow.adkar.published import Hidden, Snapshot, Standing

ASK = "Ask more of its people to answer in the next round."
LARGER = "Read the larger groups that its people belong to."


@dataclass(frozen=True, slots=True)
class WhyHidden:
    """Why a group is not shown."""

    reason: str
    remedy: str
    """What the project team can do about it, or read instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenLine:
    """The groups that are not shown for one reason."""

    reason: str
    remedy: str
    divisions: tuple[tuple[str, tuple[str, ...]], ...]
    """A division, such as `By role`, and its groups."""


def why_hidden(standing: Standing, snapshot: Snapshot) -> WhyHidden | None:
    """Return why a group is not shown; None where it is shown."""
    if standing.is_shown:
        return None
    minimum, band = snapshot.minimum, snapshot.band
    match standing.hidden:
        case Hidden.FEW:
            return WhyHidden(
                f"Fewer than {minimum} of its people answered.",
                f"{ASK} A group of fewer than {minimum} people is never shown: read the larger groups instead.",
            )
        case Hidden.SMALL:
            return WhyHidden(f"So few of its people answered that a count in bands of {band} would say nothing.", ASK)
        case Hidden.BEFORE:
            return WhyHidden(
                "It was hidden in an earlier round. Figures now, compared with that round, could identify a person.",
                f"It stays hidden until at least {minimum} people have joined or left it. {LARGER}",
            )
        case Hidden.LIMIT:
            # Loaded here: it brings a solver, which most reports do without.
            from changeflow.adkar.publishing import GROUPS_OF_ONE

            return WhyHidden(
                f"Some of its people are already counted in {GROUPS_OF_ONE} published groups, the most for one person.",
                "Read the groups that are shown: its people are counted there.",
            )
        case Hidden.TOGETHER:
            return WhyHidden(
                "Combined with the figures of the groups that are shown, its figures could identify a person.",
                f"{ASK} {LARGER}",
            )
    if standing.held is not None:
        return WhyHidden(
            "Every band for this group runs from 0 to the whole group, so it would say nothing.", f"{ASK} {LARGER}"
        )
    return WhyHidden(
        "The reason was not recorded when this round was published.", "The next round will give the reason."
    )


def hidden_lines(hidden: Iterable[tuple[str, str, WhyHidden]]) -> Iterator[HiddenLine]:
    """Yield a line for each reason, from (division, group, why)."""
    by_why: dict[WhyHidden, dict[str, list[str]]] = {}
    for division, group, why in hidden:
        by_why.setdefault(why, {}).setdefault(division, []).append(group)
    for why, divisions in by_why.items():
        named = tuple((division, tuple(groups)) for division, groups in divisions.items())
        yield HiddenLine(reason=why.reason, remedy=why.remedy, divisions=named)
