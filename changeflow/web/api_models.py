"""What the API returns, as models: its documentation is made from them."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class ApiModel(BaseModel):
    """Part of a response. Later releases may add fields, so programs should ignore fields that they do not know."""

    model_config = ConfigDict(extra="allow")


class NamedThing(ApiModel):
    id: str
    name: str


class ProgrammeSummary(ApiModel):
    id: str
    name: str
    organisation: str
    version: int = Field(description="The number of the stored version.")
    data_date: date = Field(description="The day that the forecast is made for.")
    is_live: bool = Field(description="Whether messages go out.")
    services: list[NamedThing]
    schools: list[NamedThing]


class Calculation(ApiModel):
    number: int
    kind: Literal["waves", "odds", "levelling"]
    state: str = Field(description="`waiting`, `running`, `done`, `failed` or `cancelled`.")
    version: int = Field(description="The version of the plan that it is about.")
    on: date = Field(description="The day of its data.")
    by: str = Field(description="Who started it, by id.")


class PlannedTask(ApiModel):
    id: str
    name: str
    early_start: datetime = Field(description="Local time, as all times here.")
    early_finish: datetime
    late_start: datetime
    late_finish: datetime
    total_float: int = Field(description="In `float_unit`; negative if it is too late.")
    free_float: int
    float_unit: str = Field(description="`working_minutes` of the task's calendar, or `elapsed_minutes`.")
    critical: bool
    driving: bool


class PlannedMilestone(ApiModel):
    id: str
    name: str
    day: date
    deadline: date | None
    total_float: int
    float_unit: str


class PlannedWave(ApiModel):
    service: str
    wave: str
    name: str
    pilot: bool
    schools: list[str]
    go_live: datetime | None


class RuleFinding(ApiModel):
    rule: str
    title: str
    severity: Literal["block", "warn", "info"]
    subject: str
    message: str
    remedy: str


class PlanAnswer(ApiModel):
    programme: str
    tasks: list[PlannedTask]
    milestones: list[PlannedMilestone]
    waves: list[PlannedWave]
    findings: list[RuleFinding]


class WorkRow(ApiModel):
    id: str
    name: str
    service: str | None
    state: str = Field(description="`late`, `due`, `begun`, `ready` or `waiting`.")
    first: date
    due: date
    days_late: int
    last_responsible_day: date | None
    owner: str | None
    owner_name: str


class SchoolDate(ApiModel):
    service: str
    school: str
    announced: date | None
    forecast: date | None
    days_later: int = Field(description="Calendar days later than announced; negative if earlier.")
    state: str


class DecisionNeeded(ApiModel):
    task: str
    name: str
    needed_by: str


class DecisionMade(ApiModel):
    task: str
    name: str
    outcome: str
    by: str


class DecisionsAnswer(ApiModel):
    needed: list[DecisionNeeded]
    made: list[DecisionMade]


class ApiProblem(ApiModel):
    """An error, in the form of RFC 9457."""

    title: str
    status: int
    detail: str


Report = dict[str, Any]
"""The SRO's report: the same keys as `changeflow report sro --out report.json` without the proof."""
