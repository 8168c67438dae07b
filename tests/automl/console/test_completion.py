"""What a shell is offered, as click asks for it; the scripts are read by the shells themselves."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

import cli
import search_spaces
from automl.study_list import list_studies

ROOT = Path(__file__).parents[3]


def offered(*typed: str) -> list[str]:
    """What completes the last word."""
    completion = ShellComplete(cli.main, {}, "automl", "_AUTOML_COMPLETE")
    items = completion.get_completions(list(typed[:-1]), typed[-1])
    return [item.value for item in items if item.type == "plain"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", ["show", "best", "resume", "predict", "delete", "compare"])
def test_names_of_studies_are_offered(command: str, finished_copy: str, folder: Path) -> None:
    assert offered(command, "--storage", finished_copy, "ir") == ["iris-species"]
    assert offered(command, "--storage", finished_copy, "x") == []


@pytest.mark.parametrize("name", ["x;touch${IFS}pwned", "`x`", "a b", "a\nb", "~root", "x'y"])
def test_what_a_shell_would_read_otherwise_is_not_offered(
    name: str, finished_copy: str, folder: Path
) -> None:
    with sqlite3.connect("automl.db") as connection:
        connection.execute("UPDATE studies SET study_name = ?", (name,))
        text = connection.execute("SELECT settings FROM automl_study_settings").fetchone()[0]
        changed = json.dumps({**json.loads(text), "study_name": name})
        connection.execute("UPDATE automl_study_settings SET settings = ?", (changed,))
    connection.close()
    assert [one.settings.study_name for one in list_studies(finished_copy)] == [name]
    assert offered("show", "--storage", finished_copy, "") == []


def test_the_database_is_that_of_the_project_or_the_environment(
    finished_copy: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("automl.db").rename("other.db")
    assert offered("show", "") == []
    Path("automl.toml").write_text('[search]\nstorage = "sqlite:///other.db"\n')
    assert offered("show", "") == ["iris-species"]
    monkeypatch.setenv("AUTOML_STORAGE", "sqlite:///third.db")
    assert offered("show", "") == []
    Path("automl.toml").write_text("[search]\nn_trails = 3\n")
    monkeypatch.delenv("AUTOML_STORAGE")
    assert offered("show", "") == [], "what is wrong is told by the command"


def test_data_spaces_and_hyperparameters_are_offered() -> None:
    assert offered("search", "sk") == [
        *("sklearn:breast_cancer", "sklearn:diabetes", "sklearn:digits", "sklearn:iris"),
        *("sklearn:linnerud", "sklearn:wine"),
    ]
    assert offered("search", "a.csv", "--space", "") == list(search_spaces.names())
    assert offered("spaces", "m") == ["mlp"]
    assert offered("search", "a.csv", "--set", "learning") == ["learning_rate="]
    assert "optimizer=adam" in offered("search", "a.csv", "--set", "optimizer=")
    assert offered("search", "a.csv", "--set", "nothing=") == []
    assert "--n-trials" in offered("search", "a.csv", "--n-t")


def test_what_is_offered_changes_nothing_in_what_is_read() -> None:
    found = CliRunner().invoke(cli.main, ["spaces", "mlp"])
    assert found.exit_code == 0 and "learning_rate" in found.stdout
    assert CliRunner().invoke(cli.main, ["spaces", "nothing"]).exit_code == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_it_can_read(shell: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(cli.main, ["completion", shell])
    assert found.exit_code == 0
    assert "_AUTOML_COMPLETE" in found.stdout
    if shutil.which(shell):
        (tmp_path / "script").write_text(found.stdout, encoding="utf-8")
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)
    assert CliRunner().invoke(cli.main, ["completion", "tcsh"]).exit_code == 2


def test_a_shell_that_asks_gets_lines_and_no_heavy_library_is_loaded(tmp_path: Path) -> None:
    code = (
        "import sys, cli\n"
        "try:\n    cli.main(prog_name='automl')\n"
        "finally:\n    print(*(m for m in ('torch', 'optuna', 'sqlalchemy') if m in sys.modules))"
    )
    asked = {"_AUTOML_COMPLETE": "bash_complete", "COMP_WORDS": "automl stu", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, **asked, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["plain,studies", ""], done.stderr
