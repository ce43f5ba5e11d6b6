"""What ships with changeflow beside its code: templates, programmes and pathways, in the wheel or in a checkout."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = Path(__file__).resolve().parent


def templates_dir() -> Path:
    packaged = _PACKAGE / "templates"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "templates"


def fonts_dir() -> Path:
    """Return the folder of the fonts that pages are printed with."""
    return _PACKAGE / "fonts"


def programme_templates() -> dict[str, Path]:
    """Return the ready programme folders by name."""
    folder = templates_dir() / "programmes"
    return {p.name: p for p in sorted(folder.iterdir()) if (p / "programme.yaml").is_file()}


def shipped_pathway(name: str) -> Path | None:
    path = templates_dir() / "programmes" / "pathways" / f"{name}.yaml"
    return path if path.is_file() else None


@lru_cache(maxsize=1)
def template_environment() -> "Environment":
    """Templates escape what they print, and an unknown name is an error."""
    # Loaded here: what only asks for a folder prints no page.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=select_autoescape(enabled_extensions=("html.j2", "svg.j2", "html", "svg"), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
