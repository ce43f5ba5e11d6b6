"""Who holds which mandate: the right to lift rules and to decide at gates."""

from changeflow.programme.definition import Definition
from changeflow.values.words import Mandate

FINANCE_CLASS = "finance"


def holders(definition: Definition, mandate: Mandate, service: str | None = None) -> frozenset[str]:
    """Return the people who hold a mandate, by id; the lead provider's is for their own service.

    What a lead provider may lift or decide, the SRO may as well, who is accountable for all of it: our own choice.
    """
    programme = definition.programme
    sponsor = frozenset({programme.sponsor.person} if programme.sponsor else ())
    leads = {s.service: s.lead_provider.person for s in definition.services if s.lead_provider}
    if mandate is Mandate.SRO:
        return sponsor
    if mandate is Mandate.BOARD:
        return frozenset(programme.mandates.board) or frozenset(p.id for p in definition.people if "board" in p.groups)
    if mandate is Mandate.FINANCE:
        classes = {s.service: s.service_class for s in definition.services}
        by_class = frozenset(person for name, person in leads.items() if classes[name] == FINANCE_CLASS)
        return frozenset(programme.mandates.finance) or by_class
    return sponsor | (frozenset({leads[service]}) if service in leads else frozenset())
