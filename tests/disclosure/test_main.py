"""`make disclosure` counts the findings, and its exit code says whether there are any."""

import pytest

from disclosure.__main__ import main
from disclosure.attacker import GUARANTEES

DOORS = "tests.disclosure.doors"


@pytest.mark.thorough
@pytest.mark.slow
def test_a_safe_door_passes_in_two_processes(capsys: pytest.CaptureFixture[str]):
    code = main(["--trusts", "12", "--seed", "5", "--jobs", "2", "--door", f"{DOORS}:whole_once"])
    out = capsys.readouterr().out
    assert code == 0
    rows = [line.split()[:3] for line in out.splitlines() if line.split()[2:3] and line.split()[2] in GUARANTEES]
    assert rows == [["0", "12", guarantee] for guarantee in GUARANTEES]
    assert "All guarantees hold" in out


@pytest.mark.thorough
@pytest.mark.slow
def test_a_leaky_door_fails_and_its_seeds_are_printed(capsys: pytest.CaptureFixture[str]):
    code = main(["--trusts", "4", "--seed", "5", "--jobs", "1", "--door", f"{DOORS}:exact_counts"])
    out = capsys.readouterr().out
    assert code == 1
    assert "GUARANTEES ARE BROKEN in 4 trusts: seeds 5, 6, 7, 8." in out


@pytest.mark.slow
def test_one_trust_is_explained_import_by_import(capsys: pytest.CaptureFixture[str]):
    main(["--trusts", "1", "--seed", "5", "--jobs", "1", "--door", f"{DOORS}:bands_alone"])
    out = capsys.readouterr().out
    assert "1. change round-1.csv of 2027-02-01" in out
    assert "shows change all/all of 2027-02-01" in out
