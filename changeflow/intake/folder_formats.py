"""The tables of a programme folder: schools, people and assessments, with other names for their columns."""

from typing import get_args

from changeflow.adkar.elements import Element
from changeflow.adkar.people import WEEKDAYS, Evidence
from changeflow.adkar.readiness import AUDIENCES
from changeflow.intake.formats import Field, FieldKind, Format
from changeflow.programme.definition import SchoolPhase
from changeflow.values.words import LANGUAGES

PERSON_IDS = (
    "person id | staff id | staff no | staff number | staff code | employee id | employee no | employee number | "
    "employee code | payroll id | payroll no | payroll number | personnel number | user id | username | "
    "personal reference | personal reference number | employee ref | employee reference | payroll ref | "
    "payroll reference | staff ref | works number | assignment number | arbor staff id | bromcom id"
)
"""Other systems' names for a column with people's ids."""


_FIRST_NAMES = (
    "preferred first name | preferred forename | known as | first name | forename | forenames | first names | "
    "given name | legal first name | legal forename | initials | initial"
)
_SURNAMES = (
    "preferred surname | preferred last name | surname | last name | family name | legal surname | legal last name"
)
LONG_AWAY = (
    "on maternity leave", "maternity leave", "maternity", "on paternity leave", "paternity leave", "on adoption leave",
    "adoption leave", "on parental leave", "shared parental leave", "on long term sick leave", "long term sick leave",
    "long term sick", "long term sickness", "on leave", "on long term leave", "leave of absence", "career break",
    "on career break", "secondment", "on secondment", "seconded", "suspended", "sabbatical", "on sabbatical",
)  # fmt: skip
"""What systems say about people who are employed but not at work: they get no messages, and a person should check
them."""
CHANGING = ("proposed to close", "proposed to open")
"""The statuses of a school for which a person should check whether it belongs to the programme."""
_NO_PHASE = "A special school or a pupil referral unit is special; else write the phase of its pupils."


def _score(element: Element) -> Field:
    also = f"{element} score | {element} (1-5) | {element} 1 to 5"
    return Field(element.value, FieldKind.SCORE, "1 to 5; empty if not asked", also=also, leads=True)


SCHOOLS = Format(
    "schools",
    "Schools: schools.csv or schools.xlsx of a folder. A list of “Get Information about Schools” is read as it is.",
    (
        Field(
            "id",
            FieldKind.ID,
            "short id; without such a column, the URN",
            also="school id | school code | site id | site code | academy id | establishment id",
            is_required=True,
            else_from="urn",
            else_called="code | ref | reference",
        ),
        Field(
            "name",
            FieldKind.TEXT,
            "name of the school",
            also=(
                "school name | establishment name | school | academy | academy name | site name | establishment | "
                "name of school"
            ),
            is_required=True,
        ),
        Field(
            "phase",
            FieldKind.CHOICE,
            "phase of education",
            also="phase of education | PhaseOfEducation (name) | school phase | education phase | phase name",
            is_required=True,
            options=get_args(SchoolPhase),
            words=(
                "middle deemed primary=primary | infant=primary | junior=primary | first=primary | "
                "middle deemed secondary=secondary | upper=secondary | high=secondary | all through=all-through | "
                "special school=special | nursery school=nursery | early years=nursery | 16 plus=16-plus | "
                "post 16=16-plus | sixth form=16-plus | primary school=primary | secondary school=secondary"
            ),
            else_by="type",
            else_words="special=special | pupil referral=special | alternative provision=special",
            says_nothing=" | ".join(f"{word}={_NO_PHASE}" for word in ("not applicable", "not recorded", "unknown")),
        ),
        Field(
            "authority",
            FieldKind.ID,
            "local authority, as in calendars/",
            also=(
                "local authority | LA | LA (name) | local authority name | LA name | LEA | council | "
                "local authority (name)"
            ),
            is_required=True,
        ),
        Field("hub", FieldKind.ID, "hub that supports the school", also="hub name | cluster | region hub | hub id"),
        Field(
            "pupils",
            FieldKind.COUNT,
            "number of pupils",
            also=(
                "NumberOfPupils | number of pupils | number on roll | NOR | on roll | pupil numbers | pupil count | "
                "roll | total pupils | headcount of pupils | headcount | pupils on roll"
            ),
        ),
        Field(
            "urn",
            FieldKind.URN,
            "unique reference number",
            also="school urn | unique reference number | establishment urn",
        ),
        Field(
            "system",
            FieldKind.TEXT,
            "system in use today",
            also="current system | MIS | mis provider | system in use | system name",
        ),
        Field("reluctant", FieldKind.YES_NO, "whether it would rather wait", also="would rather wait | hesitant"),
        Field(
            "joins",
            FieldKind.DAY,
            "day on which it joins the trust",
            also="joins on | joining date | join date | date joined | date joined trust | date of joining",
        ),
        Field(
            "type",
            FieldKind.TEXT,
            "type of school: one with special, pupil referral or alternative provision gives the phase where that is "
            "empty or not applicable",
            also="TypeOfEstablishment (name) | type of establishment | establishment type | school type",
        ),
        Field(
            "status",
            FieldKind.CHOICE,
            "a closed school is left out, and reported",
            also="EstablishmentStatus (name) | establishment status | school status | open or closed",
            else_called="EstablishmentStatus (code)",
            options=("open", "closed", *CHANGING),
            words="open but proposed to close=proposed to close | 1=open | 2=closed | 3=proposed to close | "
            "4=proposed to open | permanently closed=closed",
            takes_others=True,
            leaves_out=("closed",),
            points_out=CHANGING,
            look="Remove them if they are not part of the programme.",
            decides=r"^(?:current|school|site|establishment|academy|gias)?\W*status\W*$|^(?:is )?(?:open|closed)\b",
            decides_by_yes=r"^(?:is )?(?:open|closed)\W*$",
            about_lines="which schools are closed",
        ),
        Field(
            "closes",
            FieldKind.TEXT,
            "day of closing; reported where no column has the status",
            also="CloseDate | close date | closing date | closure date | date closed",
        ),
    ),
    thing="school",
)

