"""A programme's definition: the contents of its folder, without facts or contact details."""

import hashlib
import json
from datetime import date, time
from typing import Literal

from pydantic import Field

from changeflow.adkar.people import ChangeImpact, Person
from changeflow.pilots.criteria import Assurance, GoNoGo, ParallelRunPolicy, PilotPlan
from changeflow.programme.calendar_files import CalendarFile, Closure
from changeflow.roadmap.model.pathways import Links, Names, Pathway, StepFields
from changeflow.roadmap.model.requests import Levelling, Risk, Rollout
from changeflow.services.service import Agreement, Holding, LeadProvider, Team
from changeflow.services.transition import NewPost, Post
from changeflow.values.base import Frozen, Id
from changeflow.values.finding import Waiver
from changeflow.values.rulepack import Rulepack
from changeflow.values.words import LanguageCode, NoReturn

PAYROLL = "payroll"
Nation = Literal["england", "wales", "scotland", "northern-ireland"]


class Hours(Frozen):
    """One stretch of work within a day."""

    start: time
    end: time


class WorkingWeek(Frozen):
    """The hours of an ordinary working day, Monday to Friday unless `days` says otherwise."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ("mon", "tue", "wed", "thu", "fri")
    hours: tuple[Hours, ...] = (Hours(start=time(8, 30), end=time(12, 30)), Hours(start=time(13), end=time(16, 30)))

    @property
    def minutes_per_day(self) -> int:
        return sum(h.end.hour * 60 + h.end.minute - h.start.hour * 60 - h.start.minute for h in self.hours)


SchoolPhase = Literal["primary", "secondary", "special", "all-through", "nursery", "16-plus"]


class School(Frozen):
    """A school of the trust. Its hub and its local authority are independent."""

    id: Id
    name: str
    phase: SchoolPhase
    hub: Id | None = None
    authority: Id
    pupils: int | None = Field(None, ge=0)
    urn: str | None = None
    system: str | None = Field(None, description="Its current system, if schools differ")
    reluctant: bool = Field(
        default=False, description="Whether it would rather wait; a pilot should include one such school"
    )
    joins: date | None = Field(None, description="Its joining day, if after the programme's start")


class Wave(Frozen):
    """Schools that change together."""

    id: Id
    name: str
    schools: tuple[Id, ...] = Field(min_length=1)
    pilot: bool = False
    services: tuple[Id, ...] = ()
    """The services it applies to; empty for all."""
    start_no_earlier: date | None = None
    was: Names = Field((), description="Its former id; records of its tasks continue under the new one")

    @property
    def in_names(self) -> str:
        """Its name within task names: `pilot` for a pilot called “pilot wave”, because every pilot is a wave."""
        return self.name.removesuffix(" wave") if self.pilot else self.name


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
    """The last day of their tenure, if known."""


class TrainingLimit(Frozen):
    """A programme's own limit for the time between a training and its first use."""

    school_weeks: int = Field(ge=1, le=60)
    reason: str = Field(min_length=1, description="Why it differs from the rulepack")


class RestructureLimit(Frozen):
    """A programme's own limit for the time between a move to the new structure and its go-live."""

    weeks: int = Field(ge=0, le=60)
    reason: str = Field(min_length=1, description="Why it differs from the rulepack")


