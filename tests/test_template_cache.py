"""Compiled templates are kept between processes, and never used after their template has changed."""

from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from changeflow.template_cache import TemplateCache, template_cache


def render(folder: Path, kept: Path) -> str:
    """As a new process would."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        optimized=False,
        bytecode_cache=TemplateCache(str(kept), "test-%s.cache"),
    )
    return environment.get_template("page.html").render(who="<you>")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/page.html").write_text("Dear {{ who }}")
    return tmp_path / "pages"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


def test_a_changed_template_is_compiled_again(folder: Path, kept: Path):
    assert render(folder, kept) == render(folder, kept) == "Dear &lt;you&gt;"
    assert len(list(kept.iterdir())) == 1
    (folder / "page.html").write_text("Hello {{ who }}")
    assert render(folder, kept) == "Hello &lt;you&gt;"


@pytest.mark.parametrize("content", [b"", b"j2", b"garbage", None])
def test_a_damaged_entry_is_replaced(folder: Path, kept: Path, content: bytes | None):
    render(folder, kept)
    [entry] = kept.iterdir()
    good = entry.read_bytes()
    entry.write_bytes(good[: len(good) // 2] if content is None else content)
    assert render(folder, kept) == "Dear &lt;you&gt;"
    assert entry.read_bytes() == good


def test_a_full_disk_or_a_lost_folder_only_means_compiling(folder: Path, kept: Path, monkeypatch: pytest.MonkeyPatch):
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.NamedTemporaryFile", full)
        assert render(folder, kept) == "Dear &lt;you&gt;"
    kept.rmdir()
    assert render(folder, kept) == "Dear &lt;you&gt;"


def test_a_folder_that_another_account_could_write_to_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert template_cache("reports") is not None
    [made] = tmp_path.iterdir()
    assert made.stat().st_mode & 0o077 == 0
    made.rmdir()
    made.symlink_to(tmp_path.parent)
    assert template_cache("reports") is None
