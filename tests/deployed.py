"""The page about deploying and the files in `deploy/`, as tests read them."""

import re
import shlex
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
DEPLOY = TOP / "deploy"
PAGE = (TOP / "docs" / "deploying.md").read_text(encoding="utf-8")
UNITS = sorted([*DEPLOY.rglob("*.service"), *DEPLOY.rglob("*.timer")])


def lines_of(unit: Path, section: str, key: str) -> list[str]:
    """Return the values of a key, which may occur several times."""
    text = unit.read_text(encoding="utf-8")
    [body] = re.findall(rf"^\[{section}\]\n(.*?)(?=^\[|\Z)", text, re.M | re.S)
    return re.findall(rf"^{key}=(.*)$", body, re.M)


def run_by(command: str) -> list[str]:
    """Return the words that a unit runs; those of a shell are what the shell runs."""
    words = shlex.split(command)
    if words[:2] == ["/bin/sh", "-c"]:
        words = shlex.split(words[2].replace("%%", "%").removeprefix("exec "))
    return words


def shell_lines(heading: str = "") -> list[str]:
    """Return the lines of the page's shell commands, or of those under one heading."""
    text = PAGE
    if heading:
        [text] = re.findall(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.M | re.S)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]
