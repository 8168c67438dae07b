"""`--json` of every command that reads, `best`, and `resume`: as typed, on a real database."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import cli
import search_spaces
from automl.studies import load_study
from tests.test_cli import folder, searched, study  # noqa: F401  (fixtures)

STUDY = "flowers-kind"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, list(arguments))


def values_of(*arguments: str) -> Any:
    """The one JSON value on stdout."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_command_that_reads_says_the_same_under_the_same_keys(study: Path) -> None:  # noqa: F811
    shown = values_of("show", STUDY, "--json")
    (listed,) = values_of("studies", "--json")
    best = values_of("best", STUDY, "--json")
    number = shown["best"]["trial_number"]
    trial = values_of("show", STUDY, "--trial", str(number), "--json")
    diagnosed = values_of("diagnose", STUDY, "--json")
    compared = values_of("compare", STUDY, STUDY, "--json")
    for name in ("study", "task", "target", "data", "metric", "n_trials", "last_call_at"):
        assert listed[name] == shown[name]
    assert listed["diagnosis"] == shown["diagnosis"] == diagnosed["diagnoses"][0]
    assert shown["trials"][number] == shown["best"]
    assert {**trial, **shown["best"]} == trial
    assert {**best, **shown["best"]} == best
    assert compared["studies"][0]["best"] == shown["best"]
    assert values_of("doctor", "--json") == []
    assert values_of("spaces", "--json") == list(search_spaces.names())
    assert values_of("spaces", "mlp", "--json") == search_spaces.load("mlp").to_dict()


def test_params_are_whole_and_moments_are_true(study: Path) -> None:  # noqa: F811
    best = values_of("best", STUDY, "--json")
    records = load_study(STUDY).records
    space = search_spaces.SearchSpace.from_dict(records.settings.space)
    trial = records.trials[best["trial_number"]]
    assert best["params"] == space.complete(trial.params)
    assert len(best["params"]) > len(trial.params)
    started = datetime.fromisoformat(best["started_at"])
    assert started.timestamp() == pytest.approx(trial.started_at, abs=1e-3)
    assert best["training_seconds"] > 0
    (weights,) = best["weights"]
    assert Path(weights).is_file()


def test_best_is_shown_with_all_that_it_is(study: Path) -> None:  # noqa: F811
    best = values_of("best", STUDY, "--json")
    printed = run("best", STUDY).stdout
    assert printed.startswith(f"trial {best['trial_number']} of {STUDY}: valid loss ")
    assert "fixed: " in printed
    assert f"weights: {best['weights'][0]}" in printed
    assert run("best", "other").exit_code == 1


def test_a_study_that_is_deleted_is_told_as_json(study: Path) -> None:  # noqa: F811
    told = values_of("delete", STUDY, "--yes", "--json")
    assert told == {"study": STUDY, "n_trials": 3, "is_deleted": True}
    assert values_of("studies", "--json") == []


def test_errors_keep_their_exit_codes(study: Path) -> None:  # noqa: F811
    for arguments in (("show", "other"), ("show", STUDY, "--trial", "99"), ("compare", STUDY)):
        result = run(*arguments, "--json")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: ")


# resume


def test_a_study_goes_on_without_its_data_and_options_being_said_again(study: Path) -> None:  # noqa: F811
    done = values_of("resume", STUDY, "--workers", "1", "--json")
    assert sum(done["n_trials"].values()) == 3, "as its last call asked for"
    more = values_of("resume", STUDY, "--n-trials", "4", "--workers", "1", "--json")
    assert sum(more["n_trials"].values()) == 4
    policies = load_study(STUDY).records.policies
    assert [one.n_trials for one in policies] == [3, 4]
    assert len({(one.policy, one.answer, one.trainer) for one in policies}) == 1


def test_files_that_have_moved_are_named_anew_and_found_from_then_on(study: Path) -> None:  # noqa: F811
    with sqlite3.connect("automl.db") as connection:  # as if it had been searched from here
        connection.execute(
            "UPDATE automl_study_settings SET settings = "
            "json_set(settings, '$.data_source', 'flowers.csv')"
        )
    connection.close()
    shutil.move("flowers.csv", "moved.csv")
    lost = run("resume", STUDY)
    assert lost.exit_code == 1
    assert "there is no 'flowers.csv'" in lost.stderr
    assert f"automl resume {STUDY} --data FILE" in lost.stderr
    found = run("resume", STUDY, "--data", "moved.csv", "--workers", "1")
    assert found.exit_code == 0, found.output
    assert load_study(STUDY).records.settings.data_source == "moved.csv"
    assert run("resume", STUDY, "--workers", "1").exit_code == 0


def test_other_data_do_not_go_on_with_a_study(study: Path) -> None:  # noqa: F811
    lines = Path("flowers.csv").read_text(encoding="utf-8").splitlines()
    Path("other.csv").write_text("\n".join(lines[:-5]), encoding="utf-8")
    result = run("resume", STUDY, "--data", "other.csv")
    assert result.exit_code == 1
    assert "the data are others" in result.stderr
    assert load_study(STUDY).records.settings.data_source.endswith("flowers.csv")


def test_what_a_study_has_is_not_said_by_the_options_of_resume() -> None:
    help_text = run("resume", "--help").stdout
    assert "--n-trials" in help_text and "--target " not in help_text
    assert "--references / --no-references" in help_text
    assert run("resume", STUDY, "--n-trials", "0").exit_code == 2
