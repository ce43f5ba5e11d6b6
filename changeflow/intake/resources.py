"""Where the templates that ship with changeflow lie: in the wheel, or at the top of a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def templates_dir() -> Path:
    packaged = _PACKAGE / "templates"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "templates"


def programme_templates() -> dict[str, Path]:
    """Return the ready programme folders by name."""
    folder = templates_dir() / "programmes"
    return {p.name: p for p in sorted(folder.iterdir()) if (p / "programme.yaml").is_file()}


def shipped_pathway(name: str) -> Path | None:
    path = templates_dir() / "programmes" / "pathways" / f"{name}.yaml"
    return path if path.is_file() else None
