"""Names that tell waves apart: services can have waves of their own, with the same names."""

from collections import Counter
from collections.abc import Mapping

from changeflow.phrases import listed
from changeflow.programme.definition import Definition


def wave_labels(definition: Definition) -> Mapping[str, str]:
    """Return each wave's name by its id, with its services if another wave has the same name."""
    waves = definition.programme.waves
    services = {s.service: s.name for s in definition.services}
    times = Counter(wave.name for wave in waves)
    return {
        wave.id: with_services(wave.name, [services.get(s, s) for s in wave.services])
        if times[wave.name] > 1
        else wave.name
        for wave in waves
    }


def with_services(wave: str, services: list[str]) -> str:
    """Return a wave's name with the names of its services.

    >>> with_services("wave 1", ["Payroll", "HR"]), with_services("wave 1", [])
    ('wave 1 (Payroll and HR)', 'wave 1')
    """
    return f"{wave} ({listed(services)})" if services else wave
