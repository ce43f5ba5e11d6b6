"""What the change means for whom: by group and service, gains and losses, and how much of their work it touches."""

from changeflow.adkar.people import Impact
from changeflow.programme.definition import Definition, ServiceFile, Wave


def impacts_on(definition: Definition, service: ServiceFile, wave: Wave) -> tuple[Impact, ...]:
    """Return the impacts on the groups that a service reaches in a wave."""
    schools = frozenset(wave.schools)
    groups = {
        g for p in definition.people if p.school in schools and p.is_reached_by(service.service) for g in p.groups
    }
    return tuple(i for i in definition.change.impacts if i.group in groups and i.service in (None, service.service))


def gains_of(definition: Definition, service: ServiceFile, wave: Wave) -> str:
    """Say what the groups of a wave gain by a service, in the files' own words."""
    gains = dict.fromkeys(gain for impact in impacts_on(definition, service, wave) for gain in impact.gains)
    return "; ".join(gains)
