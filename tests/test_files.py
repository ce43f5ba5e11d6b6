"""Files are written whole or not at all: on a full disk, on a failing one, and when the process is killed."""

import errno
import os
import re
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from changeflow import files
from changeflow.errors import CannotWriteError, InputError
from changeflow.files import whole_folder, write_whole

# Python 3.12 warns of forks; these children run nothing but what they are for.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")
PACKAGE = Path(files.__file__).parent
TOP = PACKAGE.parent
OLD, NEW = b"old " * 3000, b"new " * 5000
CALLS = ("open", "write", "fsync", "fchmod", "link", "replace", "close")
"""Everything that writing a file asks of the system."""


class Disk:
    """Lets the n-th call fail; a write that fails has written half."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None], at: int) -> None:
        self.count, self.fail, self.at = 0, fail, at
        for name in CALLS:
            monkeypatch.setattr(files.os, name, self.wrapped(name, getattr(os, name)))

    def wrapped(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            self.count += 1
            if self.count == self.at:
                if name == "write":
                    handle, data = args
                    real(handle, bytes(data)[: len(data) // 2])  # type: ignore[call-overload, arg-type]
                if name == "close":
                    real(*args)
                self.fail()
            return real(*args, **more)

        return call


def failing(code: int) -> Callable[[], None]:
    def fail() -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.fixture(params=["nameless", "named"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of writing beside: with a file that has no name yet, and where the system lacks such files."""
    if request.param == "named":
        monkeypatch.delattr(files.os, "O_TMPFILE", raising=False)
    elif not hasattr(os, "O_TMPFILE"):
        pytest.skip("this system has no files without a name")
    return str(request.param)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("is_there", [True, False])
def test_the_nth_call_may_fail(tmp_path: Path, way: str, code: int, is_there: bool):
    file, failed = tmp_path / "a" / "report.html", 0
    for n in range(1, 40):
        if is_there:
            write_whole(file, OLD)
        with pytest.MonkeyPatch.context() as patched:
            disk = Disk(patched, failing(code), n)
            with suppress(CannotWriteError):
                write_whole(file, NEW)
            done = disk.count < n
            failed += not done
        if not is_there and not file.exists():
            assert not (tmp_path / "a").exists(), "nor a folder that was made for it"
        else:
            assert file.read_bytes() in ((OLD, NEW) if is_there else (NEW,))
            assert [p.name for p in file.parent.iterdir()] == ["report.html"]
        if done:
            assert file.read_bytes() == NEW
            break
        file.unlink(missing_ok=True)
        if file.parent.exists():
            file.parent.rmdir()
    assert done
    assert failed >= 7


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("is_there", [True, False])
def test_it_may_be_killed_at_any_call(tmp_path: Path, way: str, is_there: bool):
    for n in range(1, 40):
        folder = tmp_path / str(n)
        file = folder / "report.html"
        if is_there:
            write_whole(file, OLD)
        child = os.fork()
        if child == 0:
            with pytest.MonkeyPatch.context() as patched:
                disk = Disk(patched, lambda: os._exit(9), n)
                write_whole(file, NEW)
                os._exit(0 if disk.count < n else 1)
        _, status = os.waitpid(child, 0)
        if is_there or file.exists():
            assert file.read_bytes() in ((OLD, NEW) if is_there else (NEW,))
        beside = [p.read_bytes() for p in folder.glob(".*")] if folder.exists() else []
        if way == "nameless":
            assert set(beside) <= {NEW}, "what a kill leaves beside is whole"
        if os.waitstatus_to_exitcode(status) == 0:
            assert file.read_bytes() == NEW
            return
    pytest.fail("it never came to its end")


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch):
    """A power cut after the rename would otherwise leave an empty file in place of the old one."""
    done: list[str] = []

    def noted(name: str) -> Callable[..., object]:
        real = getattr(os, name)
        return lambda *args, **more: (done.append(name), real(*args, **more))[1]

    for name in ("write", "fsync", "replace"):
        monkeypatch.setattr(files.os, name, noted(name))
    write_whole(tmp_path / "report.html", NEW)
    assert done == ["write", "fsync", "replace", "fsync"]


