"""Shared terms: kinds of task, phases, severities, roles, actions. `docs/glossary.md` defines them."""

from enum import StrEnum
from typing import Literal, get_args

LanguageCode = Literal["en", "cy"]
LANGUAGES: tuple[LanguageCode, ...] = get_args(LanguageCode)
"""The languages of messages and their pages: English, and Welsh."""


class Phase(StrEnum):
    """The pathway's phases, in order."""

    PLAN = "plan"
    DESIGN = "design"
    DEVELOP = "develop"
    DEPLOY = "deploy"
    SUSTAIN = "sustain"

    @property
    def position(self) -> int:
        return list(Phase).index(self)


class Kind(StrEnum):
    """The kind of a task, which rules use."""

    SYSTEM_LIVE = "system_live"
    ORG_CHANGE = "org_change"
    ROLE_REMOVAL = "role_removal"
    CAPACITY_IN_PLACE = "capacity_in_place"
    SKILLS_EVIDENCED = "skills_evidenced"
    REQUIREMENTS = "requirements"
    AGREEMENT = "agreement"
    DELEGATION = "delegation"
    TRAINING = "training"
    PILOT = "pilot"
    PARALLEL_RUN = "parallel_run"
    TEST_PACK = "test_pack"
    GO_LIVE = "go_live"
    CONSULTATION = "consultation"
    CHECKPOINT = "checkpoint"
    DECISION = "decision"
    QUICK_WIN = "quick_win"
    ENGAGEMENT = "engagement"
    READINESS = "readiness"
    CLOSURE = "closure"
    WORK = "work"

    @property
    def track(self) -> "Track":
        """The default track for tasks of this kind: our own choice."""
        if self is Kind.SYSTEM_LIVE:
            return Track.TECHNOLOGY
        return Track.PEOPLE if self in _ABOUT_PEOPLE else Track.PROCESS


_ABOUT_PEOPLE = (
    Kind.ORG_CHANGE,
    Kind.ROLE_REMOVAL,
    Kind.CAPACITY_IN_PLACE,
    Kind.SKILLS_EVIDENCED,
    Kind.TRAINING,
    Kind.CONSULTATION,
    Kind.CHECKPOINT,
    Kind.QUICK_WIN,
    Kind.ENGAGEMENT,
    Kind.READINESS,
)

PEOPLE_KINDS = (Kind.ENGAGEMENT, Kind.READINESS)
"""Tasks created from people's published results; no file defines them."""


class Track(StrEnum):
    """The focus of a task."""

    PEOPLE = "people"
    PROCESS = "process"
    TECHNOLOGY = "technology"


class Gate(StrEnum):
    """The step that a gate opens. The gate between develop and deploy is decided wave by wave, first for the pilot."""

    PLAN = "plan"
    DESIGN = "design"
    WAVE_RELEASE = "wave_release"
    GO_LIVE = "go_live"
    CLOSURE = "closure"


class NoReturn(StrEnum):
    """The event after which a wave cannot go back to the old service."""

    LICENCE_ENDED = "licence_ended"
    POSTS_ENDED = "posts_ended"
    FIRST_FILING = "first_filing"
    NOTICE_GIVEN = "notice_given"

    @property
    def label(self) -> str:
        return {
            NoReturn.LICENCE_ENDED: "the licence for the old system ends",
            NoReturn.POSTS_ENDED: "posts in the old structure end",
            NoReturn.FIRST_FILING: "the new system makes its first live submission",
            NoReturn.NOTICE_GIVEN: "notice is given",
        }[self]


class Outcome(StrEnum):
    """A person's decision at a gate."""

    APPROVE = "approve"
    CONDITIONS = "approve_with_conditions"
    REJECT = "reject"

    @property
    def is_approval(self) -> bool:
        return self is not Outcome.REJECT

    @property
    def label(self) -> str:
        return {"approve": "approved", "reject": "rejected"}.get(self.value, "approved with conditions")


class Mandate(StrEnum):
    """The right to waive rules and to decide at gates."""

    SRO = "SRO"
    BOARD = "board"
    FINANCE = "finance"
    LEAD_PROVIDER = "lead provider"


class Severity(StrEnum):
    """The severity of a finding; `block` stops the step it names."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"

    @property
    def position(self) -> int:
        return list(Severity).index(self)


class Stops(StrEnum):
    """The step that a blocking finding stops."""

    NOTHING = ""
    BASELINE = "baseline"
    GATE = "gate"
    CLOSURE = "closure"
    REPORT = "report"
    SEND = "send"


RULE_ORIGIN = "rule:"
"""The prefix of the origin of a rule's link."""


class Origin:
    """The origin of a link."""

    AUTHORED = "authored"
    PATHWAY = "pathway"
    DECISION = "decision"
    """It comes from a condition of an approval."""
    PEOPLE = "people"
    """It comes from people's published results."""

    @staticmethod
    def rule(code: str) -> str:
        return f"{RULE_ORIGIN}{code}"


