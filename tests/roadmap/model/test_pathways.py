"""What people write for links, and how changes lie over steps."""

import pytest
from pydantic import ValidationError

from changeflow.roadmap.model.pathways import StepFields, parse_link
from changeflow.roadmap.model.tasks import LinkType
from changeflow.values.duration import Duration, Unit


@pytest.mark.parametrize(
    ("text", "task", "kind", "lag"),
    [
        ("requirements", "requirements", LinkType.FS, Duration(0)),
        ("requirements FS+5d", "requirements", LinkType.FS, Duration(5 * 450)),
        ("delegation SS-2d", "delegation", LinkType.SS, Duration(-2 * 450)),
        ("payroll/w2/go-live FF", "payroll/w2/go-live", LinkType.FF, Duration(0)),
        ("go-live +30ed", "go-live", LinkType.FS, Duration(30 * 1440, Unit.ELAPSED)),
        ("go-live FS+1t", "go-live", LinkType.FS, Duration(1, Unit.TERMS)),
        ("build SS+50%", "build", LinkType.SS, Duration(50, Unit.PERCENT)),
    ],
)
def test_a_link_is_read(text: str, task: str, kind: LinkType, lag: Duration):
    link = parse_link(text)
    assert (link.task, link.type, link.lag_duration(450)) == (task, kind, lag)


@pytest.mark.parametrize("text", ["", "Go Live", "a XX+5d", "a FS+5x", "a FS +"])
def test_what_is_no_link_says_what_would_be(text: str):
    with pytest.raises(ValueError, match="Write"):
        parse_link(text)


def test_a_change_leaves_alone_what_it_does_not_say():
    step = StepFields(name="Train", duration="3d", after=("build",), owner="sponsor")
    changed = step.changed_by(StepFields(duration="5d", also_after=("talk",)))
    assert changed == StepFields(name="Train", duration="5d", after=("build",), also_after=("talk",), owner="sponsor")


@pytest.mark.parametrize("text", ["-3d", "three days", "5", "2.5pp", "50%"])
def test_a_wrong_duration_is_refused(text: str):
    with pytest.raises(ValidationError):
        StepFields(duration=text)
