"""Options from automl.toml: where it is found, what it may say, what comes first."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import cli
from automl.console.command_group import OTHER_VARIABLES
from automl.console.settings_file import find_settings
from automl.errors import ConfigError
from automl.stacked.native_build import DISABLED_BY


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli.main, list(arguments), env=environment)


def said(folder: Path, text: str) -> dict[str, object]:
    (folder / "automl.toml").write_text(f"[search]\n{text}\n", encoding="utf-8")
    found = find_settings(folder)
    assert found is not None and found.path == folder / "automl.toml"
    return dict(found.values)


def test_values_have_the_types_of_toml_and_are_typed_where_they_have_units(folder: Path) -> None:
    text = (
        'n-trials = 300\ntimeout = "10m"\nkeep_bytes = "2G"\nset = ["optimizer=adam"]\n'
        'references = false\nmax_latency = 0.002\nworkers = "auto"\nreport = "r.html"'
    )
    assert said(folder, text) == {
        "n_trials": 300,
        "timeout": 600.0,
        "keep_bytes": 2**31,
        "set": ("optimizer=adam",),
        "references": False,
        "max_latency": 0.002,
        "workers": "auto",
        "report": "r.html",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n_trails = 3", "'n_trails'; there are: target, .*; did you mean 'n_trials'"),
        ('n_trials = "3"', "n_trials must be a whole number from 1, but got '3'"),
        ("n_trials = 2.5", "n_trials must be a whole number from 1, but got 2.5"),
        ("n_trials = 1979-05-27", "n_trials must be a whole number from 1, but got "),
        ('references = "no"', "references must be True or False, but got 'no'"),
        ('set = "optimizer=adam"', r"set must be a mapping such as .*, or a list"),
        ('timeout = "soon"', "a time is written like 90s"),
        ("task = 3", "task must be one of binary, multiclass, regression, but got 3"),
        ("valid = 3", "valid must be a file, but got 3"),
        ("command = 'x'", "'command'"),
        ("n_trials = 3\nn-trials = 3", "n_trials twice"),
        ("n_trials = ", "must be a TOML file, but cannot be read"),
        ("[searches]\nn_trials = 3", "in the table .search. and nothing else, but got 'searches'"),
    ],
)
def test_what_cannot_be_names_file_key_and_what_is_allowed(
    text: str, words: str, folder: Path
) -> None:
    with pytest.raises(ConfigError, match=words) as error:
        said(folder, text)
    assert str(folder / "automl.toml") in str(error.value)


def test_it_is_found_above_as_far_as_the_repository_or_the_home(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    (folder / "automl.toml").write_text("[search]\n", encoding="utf-8")
    assert find_settings(inner) is None, "anybody could have put it there"
    (folder / ".git").mkdir()
    assert find_settings(inner) is not None
    (folder / "a" / ".git").touch()  # as of a worktree
    assert find_settings(inner) is None
    (folder / "a" / ".git").unlink()
    (folder / ".git").rmdir()
    monkeypatch.setenv("HOME", str(folder))
    assert find_settings(inner) is not None
    monkeypatch.setenv("HOME", str(inner))
    assert find_settings(inner) is None


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners of POSIX")
def test_above_it_is_the_persons_own_or_does_not_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can make a .git above, as anybody can a file; its model would be imported."""
    inner, path = folder / "a", folder / "automl.toml"
    inner.mkdir()
    (folder / ".git").mkdir()
    path.write_text("[search]\nmodel = 'evil.py:build'\n", encoding="utf-8")
    assert find_settings(inner) is not None
    for each, mode in ((path, 0o644), (folder, 0o755)):
        each.chmod(mode | 0o002)
        assert find_settings(inner) is None
        assert find_settings(folder) is not None, "where the command is typed it is seen"
        each.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert find_settings(inner) is None


