"""A programme's definition: what its folder says, without facts and without contact details."""

import hashlib
import json
from datetime import date, time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from changeflow.adkar.people import ChangeImpact, Person
from changeflow.pilots.criteria import Assurance, GoNoGo, ParallelRunPolicy, PilotPlan
from changeflow.roadmap.model.pathways import Links, Names, Pathway, StepFields
from changeflow.roadmap.model.requests import Levelling, Risk, Rollout
from changeflow.services.service import Agreement, Holding, LeadProvider, Team
from changeflow.services.transition import NewPost, Post
from changeflow.values.base import Frozen, Id
from changeflow.values.finding import Waiver
from changeflow.values.limits import parse_day
from changeflow.values.rulepack import Rulepack
from changeflow.values.words import NoReturn

PAYROLL = "payroll"
Nation = Literal["england", "wales", "scotland", "northern-ireland"]


class Hours(Frozen):
    """One stretch of work within a day."""

    start: time
    end: time


class WorkingWeek(Frozen):
    """Hours of an ordinary working day, Monday to Friday unless `days` says otherwise."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ("mon", "tue", "wed", "thu", "fri")
    hours: tuple[Hours, ...] = (Hours(start=time(8, 30), end=time(12, 30)), Hours(start=time(13), end=time(16, 30)))

    @property
    def minutes_per_day(self) -> int:
        return sum(h.end.hour * 60 + h.end.minute - h.start.hour * 60 - h.start.minute for h in self.hours)


class Closure(Frozen):
    """Days on which somebody is closed, both inclusive; or open, against what a wider calendar says."""

    name: str
    first_day: date
    last_day: date | None = None
    open: bool = False

    @property
    def last(self) -> date:
        return self.last_day or self.first_day


class Term(Frozen):
    """A term's first and last school day, and its half-term holiday."""

    name: str
    first_day: date
    last_day: date
    half_term: tuple[date, date] | None = None


def _a_month(text: str) -> str:
    """Let through a month of a supported year, year-month."""
    parse_day(f"{text}-01")
    return text


class PayPeriodTable(Frozen):
    """Monthly pay: the payday, or the working day before it; inputs close some working days earlier."""

    first_month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$"), AfterValidator(_a_month)] = Field(
        description="2026-09"
    )
    months: int = Field(gt=0, le=120)
    payday: int = Field(ge=1, le=31, description="Day of the month")
    cut_off_working_days: int = Field(10, ge=0)


class Blackout(Frozen):
    """Days that are bad for some kinds of activity.

    What narrows it narrows it further: the authority or school of its file, and `phases`, `schools` and `services`.
    """

    name: str
    first_day: date
    last_day: date
    activities: tuple[str, ...] = Field(min_length=1, description="Kinds of task: training, system_live, go_live")
    phases: tuple[str, ...] = Field((), description="Only at schools of these phases")
    schools: tuple[Id, ...] = Field((), description="Only at these schools")
    services: tuple[Id, ...] = Field((), description="Only in these services")


class Meeting(Frozen):
    """A board or committee, and the days on which it meets: steps with `starts_on: meeting/ID` wait for them."""

    id: Id
    name: str = Field(min_length=1, description="What people call it: Board of Trustees")
    dates: tuple[date, ...] = Field(min_length=1, description="Every meeting that is fixed")


class CalendarFile(Frozen):
    """One calendar file. It belongs to the whole trust, to a local authority or to a school."""

    calendar: Id
    authority: Id | None = None
    school: Id | None = None
    terms: tuple[Term, ...] = ()
    closed: tuple[Closure, ...] = ()
    pay_periods: PayPeriodTable | None = None
    blackouts: tuple[Blackout, ...] = ()
    meetings: tuple[Meeting, ...] = ()


SchoolPhase = Literal["primary", "secondary", "special", "all-through", "nursery", "16-plus"]


class School(Frozen):
    """A school of the trust. It belongs to its hub and its local authority independently."""

    id: Id
    name: str
    phase: SchoolPhase
    hub: Id | None = None
    authority: Id
    pupils: int | None = Field(None, ge=0)
    urn: str | None = None
    system: str | None = Field(None, description="What it works with today, where schools differ")
    reluctant: bool = Field(default=False, description="Whether it would rather wait: a pilot should have one of these")
    joins: date | None = Field(None, description="The day on which it joins, where that is after the programme began")


class Wave(Frozen):
    """Schools that change together."""

    id: Id
    name: str
    schools: tuple[Id, ...] = Field(min_length=1)
    pilot: bool = False
    services: tuple[Id, ...] = ()
    """Only these services; none means all."""
    start_no_earlier: date | None = None
    was: Names = Field((), description="Its id before: what was recorded of its tasks goes on with these")


