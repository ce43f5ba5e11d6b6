"""Long lists of commands and routes for the table of permissions, by purpose."""

READ_THE_PLAN = (
    "plan", "what-if", "paydays", "health", "task list",
    "why", "waves", "level", "simulate", "recover", "changes", "baseline list", "baseline show", "announce list",
    "gate list", "gate show", "sponsor acts", "confidence show", "checkpoint list", "training list", "pilot runs",
    "pilot rules", "pilot issue list", "pilot feedback list", "pilot lesson list", "rules recheck", "export", "pull",
)  # fmt: skip
RUN_CHANGEFLOW = (
    "tick", "nudge dispatch", "nudge effects", "person deadline", "flows serve", "flows run", "serve", "status",
    "doctor", "db upgrade", "db sandbox", "db new-key", "db backup", "db restore", "db review", "db release", "db join",
    "db retention", "audit verify", "audit show", "audit anchor",
)  # fmt: skip
WORK_ON_FILES = (
    "init", "import", "validate", "check-table", "schema", "plan", "schedule", "why", "what-if", "paydays", "health",
    "waves", "level", "simulate", "recover", "changes", "conflicts", "delegation", "consultation", "transition",
    "rules list", "rules show", "roles", "report sro", "report verify", "export", "pilot choose", "pilot reconcile",
    "warm",
)  # fmt: skip
READ_PAGES = tuple(
    f"GET /p/{{programme}}{path}"
    for path in (
        "/schools", "/waves", "/waves/proposals", "/waves/proposals/{proposal:number}", "/people/actions",
        "/people/saturation", "/pilots", "/pilots/{service}",
        "/pilots/{service}/runs/{period}", "/pilot-schools", "/sign-off/{gate:path}", "/rules", "/baselines",
        "/announcements", "/confidence", "/exports", "/exports/{export}",
        "/recovery", "/recovery/{calculation:number}", "/calculations",
        "/calculations/{number:number}", "/calculations/{number:number}/report.html",
        "/calculations/{number:number}/report.json", "/find", "/plan", "/plan/{task:path}", "/evidence/{task:path}",
        "/decisions", "/decisions/{gate:path}",
    )
)  # fmt: skip
READ_API = (
    "GET /api/v1/openapi.json",
    *(
        f"GET /api/v1/programmes/{{programme}}{path}"
        for path in (
            "", "/decisions", "/go-lives", "/pilots", "/pilots/{service}", "/plan", "/rules", "/schools", "/tasks",
            "/waves", "/tasks/{task:path}", "/decisions/{gate:path}", "/search", "/calculations",
            "/calculations/{number}",
        )
    ),
)  # fmt: skip
"""The routes that read the stored plan: pages, and responses to programs."""
LEDGERS = tuple(
    f"{method} /p/{{programme}}/pilots/{{service}}/compare{path}"
    for method, path in (
        ("GET", ""), ("POST", ""), ("GET", "/{number:number}"), ("POST", "/{number:number}"),
        ("POST", "/{number:number}/again"), ("POST", "/{number:number}/stop"), ("POST", "/{number:number}/delete"),
    )
)  # fmt: skip
"""Pages that compare uploaded outputs of a parallel run."""


def form_at(path: str) -> tuple[str, str]:
    """Return the routes of a form: one shows it, the other receives it."""
    return f"GET {path}", f"POST {path}"


def pilot_form(path: str) -> tuple[str, str]:
    """Return the routes of a form of a service's pilot."""
    return form_at(f"/p/{{programme}}/pilots/{{service}}/{path}")


OF_A_SCHOOL = (
    "GET /p/{programme}/schools/{school}",
    *form_at("/p/{programme}/schools/{school}/issues/new"),
    *form_at("/p/{programme}/schools/{school}/feedback/new"),
)
"""A school's page and its forms: anyone who sees the school may comment on it."""
SET_UP = (
    *form_at("/setup/start/{token}"),
    "GET /setup",
    *(
        route
        for page in (
            "you", "programme", "sample", "template", "import", "import/columns", "import/about", "import/tasks",
            "import/dates",
        )
        for route in form_at(f"/setup/{page}")
    ),
    "POST /setup/import/terms",
)  # fmt: skip
"""The pages that set up the first programme."""