class Policy(Frozen):
    """Settings. Each default is our own choice unless its rulepack says otherwise."""

    barrier_threshold: int = Field(3, ge=1, le=4, description="An element scored at or below it is a barrier")
    minimum_group: int | None = Field(None, description="Smallest group that is shown; by default the rulepack's")
    out_of_sequence: Literal["retained_logic", "progress_override"] = Field(
        "retained_logic",
        description="Whether out-of-sequence work waits for its predecessors or continues",
    )
    quick_win_within_weeks: int = Field(6, ge=1, description="Most weeks from a go-live to its quick win")
    trained_share: float = Field(
        1.0, ge=0, le=1, description="Share of a wave's schools where training is delivered before go-live"
    )
    attended_share: float = Field(
        0.9,
        gt=0,
        le=1,
        description="Share of the people who need a training that must attend, where attendance is reported",
    )
    sponsor_acts_within_school_weeks: int = Field(
        4, ge=1, description="Longest time without visible support by the sponsor"
    )
    assess_every_weeks: int | None = Field(
        None, ge=2, description="How often everyone is assessed; by default only when you start a round"
    )
    assessment_open_weeks: int = Field(2, ge=1, description="How long a round of assessments stays open")
    ready_share: float = Field(
        0.8, gt=0, le=1, description="Share of a group past an element before the step that needs it: training, go-live"
    )
    scores_stale_after_weeks: int = Field(
        17, ge=1, description="How long a group's result is current; after that the group is asked again"
    )
    consult_within_school_weeks: int = Field(
        6, ge=1, description="Longest time without contact with a group that the change affects deeply"
    )
    sustained_use: float = Field(0.8, gt=0, le=1, description="Share of use at which a change counts as sustained")
    reverting_use: float = Field(0.5, ge=0, le=1, description="Share of use below which people are reverting")
    proficient: float = Field(0.7, gt=0, le=1, description="Share of people who should do it right without help")
    satisfied: float = Field(0.7, gt=0, le=1, description="Share of people who should find it no worse than before")
    barrier_order_within_weeks: int = Field(
        6, ge=1, description="Training that begins within this time is checked against its group's barrier"
    )
    training_before_go_live: TrainingLimit | None = Field(
        None, description="Most school weeks from a training to its first use; by default the rulepack's"
    )
    restructure_before_go_live: RestructureLimit | None = Field(
        None, description="Most weeks from a move to its go-live; by default the rulepack's"
    )
    technology_share_at_most: float = Field(
        0.6, gt=0, le=1, description="Largest share of the planned work for technology"
    )
    larger_trust_from: int = Field(10, ge=2, description="A rollout to at least this many schools needs a pilot first")
    decisions_on_command_line: bool = Field(
        default=True,
        description="Whether decisions, signatures, baselines, waivers and confirmations may be recorded on the "
        "command line, where anyone with access to the machine may claim to be anyone",
    )


class Mandates(Frozen):
    """The holders of mandates that do not follow from a role in the files."""

    board: tuple[Id, ...] = Field((), description="People; by default the members of the group `board`")
    finance: tuple[Id, ...] = Field(
        (), description="People; by default the lead providers of services of class finance"
    )


class MilestoneShape(Frozen):
    """A key date of the programme, reached when these tasks are finished."""

    name: str
    after: Links
    deadline: date | None = None
    owner: str | None = None
    was: Names = Field((), description="Its former id; records continue under this one")


class Office(Frozen):
    """The office that receives answers to messages."""

    name: str = "Programme office"
    email: str


class ProgrammeFile(Frozen):
    """programme.yaml: who, when and why."""

    programme: Id
    name: str
    organisation: str
    nation: Nation = "england"
    start: date
    finish: date | None = Field(
        None, description="Its last day, to schedule back from; by default it is scheduled from the start"
    )
    language: LanguageCode = Field(
        "en", description="The language of messages to people who have none in people.csv: en, or cy (Welsh)"
    )
    live: bool = Field(
        default=False, description="Whether messages leave the organisation; until then they are written as files"
    )
    office: Office
    wiifts: Wiifts | None = None
    sponsor: Sponsor | None = None
    policy: Policy = Policy()
    mandates: Mandates = Mandates()
    data_protection_contact: Id | None = Field(
        None, description="The person responsible for personal data, who exports and erases records about a person"
    )
    admins: tuple[Id, ...] = Field((), description="People who may also do so, and who maintain the settings")
    working_week: WorkingWeek = WorkingWeek()
    closed: tuple[Closure, ...] = ()
    columns: dict[Literal["people", "schools", "assessments"], dict[str, str]] = Field(
        default_factory=dict, description="CSV columns with other names: ours, then theirs"
    )
    waves: tuple[Wave, ...] = Field(min_length=1)
    tasks: dict[str, StepFields] = Field(default_factory=dict)
    milestones: dict[str, MilestoneShape] = Field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


class DesignChange(Frozen):
    """A change to a service's design. Assessments from before it no longer describe the service."""

    on: date
    what: str = Field(min_length=1)
    groups: tuple[Id, ...] = Field((), description="The people it concerns; by default everyone the service reaches")


