"""The command line, run as a person runs it (in this process, on real files)."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import automl
import cli
from automl.diagnostics.measured_advice import ON_ADVICE

QUICK = ("--n-trials", "3", "--max-epochs", "3", "--folds", "1", "--workers", "1")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, list(arguments))


def said(result: Result) -> str:
    """The one line of an error; a traceback would be an exception."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.count("Error: ") == 1
    return result.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table and the study of it."""
    folder = tmp_path_factory.mktemp("searched")
    table().to_csv(folder / "flowers.csv", index=False)
    storage = f"sqlite:///{folder}/automl.db"
    result = run(
        *("search", str(folder / "flowers.csv"), "--target", "kind", "--storage", storage),
        *QUICK,
    )
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def study(searched: Path, folder: Path) -> Path:
    """The present folder holds a copy of the searched one."""
    shutil.copytree(searched, folder, dirs_exist_ok=True)
    return folder


def table(n_rows: int = 90) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    length = generator.normal(size=n_rows)
    return pd.DataFrame(
        {
            "length": length,
            "colour": generator.choice(["red", "blue"], size=n_rows),
            "kind": np.where(length > 0, "rose", "lily"),
        }
    )


def test_search_prints_the_result_on_stdout_and_progress_on_stderr(study: Path) -> None:
    result = run("search", "flowers.csv", "--target", "kind", *QUICK)
    assert result.exit_code == 0
    assert "flowers-kind: 3 trials" in result.stdout
    assert "guessing" in result.stdout
    assert "columns beside the target: 1 numeric" in result.stderr


def test_predict_writes_a_line_per_row(study: Path) -> None:
    result = run("predict", "flowers-kind", "flowers.csv", "-o", "predicted.csv")
    assert (result.exit_code, result.stdout) == (0, "predicted.csv\n")
    first, *_, words, score = result.stderr.splitlines()
    assert first == "reading the study"
    assert score.startswith("accuracy ") and score.endswith(" % on these rows")
    assert words.startswith(f"{len(table())} rows predicted with trial ")
    assert words.endswith("columns kind, probability of lily, probability of rose")
    written = pd.read_csv("predicted.csv")
    assert list(written) == ["kind", "probability of lily", "probability of rose"]
    assert (written["kind"] == np.where(written.iloc[:, 2] > 0.5, "rose", "lily")).all()
    assert len(written) == len(table())


def test_predict_names_a_column_that_is_missing(study: Path) -> None:
    table().drop(columns="length").to_csv("short.csv", index=False)
    result = run("predict", "flowers-kind", "short.csv")
    assert result.exit_code == 1
    assert "but 'length' is missing" in said(result)


def test_each_longer_step_is_told_on_stderr_as_it_begins(folder: Path) -> None:
    table().to_csv("flowers.csv", index=False)
    found = run(
        "search", "flowers.csv", "--target", "kind", *QUICK, "--report", "r.html", "--json"
    )
    lines = found.stderr.splitlines()
    steps = [
        *("loading pandas and Optuna", "reading flowers.csv", "loading PyTorch"),
        *("looking at the columns", "judging the study", "writing r.html"),
    ]
    assert [line for line in lines if line in steps] == steps
    assert any(line.startswith("scoring trial ") for line in lines)
    assert json.loads(found.stdout)["report"] == "r.html"


def test_json_is_one_object_and_nothing_else(study: Path) -> None:
    result = run(
        "search", "flowers.csv", "--target", "kind", *QUICK, "--json", "--report", "r.html"
    )
    values = json.loads(result.stdout)
    assert values["study"] == "flowers-kind"
    assert values["report"] == "r.html"
    assert (study / "r.html").stat().st_size > 100_000


def test_studies_show_report_and_diagnose_need_no_data(study: Path) -> None:
    (study / "flowers.csv").unlink()
    assert "flowers-kind" in run("studies").stdout
    assert "best trial" in run("show", "flowers-kind").stdout
    assert "trial 0 of flowers-kind:" in run("show", "flowers-kind", "--trial", "0").stdout
    assert run("report", "flowers-kind", "-o", "page.html").stdout.strip() == "page.html"
    assert (study / "page.html").exists()
    assert run("diagnose", "flowers-kind").exit_code == 0
    assert run("compare", "flowers-kind", "flowers-kind").exit_code == 0
    assert "nothing is wrong" in run("doctor").stdout


@pytest.mark.parametrize("command", ["studies", "show", "report", "diagnose"])
def test_commands_that_only_read_do_not_load_torch(study: Path, command: str) -> None:
    """It takes seconds to import."""
    arguments = [command] if command == "studies" else [command, "flowers-kind"]
    code = (
        f"import sys, cli; cli.main({arguments!r}, standalone_mode=False)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_delete_asks_first(study: Path) -> None:
    refused = CliRunner().invoke(cli.main, ["delete", "flowers-kind"], input="n\n")
    assert refused.exit_code == 1
    assert "flowers-kind" in run("studies").stdout
    forced = run("delete", "flowers-kind", "--states", "--force")
    assert (forced.exit_code, forced.stdout) == (2, "")
    assert "--force is for a whole study" in forced.stderr
    dropped = run("delete", "flowers-kind", "--states")
    assert (dropped.exit_code, dropped.stdout[:30]) == (0, "deleted the states of flowers-")
    assert run("delete", "flowers-kind", "--yes").exit_code == 0
    assert "no studies" in run("studies").stdout


def test_spaces_are_listed_and_shown() -> None:
    assert "mlp" in run("spaces").stdout
    assert "learning_rate" in run("spaces", "mlp").stdout


def test_version_is_told_of_an_installed_package_and_of_a_checkout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.2.3")
    assert run("--version").stdout == "automl 1.2.3\n"

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    assert run("--version").stdout == "automl of a checkout that is not installed\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("search",),
        ("search", "a.csv", "--timeout", "soon"),
        ("search", "a.csv", "--workers", "0"),
        ("search", "a.csv", "--n-trials", "-1"),
        ("search", "a.csv", "--memory-limit", "much"),
        ("search", "a.csv", "--split-seed", "-1"),
        ("search", "a.csv", "--storage", "automl.db"),
        ("studies", "--storage", "postgresql://host:port/name"),
        ("doctor", "--storage", ""),
        ("sing",),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("--target-error", "nan", "target_error must be an error from 0"),
        ("--target-error", "-0.5", "target_error must be an error from 0"),
        ("--n-trials", "9" * 30, "the most is 2147483647"),
        ("--seed", "9" * 30, "the most is 4294967295"),
        ("--keep-bytes", "9999999T", "keep_bytes must be a whole number of bytes"),
        ("--timeout", "99999d", "the most is 1000000000"),
        ("--study", "", "study must be a text, and not an empty one"),
        ("--device", "gpu", "device must be cpu, cuda or cuda:N, but got 'gpu'"),
        ("--device", "cuda:7", "'cuda:7' and torch sees"),
        ("--sampler", "best", "sampler must be one of"),
        ("--policy", "best", "policy must be one of freeze_thaw, optuna, promotion, but got"),
        ("--space", "none.toml", "none.toml"),
        ("--space", "mlq", "must be one of"),
        ("--set", "optimizer=adm", "Did you mean 'adam'"),
        ("--set", "learning_rat=1", "learning_rate"),
        ("--storage", "sqlite:///none/a.db", "The folder of the database must exist"),
        ("--policy=freeze_thaw", "--sampler=gp", "leave it out, or choose the policy optuna"),
        ("--policy=freeze_thaw", "--sampler=tpe", "leave it out, or choose the policy optuna"),
        (
            "--max-parameters",
            "0",
            "must be a whole number from 1, or a text like '200k', but got 0",
        ),
        (
            "--max-parameters",
            "lots",
            "must be a whole number from 1, or a text like '200k', but got 'lots'",
        ),
        ("--max-parameters", "1.5", "from 1, or a text like '200k', but got '1.5'"),
        ("--max-parameters", "20", "but got 20: the smallest has"),
        ("--max-latency", "0s", "max_latency must be a number of seconds above 0, or a time like"),
        ("--max-latency", "2 miles", "a time is written like 90s"),
        ("--max-latency", "1us", "but got 1 us: the quickest takes"),
        ("--latency-rows", "999999", "latency_rows must be a whole number from 1, but got 999999"),
    ],
)
def test_a_value_that_cannot_be_is_told_before_anything_is_stored(
    option: str, value: str, rule: str, study: Path
) -> None:
    (study / "automl.db").unlink()
    assert rule in said(run("search", "flowers.csv", "--target", "kind", *QUICK, option, value))
    assert not (study / "automl.db").exists()


BAD_TABLES = {
    "empty file": "",
    "header only": "a,kind\n",
    "one row": "a,kind\n1,x\n",
    "one class": "a,kind\n1,x\n2,x\n3,x\n",
    "target all missing": "a,kind\n1,\n2,\n3,\n",
    "constant features": "a,kind\n" + "1,x\n1,y\n" * 20,
    "infinite values": "a,kind\n" + "inf,x\n1,y\n2,x\n" * 20,
    "duplicate columns": "a,a,kind\n" + "1,2,x\n2,3,y\n" * 20,
    "class of a single row": "a,kind\n" + "1,x\n2,y\n" * 20 + "3,z\n",
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_table_gets_one_clear_line(name: str, folder: Path) -> None:
    (folder / "bad.csv").write_text(BAD_TABLES[name], encoding="utf-8")
    result = run("search", "bad.csv", "--target", "kind", *QUICK)
    assert result.exit_code == 1
    assert said(result)
    assert not (folder / "automl.db").exists(), "nothing is stored for data that cannot be used"


def test_missing_file_and_column_are_named(study: Path) -> None:
    missing = run("search", "none.csv", "--target", "kind")
    assert (missing.exit_code, "none.csv" in said(missing)) == (1, True)
    column = run("search", "flowers.csv", "--target", "kinds")
    assert (column.exit_code, "kind" in said(column)) == (1, True)


def test_wrong_key_in_a_space_names_file_and_key(study: Path) -> None:
    (study / "mine.toml").write_text('[learning_rat]\ntype = "float"\nlow = 1e-4\nhigh = 0.1\n')
    text = said(run("search", "flowers.csv", "--target", "kind", "--space", "mine.toml"))
    assert "mine.toml" in text
    assert "learning_rate" in text


def test_impossible_value_names_what_is_possible(study: Path) -> None:
    text = said(run("search", "flowers.csv", "--target", "kind", "--set", "optimizer=adm"))
    assert "adam" in text


@pytest.mark.parametrize("option", ["--sampler", "--pruner", "--loss"])
def test_unknown_names_of_policies_are_errors(option: str, study: Path) -> None:
    arguments = ("search", "flowers.csv", "--target", "kind", "--study", "other", option, "best")
    assert "best" in said(run(*arguments, *QUICK))


def test_unreadable_database_is_an_error_and_stays_as_it_is(study: Path) -> None:
    (study / "junk.db").write_bytes(b"this is no database" * 100)
    result = run("studies", "--storage", "sqlite:///junk.db")
    assert result.exit_code == 1
    assert "junk.db" in said(result)
    assert (study / "junk.db").read_bytes() == b"this is no database" * 100


def test_other_settings_are_an_error_that_loses_nothing(study: Path) -> None:
    result = run("search", "flowers.csv", "--target", "kind", *QUICK, "--seed", "5")
    assert result.exit_code == 1
    assert "seed is 0 in the study and 5 here (--seed)" in said(result)
    with sqlite3.connect(study / "automl.db") as connection:
        assert connection.execute("SELECT count(*) FROM trials").fetchone() == (3,)


def test_traceback_is_shown_when_asked(folder: Path) -> None:
    result = run("--traceback", "search", "none.csv", "--target", "kind")
    assert isinstance(result.exception, Exception)
    assert not isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("name", ["", *cli.main.commands])
def test_every_command_has_help_that_fits_and_is_whole(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = run(*filter(None, (name, "--help")))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()[1:]  # the first shows the usage
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.endswith("...")]
    assert name == "" or cli.main.commands[name].help


def test_commands_are_listed_in_the_order_of_their_use() -> None:
    lines = run("--help").stdout.split("Commands:\n")[1].splitlines()
    assert lines[0].startswith("  search ")


def test_confirming_says_so_where_no_advice_can_be_tried(study: Path) -> None:
    result = run("diagnose", "flowers-kind", "--confirm", "--workers", "1")
    assert result.exit_code == 0
    diagnoses = automl.load_study("flowers-kind").records.diagnoses
    was_tried = any(diagnosis.kind in ON_ADVICE for diagnosis in diagnoses)
    assert was_tried == ("Nothing to confirm" not in result.output)


def test_a_call_that_had_no_time_to_train_fails_and_shows_what_was_there(study: Path) -> None:
    known = ("search", "flowers.csv", "--target", "kind", "--json", *QUICK)
    late = run("--quiet", *known, "--n-trials", "9", "--timeout", "0.01s")
    assert late.exit_code == 1
    assert "no trial has trained for an epoch" in late.stderr
    told = json.loads(late.stdout)
    assert told["lacked_time"]
    assert told["best"] == json.loads(run("show", "flowers-kind", "--json").stdout)["best"]
    assert run(*known).exit_code == 0  # it has all that is asked for
    assert run(*known, "--new", "--timeout", "0.01s").exit_code == 1


def test_a_trial_is_reproduced_and_the_exit_code_says_whether(study: Path) -> None:
    name = "flowers-kind"
    again = run("reproduce", name, "--trial", "0", "--workers", "1", "--data", "flowers.csv")
    assert again.exit_code == 0, again.output
    assert again.stdout == f"trial 0 of {name}: the same, bit for bit: 3 epochs\n"
    with sqlite3.connect("automl.db") as connection:
        connection.execute("UPDATE automl_runs SET seed = seed + 1 WHERE trial_number = 0")
    other = run("reproduce", name, "--trial", "0", "--workers", "1", "--json")
    assert other.exit_code == 1
    told = json.loads(other.stdout)
    assert (told["trial_number"], told["is_same"], told["changes"]) == (0, False, {})
    assert told["folds"][0]["first_difference"]["epoch"] == 1
    assert "from 0 to 2" in said(run("reproduce", name, "--trial", "9"))
