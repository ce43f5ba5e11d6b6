"""A rule: its text, its source, what it stops, who may waive it, and how it is checked."""

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
    """One rule. The docstring of its check is its text in the handbook."""

    code: str
    title: str
    blocks: Stops = Stops.NOTHING
    """What a finding stops: `baseline`, `gate`, `closure`, or nothing."""
    lifted_by: tuple[Mandate, ...] = ()
    """The mandates that are all needed to waive it; empty if no one may."""
    remedy: str
    source: str = MAKING_CHANGE_STICK
    """The document or law that it comes from."""
    check: Check
    sentence: str = ""
    """A quotation from the source."""
    our_choice: str = ""
    """Details that the source leaves open and we chose."""
    gates: tuple[Gate, ...] = ()
    """The gates that use it as a criterion."""
    hardens_at: Gate | None = None
    """From this gate on, its warning blocks."""
    only_for: Callable[[ServiceFile], bool] | None = None
    """Selects the services that it applies to; None for all."""
    example: str = ""
    """An example from a trust, in a sentence or two."""
    implies_links: bool = False
    """Whether its check may add links. All links are added before scheduling, so no other rule affects dates."""
    needs_schedule: bool = False
    """Whether its check uses dates, so that it runs after scheduling."""
    on_dates: Check | None = None
    """A second check, which runs after scheduling."""
    met_by_service: bool = False
    """Whether the service's manager, or else its lead provider, provides what it needs."""
    enforced_by: str = ""
    """What enforces it, if not a finding: a page that hides results, a dispatch that waits."""

    @property
    def severity(self) -> Severity:
        """A rule that stops nothing only warns."""
        return Severity.WARN if self.blocks is Stops.NOTHING else Severity.BLOCK

    @property
    def waived_by(self) -> str:
        """Who may waive it, in words; empty if no one may."""
        return " and ".join(self.lifted_by)

    @property
    def cited(self) -> str:
        """The source and its quotation, on one line."""
        return f"{self.source}: “{self.sentence}”" if self.sentence else self.source

    @property
    def text(self) -> str:
        return " ".join((self.check.__doc__ or "").split("\n\n")[0].split())
