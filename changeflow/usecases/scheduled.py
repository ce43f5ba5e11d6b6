"""The list of flows that run on a schedule, for the commands and the server of flows."""

from collections.abc import Mapping

FLOWS: Mapping[str, tuple[str, str, str]] = {
    "tick": ("agenda_tick", "tick", "5 * * * *"),
    "dispatch-nudges": ("nudge", "dispatch_nudges", "*/10 7-18 * * *"),
    "weekly-sro-report": ("sro", "weekly_sro_report", "0 6 * * 1"),
    "portfolio-risk": ("risk", "portfolio_risk", "30 4 * * *"),
    "portfolio-waves": ("risk", "portfolio_waves", "0 5 * * 6"),
    "reinforcement-checkpoints": ("reinforcement", "reinforcement_checkpoints", "30 6 * * *"),
    "adkar-rounds": ("asks", "adkar_rounds", "35 6 * * *"),
    "pilot-checkpoints": ("asks", "pilot_checkpoints", "40 6 * * *"),
    "gate-requests": ("asks", "gate_requests", "45 6 * * *"),
    "retention": ("tidying", "retention", "10 4 * * *"),
    "health": ("asks", "health", "20 * * * *"),
}
"""Each flow's module, function and cron line in Europe/London, avoiding the early hours, when clocks change."""