PEOPLE = Format(
    "people",
    "Stakeholders: people.csv or people.xlsx of a folder.",
    thing="person",
    fields=(
        Field(
            "id",
            FieldKind.ID,
            "short id",
            also=PERSON_IDS,
            else_called="code | ref | reference",
            is_required=True,
        ),
        Field(
            "role",
            FieldKind.TEXT,
            "title of the role",
            also=(
                "job title | role title | post title | position | position title | job role | job | post | "
                "job titles | job roles | roles"
            ),
            is_required=True,
        ),
        Field(
            "name",
            FieldKind.TEXT,
            "name, for messages",
            also="full name | display name | employee name | staff name | person name",
            parts=(_FIRST_NAMES, _SURNAMES),
        ),
        Field(
            "email",
            FieldKind.EMAIL,
            "email address",
            also=(
                "e-mail address | email address | work email | work e-mail address | mail | primary email | "
                "primary email address | work e-mail"
            ),
        ),
        Field(
            "audience",
            FieldKind.CHOICE,
            "what messages are written for",
            also="audience type",
            options=("team", *AUDIENCES),
            words=(
                "staff=team | managers=manager | leads=lead | change lead=lead | champions=champion | sponsors=sponsor"
            ),
            takes_others=True,
        ),
        Field(
            "school",
            FieldKind.ID,
            "school, by id, URN or name",
            also=(
                "school id | school code | school name | establishment | establishment name | site | site name | "
                "academy | academy name | school urn | base school | place of work | work location"
            ),
        ),
        Field("hub", FieldKind.ID, "hub", also="hub name | cluster | hub id"),
        Field("groups", FieldKind.IDS, "groups, with semicolons", also="group | teams | group names"),
        Field(
            "manager",
            FieldKind.ID,
            "their manager, by id, name or email address",
            names_a_row=True,
            also=(
                "manager id | line manager | line manager id | reports to | manager code | line manager staff id | "
                "manager employee id | supervisor | reporting manager | line manager name"
            ),
            else_called=(
                "line manager personal reference | line manager personal reference number | "
                "manager personal reference | line manager employee number | line manager number | "
                "manager employee number | manager number | "
                "line manager email | manager email | manager name"
            ),
        ),
        Field("services", FieldKind.IDS, "services that reach them; none means all", also="service"),
        Field(
            "works_on",
            FieldKind.CHOICES,
            "weekdays of part-time staff, such as mon;tue",
            also="works on | working days | days worked | work pattern",
            options=WEEKDAYS,
            words=(
                "monday=mon | tuesday=tue | tues=tue | wednesday=wed | weds=wed | thursday=thu | thur=thu | "
                "thurs=thu | friday=fri | saturday=sat | sunday=sun"
            ),
        ),
        Field(
            "joins",
            FieldKind.DAY,
            "first day",
            also=(
                "joins on | start date | date started | joining date | date of joining | employment start date | "
                "contract start date | first day | hire date"
            ),
            else_called="date of arrival | doa | contract start | position start date | continuous service date",
            may_be_old=True,
        ),
        Field(
            "leaves",
            FieldKind.DAY,
            "last day",
            also=(
                "leaves on | end date | leaving date | leave date | date of leaving | employment end date | "
                "contract end date | last day | termination date | date left | left on"
            ),
            else_called="dol | contract end | position end date | left",
            may_be_old=True,
        ),
        Field(
            "successor",
            FieldKind.ID,
            "who takes over, by id, name or email address",
            also="succeeded by | replacement | successor id",
            names_a_row=True,
        ),
        Field("moves", FieldKind.MOVES, "changes of school: 2027-02-01=harbour", also="school moves"),
        Field(
            "away",
            FieldKind.SPANS,
            "days away: 2027-02-01..2027-02-05",
            also="away on | days away | absent | absence | on leave",
        ),
        Field(
            "active",
            FieldKind.YES_NO,
            "no for a person who gets no messages: who has left, or is away for long",
            also="is active | status | employment status | staff status",
            words=(
                "active=yes | current=yes | left=no | on maternity leave=no | in post=yes | employed=yes | "
                "permanent=yes | temporary=yes | fixed term=yes | casual=yes | probation=yes | on probation=yes | "
                "full time=yes | part time=yes | starter=yes | new starter=yes | working notice=yes | inactive=no | "
                "leaver=no | former=no | retired=no | terminated=no | dismissed=no | ended=no"
            )
            + "".join(f" | {away}=no" for away in LONG_AWAY if away != "on maternity leave"),
            points_out=LONG_AWAY,
            is_private=True,
            look="They get no messages. Give the days in the column 'away' if you know them.",
            decides=(
                r"^(?:current|post|occupancy|contract|employee|staff member|record|hr|person|job|position|assignment"
                r"|payroll)?\W*status\W*$|\b(?:left|leav)"
            ),
            decides_by_yes=(
                r"^(?:is |still |currently )?(?:current|active|employed|in post)(?: staff| employee)?\W*$"
                r"|^(?:has )?left\W*$|^leaver"
            ),
            about_lines="who has left or is away",
        ),
        Field(
            "language",
            FieldKind.CHOICE,
            "language of messages; where empty, the programme's",
            also="preferred language",
            options=LANGUAGES,
            words="english=en | en gb=en | welsh=cy | cymraeg=cy | cy gb=cy",
        ),
    ),
)

ASSESSMENTS = Format(
    "assessments",
    "A round of assessments, one line a person: adkar/ of a folder, and `assess import`.",
    (
        Field(
            "person",
            FieldKind.ID,
            "who was assessed, by id",
            also=f"{PERSON_IDS} | respondent | participant | respondent id",
            is_required=True,
        ),
        Field(
            "on",
            FieldKind.DAY,
            "day of the assessment",
            also=(
                "date | day | on date | assessed on | assessment date | date of assessment | completed on | "
                "completion time | completion date | submitted | timestamp"
            ),
            is_required=True,
        ),
        *(_score(element) for element in Element),
        Field(
            "evidence",
            FieldKind.CHOICE,
            "who says so",
            also="source | evidence type | assessed by",
            options=get_args(Evidence),
            words=(
                "self assessment=self | self assessed=self | line manager=manager | manager assessed=manager | "
                "observation=observed"
            ),
        ),
    ),
    needs_one_of=tuple(element.value for element in Element),
)