class Role(StrEnum):
    """A person's role in a programme, or in relation to what an action is about (such as a task's owner)."""

    VIEWER = "viewer"
    HEAD = "head"
    CHANGE_LEAD = "change lead"
    PROJECT_TEAM = "project team"
    SERVICE_MANAGER = "service manager"
    LEAD_PROVIDER = "lead provider"
    SRO = "SRO"
    SPONSOR = "sponsor"
    BOARD = "board"
    FINANCE = "finance"
    DATA_PROTECTION = "data protection contact"
    ADMIN = "admin"
    OWNER = "owner"
    SIGNATORY = "signatory"
    RECORDER = "recorder"
    RECIPIENT = "recipient"
    SYSTEM = "system"
    MACHINE = "machine"


class Action(StrEnum):
    """An action on a programme. Refusals in the audit and the log use these names."""

    TAKE_BASELINE = "take-baseline"
    DECIDE_GATE = "decide-gate"
    RECORD_DECISION = "record-decision"
    APPROVE_WAIVER = "approve-waiver"
    ADD_WAIVER = "add-waiver"
    SET_CONFIDENCE = "set-confidence"
    SIGN = "sign"
    CONFIRM = "confirm"
    WITHDRAW_DECISION = "withdraw-decision"
    WITHDRAW_CONFIRMATION = "withdraw-confirmation"
    WITHDRAW_SIGNATURE = "withdraw-signature"

    RECORD_DATA_REQUEST = "record-data-request"
    EXPORT_PERSON = "export-person"
    ERASE_PERSON = "erase-person"
    DELETE_OLD_DATA = "delete-old-data"
    EXPORT_ADDRESSES = "export-addresses"
    READ_CONTRACTS = "read-contracts"
    EXPLAIN_CONTRACTS = "explain-contracts"
    READ_STANDINGS = "read-standings"
    READ_REPORT = "read-report"
    READ_ANSWERS = "read-answers"
    READ_CALENDAR = "read-calendar"
    READ_FACTS = "read-facts"
    READ_SCHOOL = "read-school"
    READ_RECORD = "read-record"
    PREVIEW_MESSAGES = "preview-messages"
    READ_MESSAGES = "read-messages"
    SWITCH_MESSAGES = "switch-messages"
    TEST_MESSAGES = "test-messages"

    STORE_VERSION = "store-version"
    CHANGE_ROLES = "change-roles"
    CHANGE_ADDRESS = "change-address"
    APPROVE_BENEFITS = "approve-benefits"
    PROPOSE_LESSON = "propose-lesson"
    ANSWER_LESSON = "answer-lesson"
    REPEAT_PILOT = "repeat-pilot"

    REPORT_PROGRESS = "report-progress"
    COMMENT = "comment"
    ADD_EVIDENCE = "add-evidence"
    IMPORT_SCORES = "import-scores"
    CORRECT_SCORES = "correct-scores"
    RECORD_TRAINING = "record-training"
    REPORT_CHECKPOINT = "report-checkpoint"
    NOTE_SPONSOR = "note-sponsor"
    MEASURE_PILOT = "measure-pilot"
    RECONCILE = "reconcile"
    RECORD_FILING = "record-filing"
    RECORD_TEST = "record-test"
    RAISE_ISSUE = "raise-issue"
    UPDATE_ISSUE = "update-issue"
    GIVE_FEEDBACK = "give-feedback"
    PLAN_IMPROVEMENT = "plan-improvement"
    FINISH_IMPROVEMENT = "finish-improvement"
    ISSUE_REPORT = "issue-report"
    ANNOUNCE = "announce"
    WITHDRAW_FACT = "withdraw-fact"

    ANSWER_MESSAGE = "answer-message"
    ANSWER_OWN = "answer-own"
    CHOOSE_MESSAGES = "choose-messages"
    SUBSCRIBE = "subscribe"
    SIGN_IN = "sign-in"
    SET_UP = "set-up"
    INVITE = "invite"
    CALCULATE = "calculate"
    MAKE_TOKEN = "make-token"  # noqa: S105  (the name of an action)

    READ_PROGRAMME = "read-programme"
    OPERATE = "operate"
    USE_FILES = "use-files"


class DataRequestKind(StrEnum):
    """What a person may ask about the data on them (UK GDPR, Articles 15 to 17 and 21)."""

    ACCESS = "access"
    CORRECTION = "correction"
    ERASURE = "erasure"
    OBJECTION = "objection"


class RetentionReason(StrEnum):
    """Why data is deleted before the next night although its retention period has just ended."""

    LATE = "late"
    ASKED = "asked"
    COPY = "copy"
    TEST = "test"


class ErasureGround(StrEnum):
    """Why data about a person is erased: the grounds in UK GDPR, Article 17(1)."""

    NOT_NEEDED = "not-needed"
    CONSENT = "consent"
    OBJECTED = "objected"
    UNLAWFUL = "unlawful"
    LEGAL = "legal"
