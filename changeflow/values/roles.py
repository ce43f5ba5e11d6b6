"""The words for who may do what: roles, and actions. `programme/permissions.py` puts the two together."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is to a programme, or to the thing that an action is about."""

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
    RECIPIENT = "recipient"
    SYSTEM = "system"
    MACHINE = "machine"


class Action(StrEnum):
    """What can be done to a programme, or looked at. The audit and the log call a refusal by these names."""

    TAKE_BASELINE = "take-baseline"
    DECIDE_GATE = "decide-gate"
    RECORD_DECISION = "record-decision"
    APPROVE_WAIVER = "approve-waiver"
    ADD_WAIVER = "add-waiver"
    SET_CONFIDENCE = "set-confidence"
    SIGN = "sign"
    CONFIRM = "confirm"

    EXPORT_PERSON = "export-person"
    ERASE_PERSON = "erase-person"
    EXPORT_ADDRESSES = "export-addresses"
    READ_CONTRACTS = "read-contracts"
    EXPLAIN_CONTRACTS = "explain-contracts"
    READ_STANDINGS = "read-standings"
    READ_REPORT = "read-report"
    READ_ANSWERS = "read-answers"
    READ_CALENDAR = "read-calendar"
    PREVIEW_MESSAGES = "preview-messages"

    STORE_VERSION = "store-version"
    CHANGE_ROLES = "change-roles"
    PROPOSE_LESSON = "propose-lesson"
    ANSWER_LESSON = "answer-lesson"
    REPEAT_PILOT = "repeat-pilot"

    REPORT_PROGRESS = "report-progress"
    IMPORT_SCORES = "import-scores"
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

    ANSWER_MESSAGE = "answer-message"
    CHOOSE_MESSAGES = "choose-messages"
    SUBSCRIBE = "subscribe"

    READ_PROGRAMME = "read-programme"
    OPERATE = "operate"
    USE_FILES = "use-files"
