"""What a rule of the field is: its words, its source, what it stops, who may lift it, and how it is checked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.words import Gate, Mandate, Severity, Stops

Check = Callable[[Programme], Iterator[Breach | ImpliedLink]]
MAKING_CHANGE_STICK = "'Making change stick', CJK Associates, Autumn 2022"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the field. Its check's docstring is its text in the handbook."""

    code: str
    title: str
    blocks: Stops = Stops.NOTHING
    """What a finding of it stops: `baseline`, `gate`, `closure`, or nothing."""
    lifted_by: tuple[Mandate, ...] = ()
    """Whose mandates it takes to lift it, all of them together; none where no one may."""
    remedy: str
    source: str = MAKING_CHANGE_STICK
    """The document or the law that it comes from."""
    check: Check
    sentence: str = ""
    """The words of the source, as they are there."""
    our_choice: str = ""
    """What of it the source does not say."""
    gates: tuple[Gate, ...] = ()
    """The gates whose criterion it is."""
    hardens_at: Gate | None = None
    """The gate from which on its warning blocks."""
    only_for: Callable[[ServiceFile], bool] | None = None
    """The services that it is about, where it is not about all."""
    example: str = ""
    """What it comes to in a trust, in a sentence or two."""
    needs_schedule: bool = False
    """Its check looks at dates, and so runs after the schedule."""
    on_dates: Check | None = None
    """What it looks at besides, once the schedule is known."""
    enforced_by: str = ""
    """What keeps it, where that is no finding: a page that hides, a dispatch that waits."""

    @property
    def severity(self) -> Severity:
        """A rule whose findings stop nothing warns."""
        return Severity.WARN if self.blocks is Stops.NOTHING else Severity.BLOCK

    @property
    def waived_by(self) -> str:
        """Who may lift it, in words; empty where no one may."""
        return " and ".join(self.lifted_by)

    @property
    def cited(self) -> str:
        """The source with its words, in one line."""
        return f"{self.source}: “{self.sentence}”" if self.sentence else self.source

    @property
    def text(self) -> str:
        return " ".join((self.check.__doc__ or "").split("\n\n")[0].split())
