"""How much a command tells, and the file that keeps all of it."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cli
from automl.console.logs import LOG, kept_in, note, told
from automl.errors import OutputError

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) \S")
IRIS = (
    *("search", "sklearn:iris", "--n-trials", "2", "--max-epochs", "2", "--folds", "1"),
    *("--workers", "1", "--no-references"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, list(arguments))


def test_a_quiet_search_prints_its_result_and_keeps_the_rest(folder: Path) -> None:
    found = run("--quiet", "--log-file", "logs/a.log", *IRIS)
    assert (found.exit_code, found.stderr) == (0, "")
    assert "iris-target: 2 trials" in found.stdout
    lines = Path("logs/a.log").read_text(encoding="utf-8").splitlines()
    assert all(map(LINE.match, lines))
    kept = "\n".join(lines)
    for step in ("loading pandas and Optuna", "judging the study", "is the best so far"):
        assert kept.count(step) >= 1, kept
    failed = run("--quiet", "--log-file", "logs/a.log", "show", "other")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.startswith("Error: there is no study")
    assert failed.stderr.count("\n") == 1
    after = Path("logs/a.log").read_text(encoding="utf-8").splitlines()
    assert after[: len(lines)] == lines
    assert " ERROR there is no study" in after[-1]
    told_more = run("--verbose", *IRIS, "--new").stderr
    assert "\noptions: " in told_more and "max_epochs=2" in told_more
    assert "inputs of a network" in told_more and "is the best so far" in told_more
    assert "inputs of a network" not in run(*IRIS, "--new").stderr


def test_a_file_that_is_no_log_stays_as_it_is(folder: Path) -> None:
    for name in ("table.txt", "a.db", "a.csv"):
        Path(name).write_text("a,b\n1,2\n", encoding="utf-8")
        found = run("--log-file", name, "spaces")
        assert found.exit_code == 1
        assert name in found.stderr and found.stderr.count("\n") == 1
        assert Path(name).read_text(encoding="utf-8") == "a,b\n1,2\n"


def test_steps_are_told_once_and_by_their_level(capsys: pytest.CaptureFixture[str]) -> None:
    with told("first"):
        LOG.debug("detail")
        with told("inner"):
            LOG.warning("once")
        note("shown already")
    with told():
        LOG.info("a step of a command without steps")
        LOG.warning("a warning")
    assert capsys.readouterr().err.splitlines() == ["first", "inner", "once", "a warning"]


def test_the_file_has_what_was_shown_and_details_and_the_logger_is_left_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (LOG.level, list(LOG.handlers))
    with kept_in(str(tmp_path / "a.log"), "automl x"), told():
        LOG.debug("detail")
        note("shown\nalready", logging.DEBUG)
    assert (LOG.level, list(LOG.handlers)) == before
    lines = (tmp_path / "a.log").read_text(encoding="utf-8").splitlines()
    kept = ["INFO automl x", "DEBUG detail", "DEBUG shown\\nalready"]
    assert [line.split("Z ")[1] for line in lines] == kept
    assert capsys.readouterr().err == ""
    told_rule = pytest.raises(OutputError, match=r"is written to a file that ends in \.log or")
    with told_rule, kept_in(str(tmp_path / "a.db"), "automl x"):
        pass
