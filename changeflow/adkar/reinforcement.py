"""Has the change stuck? The results of checkpoints, and the verdict on them. Pure functions.

Use counts most: completed training or satisfied people are not adoption. Thresholds are settings of the programme;
their defaults are our own choice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

FALL = 0.1
"""A fall in use by this share counts as reverting, whatever the level: our own choice."""


class StickVerdict(StrEnum):
    """The verdict of a checkpoint on whether a change is embedded."""

    SUSTAINED = "sustained"
    AT_RISK = "at risk"
    REVERTING = "reverting"
    UNKNOWN = "not known"


class Aspect(StrEnum):
    """What a checkpoint checks."""

    USE = "use"
    PROFICIENCY = "proficiency"
    EXPERIENCE = "experience"
    BARRIER = "barrier"
    SPONSOR = "sponsor"
    OLD_WAY = "old way"


ASKED = frozenset({Aspect.USE, Aspect.EXPERIENCE, Aspect.SPONSOR, Aspect.OLD_WAY})
"""What every checkpoint must check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointResult:
    """The results of a checkpoint. What was not checked is None."""

    task: str
    on: date
    use: float | None = None
    """The share of people who work in the new way, 0 to 1; for a group, never for one person."""
    proficiency: float | None = None
    """The share who do it correctly without help, 0 to 1."""
    experience: float | None = None
    """The share who find it no worse than before, 0 to 1."""
    sponsor_seen: bool | None = None
    old_way_gone: bool | None = None
    evidence: str = ""
    """Where the numbers come from."""
    said: str = ""
    """What people said."""
    did: str = ""
    """What was done about it."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The shares that are needed."""

    sustained_use: float
    reverting_use: float
    proficient: float
    satisfied: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reasons, and what must be corrected."""

    verdict: StickVerdict
    reasons: tuple[str, ...]
    wrong: tuple[Aspect, ...]


def judge_checkpoint(
    result: CheckpointResult,
    earlier: Sequence[CheckpointResult],
    thresholds: Thresholds,
    *,
    is_past_barriers: bool | None,
) -> Judgement:
    """Judge a checkpoint by its results and those of earlier ones in the same wave.

    `is_past_barriers` says whether enough people are past reinforcement, according to the publications since the
    go-live; None if that is not known.
    """
    looked_at = [
        *_use(result, earlier, thresholds),
        *_shares(result, thresholds),
        *_yes_no(is_past_barriers, Aspect.BARRIER, "enough people have no barrier", "too many people have a barrier"),
        *_yes_no(result.sponsor_seen, Aspect.SPONSOR, "the sponsor was visible", "the sponsor was not visible"),
        *_yes_no(
            result.old_way_gone,
            Aspect.OLD_WAY,
            "the old arrangements have ended",
            "the old arrangements are still in use",
        ),
    ]
    wrong = tuple(a for a, is_right, _ in looked_at if not is_right)
    reasons = [text for _, _, text in looked_at]
    if _is_back(result, earlier, thresholds):
        verdict = StickVerdict.REVERTING
    elif wrong:
        verdict = StickVerdict.AT_RISK
    elif result.use is None or not {a for a, _, _ in looked_at} >= ASKED:
        # Barriers and proficiency cannot always be known; everything else can be checked.
        verdict = StickVerdict.UNKNOWN
        reasons.append("use was not checked" if result.use is None else "not everything was checked")
    else:
        verdict = StickVerdict.SUSTAINED
    return Judgement(verdict, tuple(reasons), wrong)


_Look = tuple[Aspect, bool, str]


def _fell(result: CheckpointResult, earlier: Sequence[CheckpointResult]) -> float | None:
    """Return the earlier share from which use has fallen by at least `FALL`, or None."""
    best = max((r.use for r in earlier if r.use is not None), default=None)
    return best if best is not None and result.use is not None and round(best - result.use, 9) >= FALL else None


def _is_back(result: CheckpointResult, earlier: Sequence[CheckpointResult], thresholds: Thresholds) -> bool:
    is_little = result.use is not None and result.use < thresholds.reverting_use
    is_reopened = result.old_way_gone is False and any(r.old_way_gone for r in earlier)
    return is_little or is_reopened or _fell(result, earlier) is not None


def _use(result: CheckpointResult, earlier: Sequence[CheckpointResult], thresholds: Thresholds) -> Iterator[_Look]:
    if result.use is None:
        return
    text, best = f"{result.use:.0%} use it ({thresholds.sustained_use:.0%} needed)", _fell(result, earlier)
    if best is not None:
        text += f", down from {best:.0%}"
    yield Aspect.USE, result.use >= thresholds.sustained_use and best is None, text


def _shares(result: CheckpointResult, thresholds: Thresholds) -> Iterator[_Look]:
    if result.proficiency is not None:
        text = f"{result.proficiency:.0%} do it correctly without help ({thresholds.proficient:.0%} needed)"
        yield Aspect.PROFICIENCY, result.proficiency >= thresholds.proficient, text
    if result.experience is not None:
        text = f"{result.experience:.0%} find it no worse than before ({thresholds.satisfied:.0%} needed)"
        yield Aspect.EXPERIENCE, result.experience >= thresholds.satisfied, text


def _yes_no(is_so: bool | None, aspect: Aspect, good: str, bad: str) -> Iterator[_Look]:
    if is_so is not None:
        yield aspect, is_so, good if is_so else bad
