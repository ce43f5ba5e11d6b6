"""Forms that are kept in files: who can read them, and which make room."""

from datetime import timedelta
from pathlib import Path

import pytest

from changeflow.storage import kept_forms
from changeflow.storage.kept_forms import KEPT_FOR, LONGEST, MOST_OF_ONE, KeptForms, Owner
from tests.every_role import NOW

OWNER, STRANGER = Owner("token", "address:1"), Owner("token", "address:2")
SECOND = timedelta(seconds=1)


@pytest.fixture
def kept(tmp_path: Path) -> KeptForms:
    return KeptForms(f"sqlite:///{tmp_path / 'x.db'}")


def keep(kept: KeptForms, path: str, owner: Owner = OWNER, *, text: str = "said", after: int = 0) -> None:
    more = {"page": "/p/small", "fields": {"text": text}, "had_files": False, "now": NOW + after * SECOND}
    kept.keep(owner, "small", path=path, **more)  # type: ignore[arg-type]


def paths(kept: KeptForms, owner: Owner = OWNER, *, after: timedelta = timedelta()) -> list[str]:
    return [form.path for form in kept.of(owner, "small", now=NOW + after)]


def test_only_its_person_in_its_browser_reads_a_form(kept: KeptForms):
    keep(kept, "/x", text="Said in confidence")
    [form] = kept.of(OWNER, "small", now=NOW)
    assert (form.fields, form.page, form.had_files) == ({"text": "Said in confidence"}, "/p/small", False)
    assert kept.of(OWNER, "another", now=NOW) == []
    assert paths(kept, STRANGER) == paths(kept, Owner("another token", "address:1")) == []
    [file] = kept.folder.iterdir()
    assert (kept.folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    for part in (b"confidence", b"/x", b"small", b"token", b"address"):
        assert part not in file.read_bytes()
        assert part not in file.name.encode()


@pytest.mark.parametrize("spoil", ["change a byte", "rename", "cut", "another key"])
def test_a_spoilt_file_is_no_form(kept: KeptForms, spoil: str):
    keep(kept, "/x")
    [file] = kept.folder.iterdir()
    raw, (until, *marks) = file.read_bytes(), file.name.split(".")
    if spoil == "change a byte":
        file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    elif spoil == "rename":
        file.rename(file.with_name(".".join((str(int(until) + 1), *marks))))
    elif spoil == "cut":
        file.write_bytes(raw[:5])
    else:
        Path(kept.url.removeprefix("sqlite:///") + ".key").write_text("0" * 64)
    assert paths(kept) == []


def test_the_oldest_forms_make_room(kept: KeptForms, monkeypatch: pytest.MonkeyPatch):
    for number in range(MOST_OF_ONE + 2):
        keep(kept, f"/{number}", after=number)
    keep(kept, "/4", after=9)
    assert paths(kept) == ["/4", "/6", "/5", "/3", "/2"]
    monkeypatch.setattr(kept_forms, "MOST_FORMS", 6)
    for number in (1, 2):
        keep(kept, "/x", Owner("another", f"address:{number}"), after=10 + number)
    assert paths(kept) == ["/4", "/6", "/5", "/3"]
    monkeypatch.setattr(kept_forms, "MOST_BYTES", sum(file.stat().st_size for file in kept.folder.iterdir()))
    keep(kept, "/6", text="said " * 40, after=20)
    assert paths(kept) == ["/6", "/4"]


def test_a_form_ends_with_its_hour(kept: KeptForms):
    keep(kept, "/x")
    assert paths(kept, after=KEPT_FOR - SECOND) == ["/x"]
    assert paths(kept, after=KEPT_FOR) == []
    # A server whose clock was put back sees it too, but not one of another day.
    assert paths(kept, after=KEPT_FOR - LONGEST) == ["/x"]
    assert paths(kept, after=KEPT_FOR - LONGEST - SECOND) == []
    (kept.folder / "left by a killed process").touch()
    kept.remove_old(NOW + KEPT_FOR)
    assert list(kept.folder.iterdir()) == []


def test_a_browser_drops_only_its_own_and_an_erasure_all_of_a_person(kept: KeptForms):
    keep(kept, "/x")
    keep(kept, "/x", Owner("another", "address:1"))
    keep(kept, "/x", STRANGER)
    [form] = kept.of(OWNER, "small", now=NOW)
    kept.drop(form.id, "a third")
    kept.drop("..", "token")
    assert paths(kept) == ["/x"]
    assert kept.forget(["address:1"]) == 2
    assert (paths(kept), paths(kept, STRANGER)) == ([], ["/x"])
    kept.drop(form.id, "token")
    assert paths(kept, STRANGER) == []