@pytest.mark.parametrize("most", [0, 1, 4096, 10_000, len(NEW) - 1])
def test_a_limit_of_the_file_size_leaves_the_old_file(tmp_path: Path, most: int):
    file = tmp_path / "report.html"
    write_whole(file, OLD)
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        try:
            write_whole(file, NEW)
        except CannotWriteError as error:
            os._exit(0 if "could not be written: File too large" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert file.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [file]


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_modes(tmp_path: Path, way: str):
    with umask(0o022):
        write_whole(tmp_path / "plain", "x")
        assert mode(tmp_path / "plain") == 0o644
        (tmp_path / "plain").chmod(0o640)
        write_whole(tmp_path / "plain", "y")
        assert mode(tmp_path / "plain") == 0o640, "a file that is there keeps its mode"
        write_whole(tmp_path / "plain", "z", private=True)
        assert mode(tmp_path / "plain") == 0o600
        write_whole(tmp_path / "people", "x", private=True)
        assert mode(tmp_path / "people") == 0o600


def test_a_link_is_followed(tmp_path: Path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "latest.html"
    link.symlink_to(tmp_path / "real" / "report.html")
    for text in ("first", "second"):
        write_whole(link, text)
        assert link.is_symlink()
        assert (tmp_path / "real" / "report.html").read_text() == text


def test_a_link_out_of_a_folder_of_others_is_refused(tmp_path: Path):
    folder, outside = tmp_path / "trust", tmp_path / "outside"
    for place in (folder, outside):
        place.mkdir()
    (outside / "version.json").write_text("theirs")
    for name, target in (("version.json", outside / "version.json"), (".changeflow", outside), ("new", outside / "x")):
        (folder / name).symlink_to(target)
    for path in (folder / "version.json", folder / ".changeflow" / "version.json", folder / "new"):
        with pytest.raises(InputError, match="leads out of the folder"):
            write_whole(path, "ours", inside=folder)
    assert [(p.name, p.read_text()) for p in outside.iterdir()] == [("version.json", "theirs")]
    (folder / "real").write_text("before")
    (folder / "link").symlink_to(folder / "real")
    write_whole(folder / "link", "after", inside=folder)
    assert (folder / "real").read_text() == "after"


def test_a_folder_and_places_that_cannot_be_are_errors_in_words(tmp_path: Path):
    with pytest.raises(InputError, match=r"is a folder\. Name a file in it, such as .*report\.html"):
        write_whole(tmp_path, "x")
    (tmp_path / "file").write_text("here")
    with pytest.raises(InputError, match="file' is a file"):
        write_whole(tmp_path / "file" / "report.html", "x")
    with pytest.raises(InputError, match="cannot be written: File name too long"):
        write_whole(tmp_path / ("x" * 300), "x")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    longest = tmp_path / ("é" * 127)
    write_whole(longest, "x")
    assert longest.read_text() == "x"


@pytest.mark.slow
def test_a_pipe_and_standard_output_take_the_content_as_it_is(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "through a pipe")
    assert os.read(reader, 100) == b"through a pipe"
    os.close(reader)
    write_whole(Path("/dev/null"), "nowhere")
    script = (
        "from pathlib import Path; from changeflow.files import write_whole; print('first'); "
        "write_whole(Path('/dev/stdout'), 'second\\n'); print('third')"
    )
    command, file = [sys.executable, "-c", script], tmp_path / "out.txt"
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"first\nsecond\nthird\n"
    with file.open("ab") as out:
        subprocess.run(command, stdout=out, check=True)
    assert file.read_text() == "first\nsecond\nthird\n"


class TestFolders:
    def test_a_new_folder_appears_whole(self, tmp_path: Path):
        out = tmp_path / "a" / "trust"
        with whole_folder(out) as new:
            write_whole(new / "services" / "payroll.yaml", "x")
            assert not out.exists()
        assert (out / "services" / "payroll.yaml").read_text() == "x"
        assert [p.name for p in out.parent.iterdir()] == ["trust"]

    def test_an_error_leaves_nothing(self, tmp_path: Path):
        for out in (tmp_path / "a" / "trust", tmp_path / "there"):
            if out.name == "there":
                out.mkdir()
            with pytest.raises(CannotWriteError):
                self.fill_half(out)
        assert [p.name for p in tmp_path.rglob("*")] == ["there"]

    @staticmethod
    def fill_half(out: Path) -> None:
        with whole_folder(out) as new:
            write_whole(new / "one", "x")
            raise OSError(errno.ENOSPC, "No space left on device")

    @pytest.mark.parametrize("name", ["there", "."])
    def test_an_empty_folder_is_taken_over_even_where_one_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ):
        (tmp_path / "there").mkdir(mode=0o750)
        monkeypatch.chdir(tmp_path / "there" if name == "." else tmp_path)
        with whole_folder(Path(name)) as new:
            write_whole(new / "one", "x")
        monkeypatch.chdir(tmp_path)
        assert (tmp_path / "there" / "one").read_text() == "x"
        assert mode(tmp_path / "there") == 0o750
        assert [p.name for p in tmp_path.iterdir()] == ["there"]


@pytest.mark.slow
def test_nothing_else_in_the_package_writes_files():
    """What is written elsewhere is scratch that no one keeps, a log, or a key that must never replace another."""
    scratch = {"reconciliation/sources.py", "usecases/ledger_head.py", "web/calculations.py"}
    elsewhere = {*scratch, "flows/serving.py", "storage/keys.py", "storage/backup.py"}
    writes = re.compile(r"\.write_text\(|\.write_bytes\(|open\([^)]*[\"'][wax]b?\+?[\"']")
    found = {
        str(path.relative_to(root))
        for root, folder in ((PACKAGE, PACKAGE), (TOP, TOP / "flows"))
        for path in folder.rglob("*.py")
        if path.name != "files.py" and writes.search(path.read_text(encoding="utf-8"))
    }
    assert found <= elsewhere, found