class Wiifts(Frozen):
    """What is in it for the students."""

    statement: str = Field(min_length=1)
    approved_by: Id | None = None
    approved_on: date | None = None


class Sponsor(Frozen):
    """The senior person who owns the change, visibly, until its last checkpoint."""

    person: Id
    since: date
    until: date | None = None
    """The last day of their tenure, where it is known."""


class TrainingLimit(Frozen):
    """A programme's own limit of the time between a training and its first use."""

    school_weeks: int = Field(ge=1, le=60)
    reason: str = Field(min_length=1, description="Why it is not the rulepack's")


class RestructureLimit(Frozen):
    """A programme's own limit of the time between a move to the new structure and its go-live."""

    weeks: int = Field(ge=0, le=60)
    reason: str = Field(min_length=1, description="Why it is not the rulepack's")


class Policy(Frozen):
    """Settings. Each default is our own choice unless its rulepack says otherwise."""

    barrier_threshold: int = Field(3, ge=1, le=4, description="An element scored at or below it is a barrier")
    minimum_group: int | None = Field(None, description="Smallest group that is shown; the rulepack's when left out")
    out_of_sequence: Literal["retained_logic", "progress_override"] = Field(
        "retained_logic",
        description="Whether the rest of work that began before its predecessors ended waits for them, or goes on",
    )
    quick_win_within_weeks: int = Field(6, ge=1, description="How soon after a go-live its quick win comes")
    trained_share: float = Field(
        1.0, ge=0, le=1, description="At how many of a wave's schools training is delivered before it goes live"
    )
    attended_share: float = Field(
        0.9, gt=0, le=1, description="How many of those who need a training came, where attendance is reported"
    )
    sponsor_acts_within_school_weeks: int = Field(
        4, ge=1, description="How long the sponsor may go without a visible act"
    )
    assess_every_weeks: int | None = Field(
        None, ge=2, description="Ask everybody where they stand so often; left out, only when you do it yourself"
    )
    assessment_open_weeks: int = Field(2, ge=1, description="How long a round of assessments is open")
    ready_share: float = Field(
        0.8, gt=0, le=1, description="How many of a group are past an element before what needs it: training, go-live"
    )
    scores_stale_after_weeks: int = Field(
        17, ge=1, description="How long it is known where a group stands; after that it is asked again"
    )
    consult_within_school_weeks: int = Field(
        6, ge=1, description="How long a group that the change touches deeply goes without being spoken with"
    )
    sustained_use: float = Field(0.8, gt=0, le=1, description="From which share of use on a change has stuck")
    reverting_use: float = Field(0.5, ge=0, le=1, description="Below which share of use people are going back")
    proficient: float = Field(0.7, gt=0, le=1, description="How many should do it right without help")
    satisfied: float = Field(0.7, gt=0, le=1, description="How many should find it no worse than before")
    barrier_order_within_weeks: int = Field(
        6, ge=1, description="How soon training has to begin to be compared with where its group stands"
    )
    training_before_go_live: TrainingLimit | None = Field(
        None, description="How many school weeks before people use it training may end; the rulepack's when left out"
    )
    restructure_before_go_live: RestructureLimit | None = Field(
        None, description="How many weeks before go-live people may be moved; the rulepack's when left out"
    )
    technology_share_at_most: float = Field(
        0.6, gt=0, le=1, description="Above this share of the planned work the balance tips to technology"
    )
    larger_trust_from: int = Field(10, ge=2, description="From this many schools on, a pilot comes before rollout")
    decisions_on_command_line: bool = Field(
        default=True,
        description="Whether decisions, signatures, baselines, waivers and confirmations may be recorded on the "
        "command line, where anyone with access to the machine may claim to be anyone",
    )


class Mandates(Frozen):
    """Who holds the mandates that no post in the files says by itself."""

    board: tuple[Id, ...] = Field((), description="People; left out, the members of the group `board`")
    finance: tuple[Id, ...] = Field((), description="People; left out, the lead providers of services of class finance")


class MilestoneShape(Frozen):
    """A date that people steer by: after these tasks."""

    name: str
    after: Links
    deadline: date | None = None
    owner: str | None = None
    was: Names = Field((), description="Its id before: what was recorded under it goes on under this one")


class Office(Frozen):
    """Where answers go."""

    name: str = "Programme office"
    email: str


