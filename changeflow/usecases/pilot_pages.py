"""Pilots as pages show them. Individual contracts are never among them."""

from changeflow.errors import UnknownThingError
from changeflow.reports.pilot_pages import PilotLine, PilotPage, pilot_lines, pilot_page
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action


def pilots(visit: Visit) -> tuple[PilotLine, ...]:
    """Return a line for each service."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    return visit.view("pilots", lambda: pilot_lines(visit.programme))


def pilot(visit: Visit, name: str) -> PilotPage:
    """Return one service's page."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    service = next((s for s in visit.programme.services if s.service == name), None)
    if service is None:
        raise UnknownThingError("service", name)
    return visit.view("pilot", lambda: pilot_page(visit.programme, service, today=visit.today), name)
