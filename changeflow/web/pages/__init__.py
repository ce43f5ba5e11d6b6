"""The routers, one for each noun."""

from changeflow.web.pages import (
    api,
    brief,
    calculations,
    find,
    home,
    links,
    monitoring,
    people,
    pilots,
    plan,
    rules,
    schools,
    settings,
    sign_in,
    sign_in_provider,
    static,
    tokens,
    waves,
)

ROUTERS = (
    home.router,
    sign_in.router,
    sign_in_provider.router,
    settings.router,
    links.router,
    monitoring.router,
    static.router,
    brief.router,
    schools.router,
    waves.router,
    people.router,
    pilots.router,
    rules.router,
    calculations.router,
    plan.router,
    find.router,
    api.router,
    tokens.router,
)
"""Every router, in the order in which paths are matched."""