class DatedNoReturn(Frozen):
    """A day after which the old way is no longer available, whatever the plan does."""

    kind: NoReturn
    what: str = Field(min_length=1, description="Its name, such as the licence of the old payroll system")
    last_day: date = Field(description="The last day on which the old way is available")
    waves: tuple[Id, ...] = Field((), description="The waves it applies to; by default all")


class ServiceFile(Frozen):
    """services/NAME.yaml: one service, its lead provider, its agreement and its tasks."""

    service: Id
    name: str
    service_class: str = Field("general", alias="class")
    lead_provider: LeadProvider | None = None
    service_manager: Id | None = Field(
        None, description="Runs the service day to day. The manager and the lead provider may see individual contracts"
    )
    required_days_per_week: float = Field(1.0, ge=0, le=5)
    agreement: Agreement | None = None
    team: Team | None = None
    delegation: tuple[Holding, ...] = Field((), description="Who is accountable and who has control, as is and to be")
    employer_changes: bool = Field(
        default=False, description="True if staff move to another employer; TUPE applies only then"
    )
    posts: tuple[Post, ...] = Field((), description="Posts of the old model that the change affects")
    new_posts: tuple[NewPost, ...] = Field((), description="Posts of the new model")
    design_changes: tuple[DesignChange, ...] = Field(
        (), description="New decisions about the service; people are assessed again after each"
    )
    pathway: Id = "central-service"
    tasks: dict[str, StepFields] = Field(default_factory=dict)
    action_owners: dict[str, str] = Field(
        default_factory=dict,
        description="Owners of actions that changeflow plans for groups of people, such as w2/people-awareness: lead",
    )
    waivers: tuple[Waiver, ...] = ()
    pilot: PilotPlan | None = None
    assurance: Assurance = Assurance()
    parallel_run: ParallelRunPolicy | None = None
    go_no_go: GoNoGo = GoNoGo()
    no_return: tuple[DatedNoReturn, ...] = Field((), description="Points of no return on fixed days")

    @property
    def pays_people(self) -> bool:
        """Whether it is of class payroll, for which rules require more."""
        return self.service_class == PAYROLL

    @property
    def explains_contracts(self) -> bool:
        """Whether its file explains differences of individual contracts, which are personal data."""
        return self.parallel_run is not None and any(e.key is not None for e in self.parallel_run.explanations)


class Definition(Frozen):
    """The whole content of a version."""

    programme: ProgrammeFile
    services: tuple[ServiceFile, ...] = Field(min_length=1)
    schools: tuple[School, ...] = Field(min_length=1)
    people: tuple[Person, ...] = ()
    calendars: tuple[CalendarFile, ...] = ()
    pathways: tuple[Pathway, ...] = ()
    rulepacks: tuple[Rulepack, ...] = ()
    """The folder's own rulepacks, which override the shipped ones."""
    rollout: Rollout = Rollout()
    """rollout.yaml, or its defaults."""
    risk: Risk = Risk()
    """risk.yaml, or its empty default."""
    levelling: Levelling = Levelling()
    """levelling.yaml, or its empty default."""
    change: ChangeImpact = ChangeImpact()
    """change.yaml, or its empty default."""

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """All waivers; a waiver in a service's file applies to that service."""
        own = (
            w if w.service else w.model_copy(update={"service": s.service}) for s in self.services for w in s.waivers
        )
        return (*self.programme.waivers, *own)

    def role_of(self, person: str | None) -> str | None:
        """Return the title of a person's role; None for a person who is not in the programme."""
        return next((p.role for p in self.people if p.id == person), None)

    def school_of(self, person: str | None) -> str | None:
        """Return the name of a person's school; None for a person without one."""
        school = next((p.school for p in self.people if p.id == person), None)
        return next((s.name for s in self.schools if s.id == school), school)

    def canonical(self) -> str:
        """Return a canonical text: the order of keys in the files does not matter."""
        return json.dumps(self.model_dump(mode="json", by_alias=True, exclude_defaults=True), sort_keys=True)

    def content_hash(self) -> str:
        return hashlib.sha256(self.canonical().encode()).hexdigest()
