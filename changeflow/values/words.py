"""The field's words: kinds of task, phases, severities. `docs/glossary.md` explains each."""

from enum import StrEnum


class Phase(StrEnum):
    """The pathway's phases, in their order."""

    PLAN = "plan"
    DESIGN = "design"
    DEVELOP = "develop"
    DEPLOY = "deploy"
    SUSTAIN = "sustain"

    @property
    def position(self) -> int:
        return list(Phase).index(self)


class Kind(StrEnum):
    """What a task is to the rules."""

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
    GO_LIVE = "go_live"
    CONSULTATION = "consultation"
    CHECKPOINT = "checkpoint"
    DECISION = "decision"
    QUICK_WIN = "quick_win"
    CLOSURE = "closure"
    WORK = "work"


class Mandate(StrEnum):
    """The right to lift rules and to decide at gates."""

    SRO = "SRO"
    BOARD = "board"
    FINANCE = "finance"
    LEAD_PROVIDER = "lead provider"


class Severity(StrEnum):
    """How much a finding weighs; `block` stops what the finding names."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"

    @property
    def position(self) -> int:
        return list(Severity).index(self)


class Origin:
    """Where a link comes from."""

    AUTHORED = "authored"
    PATHWAY = "pathway"

    @staticmethod
    def rule(code: str) -> str:
        return f"rule:{code}"