class ProgrammeFile(Frozen):
    """programme.yaml: who, when and why."""

    programme: Id
    name: str
    organisation: str
    nation: Nation = "england"
    start: date
    finish: date | None = Field(None, description="Its last day, to schedule back from; left out, from the start")
    live: bool = Field(
        default=False, description="Only then do messages leave the house; until then they are written as files"
    )
    office: Office
    wiifts: Wiifts | None = None
    sponsor: Sponsor | None = None
    policy: Policy = Policy()
    mandates: Mandates = Mandates()
    data_protection_contact: Id | None = Field(
        None, description="The person who answers for personal data: exports and erases what is kept about a person"
    )
    admins: tuple[Id, ...] = Field((), description="People who may do so as well, and who look after the settings")
    working_week: WorkingWeek = WorkingWeek()
    closed: tuple[Closure, ...] = ()
    columns: dict[Literal["people", "schools", "assessments"], dict[str, str]] = Field(
        default_factory=dict, description="Where a CSV's columns have other names: ours, then theirs"
    )
    waves: tuple[Wave, ...] = Field(min_length=1)
    tasks: dict[str, StepFields] = Field(default_factory=dict)
    milestones: dict[str, MilestoneShape] = Field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


class DesignChange(Frozen):
    """Something about a service that was decided anew: what people said before it is about another service."""

    on: date
    what: str = Field(min_length=1)
    groups: tuple[Id, ...] = Field((), description="Whom it concerns; left out, everybody whom the service reaches")


class DatedNoReturn(Frozen):
    """A day after which the old way cannot be taken any more, whatever the plan does."""

    kind: NoReturn
    what: str = Field(min_length=1, description="What people call it: the licence of the old payroll system")
    last_day: date = Field(description="The last day on which the old way can still be taken")
    waves: tuple[Id, ...] = Field((), description="Only of these waves; left out, of all")


class ServiceFile(Frozen):
    """services/NAME.yaml: one service, its lead provider, its agreement and its tasks."""

    service: Id
    name: str
    service_class: str = Field("general", alias="class")
    lead_provider: LeadProvider | None = None
    service_manager: Id | None = Field(
        None, description="Who runs the service day to day; with the lead provider, who may see single contracts"
    )
    required_days_per_week: float = Field(1.0, ge=0, le=5)
    agreement: Agreement | None = None
    team: Team | None = None
    delegation: tuple[Holding, ...] = Field((), description="Who is accountable and who controls, as is and to be")
    employer_changes: bool = Field(
        default=False, description="True where staff move to another employer: then TUPE applies, and else not"
    )
    posts: tuple[Post, ...] = Field((), description="Posts of the old model that the change affects")
    new_posts: tuple[NewPost, ...] = Field((), description="Posts of the new model")
    design_changes: tuple[DesignChange, ...] = Field(
        (), description="What was decided anew about the service: where people stand is asked again after that"
    )
    pathway: Id = "central-service"
    tasks: dict[str, StepFields] = Field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    pilot: PilotPlan | None = None
    assurance: Assurance = Assurance()
    parallel_run: ParallelRunPolicy | None = None
    go_no_go: GoNoGo = GoNoGo()
    no_return: tuple[DatedNoReturn, ...] = Field((), description="What ends the way back on a day of its own")

    @property
    def pays_people(self) -> bool:
        """A service of class payroll, which rules ask more of."""
        return self.service_class == PAYROLL

    @property
    def explains_contracts(self) -> bool:
        """Whether its file explains differences of single contracts: personal data."""
        return self.parallel_run is not None and any(e.key is not None for e in self.parallel_run.explanations)


class Definition(Frozen):
    """Everything that a version keeps."""

    programme: ProgrammeFile
    services: tuple[ServiceFile, ...] = Field(min_length=1)
    schools: tuple[School, ...] = Field(min_length=1)
    people: tuple[Person, ...] = ()
    calendars: tuple[CalendarFile, ...] = ()
    pathways: tuple[Pathway, ...] = ()
    rulepacks: tuple[Rulepack, ...] = ()
    """The folder's own, which win over those that ship."""
    rollout: Rollout = Rollout()
    """rollout.yaml, or its defaults."""
    risk: Risk = Risk()
    """risk.yaml, or nothing of it."""
    levelling: Levelling = Levelling()
    """levelling.yaml, or nothing of it."""
    change: ChangeImpact = ChangeImpact()
    """change.yaml, or nothing of it."""

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """All waivers; one in a service's file is for that service."""
        own = (
            w if w.service else w.model_copy(update={"service": s.service}) for s in self.services for w in s.waivers
        )
        return (*self.programme.waivers, *own)

    def role_of(self, person: str | None) -> str | None:
        """Return the title of a person's role; None for somebody who is not in the programme."""
        return next((p.role for p in self.people if p.id == person), None)

    def canonical(self) -> str:
        """Return the same text for the same content, whatever the order of keys in the files."""
        return json.dumps(self.model_dump(mode="json", by_alias=True, exclude_defaults=True), sort_keys=True)

    def content_hash(self) -> str:
        return hashlib.sha256(self.canonical().encode()).hexdigest()
