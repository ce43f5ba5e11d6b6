"""Planning the sample: from files to findings, after import; and what reading its YAML files takes of that."""

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from statistics import median

from bench.cpm import clock
from changeflow.intake.yaml import compose, parse_yaml
from changeflow.intake.yaml_by_ruamel import compose_by_ruamel
from changeflow.intake.yaml_nodes import Composed
from changeflow.reports.tables import plan_text
from changeflow.usecases.plan import plan_folder

PROGRAMMES = Path(__file__).resolve().parent.parent / "templates" / "programmes"
SAMPLE = PROGRAMMES / "trust-central-services"
ROUNDS = 7
SMALL_ROUNDS = 25


def measure_plan() -> dict[str, float]:
    """Return milliseconds of `changeflow plan` on the sample, the first round and the median; and of its YAML files."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        list(plan_text(plan_folder(SAMPLE)))
        took.append((time.perf_counter() - began) * 1000)
    texts = [path.read_text() for path in (*SAMPLE.rglob("*.yaml"), PROGRAMMES / "pathways" / "central-service.yaml")]
    ours, theirs = (clock(partial(_parse, texts, by), rounds=SMALL_ROUNDS) for by in (compose, compose_by_ruamel))
    return {
        "plan_sample_ms": round(median(took), 1),
        "plan_sample_first_ms": round(took[0], 1),
        "load_sample_yaml_ms": round(ours * 1000, 1),
        "load_sample_yaml_x_ruamel": round(theirs / ours, 1),
    }


def _parse(texts: Iterable[str], composed_by: Callable[[str], Composed]) -> None:
    """Parse the YAML files that planning the sample reads, as planning does."""
    for text in texts:
        if parse_yaml(text, "", [], composed_by=composed_by) is None:
            raise SystemExit("A file of the sample cannot be read.")
