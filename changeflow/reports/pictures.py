"""The pictures of each report's PDF: the same SVGs as on its page."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from changeflow.places import template_environment
from changeflow.reports.printing import Picture

if TYPE_CHECKING:
    from changeflow.reports.go_no_go import Bars, GoNoGoPage
    from changeflow.reports.last_days import LastDayLine
    from changeflow.reports.levelling import LevelReport
    from changeflow.reports.risk import Curves, RiskReport, Tornado
    from changeflow.reports.sro import SroReport
    from changeflow.reports.wave_pictures import Load, Pictures
    from changeflow.reports.waves import WavesReport


def _made(template: str, macro: str, *values: object) -> str:
    return str(getattr(template_environment().get_template(template).module, macro)(*values))


def sro_pictures(report: "SroReport") -> Iterator[Picture]:
    for number, decision in enumerate(report.decisions):
        yield from _cost(f"cost-{number}", decision.last_day)
    if report.gantt.bars:
        yield Picture(name="gantt", svg=_whole("reports/gantt.svg.j2", g=report.gantt))
    if report.people.flow:
        yield Picture(name="flow", svg=_whole("reports/flow.svg.j2", f=report.people.flow))


def go_no_go_pictures(page: "GoNoGoPage") -> Iterator[Picture]:
    if page.last_day:
        yield from _cost("cost", page.last_day)
    for name, drawn, title in (
        ("runs", page.convergence, "Contracts that differ between old and new, run by run"),
        ("ages", page.ages, "Open issues by age"),
        ("mix", page.mix, "Shares of schools, pilot and trust"),
    ):
        if drawn:
            yield _bars(name, drawn, title)


def waves_pictures(_: "WavesReport", pictures: "Sequence[Pictures]" = ()) -> Iterator[Picture]:
    for number, plan in enumerate(pictures):
        key = tuple((_made("macros/waves.html.j2", "key_mark", k), k.name) for k in plan.board.key)
        svg = _made("macros/waves.html.j2", "board_picture", plan.board, str(number))
        yield Picture(name=f"board-{number}", svg=svg, key=key)
        yield from _loads(plan.loads, f"load-{number}-")


def level_pictures(_: "LevelReport", loads: "Sequence[Load]") -> Iterator[Picture]:
    yield from _loads(loads, "load-")


def risk_pictures(report: "RiskReport", curves: "Curves", tornado: "Tornado") -> Iterator[Picture]:
    key = tuple((_made("macros/risk.html.j2", "key_line", c), c.name) for c in curves.curves)
    yield Picture(name="curves", svg=_made("macros/risk.html.j2", "curves_svg", curves), key=key)
    if report.drivers:
        yield Picture(name="tornado", svg=_made("macros/risk.html.j2", "tornado_svg", tornado))


def _whole(template: str, **values: object) -> str:
    return template_environment().get_template(template).render(**values)


def _cost(name: str, last_day: "LastDayLine") -> Iterator[Picture]:
    if last_day.chart:
        yield Picture(name=name, svg=_made("macros/report.html.j2", "cost_svg", last_day.chart, name))


def _bars(name: str, drawn: "Bars", title: str) -> Picture:
    key = tuple((_made("reports/bars.svg.j2", "swatch", kind), label) for kind, label in drawn.legend)
    return Picture(name=name, svg=_made("reports/bars.svg.j2", "bars", drawn, name, title), key=key)


def _loads(loads: "Sequence[Load]", prefix: str) -> Iterator[Picture]:
    for number, load in enumerate(loads):
        name = f"{prefix}{number}"
        yield Picture(name=name, svg=_made("macros/waves.html.j2", "load_picture", load, name))


PICTURES: Mapping[str, Callable[..., Iterable[Picture]]] = {
    "sro": sro_pictures,
    "trustees": lambda _: (),
    "go-no-go": go_no_go_pictures,
    "waves": waves_pictures,
    "levelling": level_pictures,
    "risk": risk_pictures,
}
"""The function that draws a report's pictures, by its template."""