def test_paths_lead_to_where_they_do_from_its_folder(folder: Path) -> None:
    inner = folder / "a"
    inner.mkdir()
    (folder / ".git").mkdir()
    text = (
        '[search]\nstorage = "sqlite:///automl.db"\nspace = "mine.toml"\nvalid = "v.csv"\n'
        'model = "m.py:build"\ntest = "/t.csv"\n'
    )
    (folder / "automl.toml").write_text(text, encoding="utf-8")
    found = find_settings(inner)
    assert found is not None
    assert dict(found.values) == {
        "storage": "sqlite:///../automl.db",
        "space": "../mine.toml",
        "valid": "../v.csv",
        "model": "../m.py:build",
        "test": "/t.csv",
    }
    (folder / "automl.toml").write_text('[search]\nspace = "mlp"\n', encoding="utf-8")
    assert find_settings(inner).values == {"space": "mlp"}  # type: ignore[union-attr]


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What `search` is called with."""
    calls: list[dict[str, object]] = []
    search = cli.main.commands["search"]
    monkeypatch.setattr(search, "callback", lambda **choices: calls.append(choices))
    return calls


def test_what_is_typed_comes_first_then_the_environment_then_the_file(
    folder: Path, spied: list[dict[str, object]]
) -> None:
    text = "[search]\nn_trials = 7\nseed = 7\npatience = 7\nnew = true\ndrop = ['x']\n"
    (folder / "automl.toml").write_text(text, encoding="utf-8")
    environment = {"AUTOML_N_TRIALS": "8", "AUTOML_SEED": "8", "AUTOML_SET": "a=1 b=2"}
    found = run("search", "a.csv", "--n-trials", "9", "--no-new", **environment)
    assert found.exit_code == 0, found.output
    assert found.stderr == "options from automl.toml\n"
    (choices,) = spied
    shown = ("n_trials", "seed", "patience", "max_epochs", "new", "drop", "set")
    assert [choices[name] for name in shown] == [9, 8, 7, 50, False, ("x",), ("a=1", "b=2")]


def test_the_environment_is_held_to_the_rules_of_options(spied: list[dict[str, object]]) -> None:
    found = run("search", "a.csv", AUTOML_N_TRIALS="many")
    assert found.exit_code == 2
    assert "n_trials must be a whole number from 1, but got 'many'" in found.stderr
    assert "AUTOML_N_TRIALS" in found.stderr
    assert run("search", "a.csv", AUTOML_REFERENCES="maybe").exit_code == 2
    assert run("search", "a.csv", AUTOML_REFERENCES="false", AUTOML_TIMEOUT="10m").exit_code == 0
    assert (spied[-1]["references"], spied[-1]["timeout"]) == (False, 600.0)


def test_a_variable_that_is_no_option_is_told(spied: list[dict[str, object]]) -> None:
    found = run("search", "a.csv", AUTOML_NTRIALS="30", AUTOML_NATIVE="0", AUTOML_SEED="1")
    (told,) = found.stderr.splitlines()
    assert "AUTOML_NTRIALS says no option; did you mean 'AUTOML_N_TRIALS'?" in told
    assert found.exit_code == 0 and spied[-1]["seed"] == 1
    assert {DISABLED_BY} == OTHER_VARIABLES
    for quiet in (("--quiet", "search", "a.csv"), ("spaces",)):
        assert run(*quiet, AUTOML_NTRIALS="30").stderr == ""


def test_every_command_that_has_the_option_takes_it(folder: Path) -> None:
    (folder / "automl.toml").write_text(
        '[search]\nstorage = "sqlite:///other.db"\n', encoding="utf-8"
    )
    assert "other.db" in run("studies").stderr
    assert "third.db" in run("studies", AUTOML_STORAGE="sqlite:///third.db").stderr
    assert run("--quiet", "studies").stderr.startswith("Error: ")
    assert run("spaces").stderr == "", "it has no such option"


def test_a_wrong_file_is_an_error_of_the_commands_that_read_it(folder: Path) -> None:
    (folder / "automl.toml").write_text("[search]\nn_trails = 3\n", encoding="utf-8")
    found = run("search", "a.csv")
    assert found.exit_code == 1
    assert "n_trials" in found.stderr and "automl.toml" in found.stderr
    assert run("spaces").exit_code == 0


def test_a_wrong_value_stops_the_commands_that_take_it_and_no_other(folder: Path) -> None:
    text = '[search]\nn_trials = "many"\nstorage = "sqlite:///other.db"\n'
    (folder / "automl.toml").write_text(text, encoding="utf-8")
    found = run("search", "a.csv")
    assert found.exit_code == 1
    assert "n_trials must be a whole number from 1, but got 'many'" in found.stderr
    for command in (["studies"], ["show", "a"], ["resume", "a"]):
        assert "there is no other.db" in run(*command).stderr, command


@pytest.mark.parametrize("command", [["studies"], ["delete", "a"], ["search", "a.csv"]])
def test_a_name_that_is_no_option_stops_all_that_read_the_file(
    command: list[str], folder: Path
) -> None:
    """With `storge` a command would work on another database than is meant."""
    (folder / "automl.toml").write_text('[search]\nstorge = "sqlite:///a.db"\n', encoding="utf-8")
    found = run(*command)
    assert found.exit_code == 1
    assert "got 'storge'" in found.stderr and "did you mean 'storage'" in found.stderr


@pytest.mark.parametrize("text", ["[search]\nn_trails = 3\n", "[search\n"])
def test_a_wrong_file_keeps_nobody_from_the_help(text: str, folder: Path) -> None:
    (folder / "automl.toml").write_text(text, encoding="utf-8")
    for typed in (["search", "--help"], ["--quiet", "search", "a.csv", "-h"], ["show", "--help"]):
        found = run(*typed)
        assert (found.exit_code, found.stderr) == (0, ""), typed
        assert "Usage: " in found.stdout
    assert run("show", "help").exit_code == 1


def test_help_says_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "AUTOML_STORAGE" in run("studies", "--help").stdout
    assert "AUTOML_N_TRIALS" in run("search", "--help").stdout
    assert "automl.toml" in run("search", "--help").stdout


def test_what_a_study_has_is_not_said_by_environment_or_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, object]] = []
    resume = cli.main.commands["resume"]
    monkeypatch.setattr(resume, "callback", lambda **choices: calls.append(choices))
    text = '[search]\nn_trials = 7\nworkers = 3\nstorage = "sqlite:///b.db"\n'
    (folder / "automl.toml").write_text(text, encoding="utf-8")
    assert run("resume", "a", AUTOML_POLICY="optuna").exit_code == 0
    (choices,) = calls
    assert (choices["n_trials"], choices["policy"]) == (None, None)
    assert (choices["workers"], choices["storage"]) == (3, "sqlite:///b.db")


def test_every_option_of_a_search_has_its_own_variable() -> None:
    names = [
        one.envvar
        for one in cli.main.commands["search"].params
        if isinstance(one, click.Option) and one.envvar
    ]
    assert len(names) == len(set(names)) > 50
    assert json.dumps(sorted(names)).count("AUTOML_") == len(names)
