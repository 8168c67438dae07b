"""What commands write: over nothing of a person's, and told before the work begins."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import cli

QUICK = ("--n-trials", "1", "--max-epochs", "1", "--folds", "1", "--workers", "1")
QUICK += ("--no-references",)
COMMANDS = {
    "search": ("search", "flowers.csv", "--target", "kind", *QUICK, "--report"),
    "report": ("report", "flowers-kind", "-o"),
    "compare": ("compare", "flowers-kind", "flowers-kind", "-o"),
    "playground": ("playground", "xor", "--vary", "optimizer", "-o"),
    "predict": ("predict", "flowers-kind", "flowers.csv", "-o"),
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, list(arguments))


def refused(*arguments: str) -> str:
    """The one line of the error."""
    result = run(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "/" not in result.stderr, "progress: the work has begun"
    return result.stderr.splitlines()[-1]


def table(n_rows: int = 40) -> pd.DataFrame:
    length = np.random.default_rng(0).normal(size=n_rows)
    return pd.DataFrame({"length": length, "kind": np.where(length > 0, "rose", "lily")})


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        table().to_csv("flowers.csv", index=False)
        assert run(*COMMANDS["search"], "page.html").exit_code == 0
    return folder


@pytest.fixture
def study(searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(searched, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[Path, str]:
    """Every file, by its hash; reading a database may leave files of its log beside it."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".db-wal", ".db-shm")
    }


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "output",
    ["automl.db", "automl.db-wal", "flowers.csv", "mine.html", "mine.csv", "folder.html", "x.pdf"],
)
def test_nothing_of_a_persons_is_written_over(command: str, output: str, study: Path) -> None:
    (study / "mine.html").write_text("<!doctype html><title>Mine</title>")
    (study / "mine.csv").write_text("kind\nrose\n")
    (study / "folder.html").mkdir()
    before = contents(study)
    refused(*COMMANDS[command], output)
    assert contents(study) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_wrote_it_writes_again(command: str, study: Path) -> None:
    output = "out/again.csv" if command == "predict" else "out/again.html"
    for again in range(2):
        force = ("--force",) if command == "predict" and again else ()
        result = run(*COMMANDS[command], output, *force)
        assert result.exit_code == 0, result.stderr
    assert (study / output).stat().st_size > 100


def test_rows_that_are_predicted_stay_even_if_they_are_predictions(study: Path) -> None:
    assert run(*COMMANDS["predict"], "p.csv").exit_code == 0
    predicted = pd.read_csv("p.csv").assign(length=0.5)
    predicted.drop(columns="length").to_csv("rows.csv", index=False)
    before = contents(study)
    again = ("predict", "flowers-kind", "p.csv", "-o", "p.csv")
    assert "stays" in refused(*again)
    assert "stays" in refused(*again, "--force")
    assert contents(study) == before


def test_a_database_that_does_not_exist_yet_is_no_place_for_a_report(study: Path) -> None:
    url = "sqlite:///new.html"
    assert "stays" in refused(*COMMANDS["search"], "new.html", "--storage", url)
    assert not (study / "new.html").exists()


@pytest.mark.parametrize("log", ["-wal", "-shm", "-journal"])
def test_a_log_of_the_database_is_no_place_for_a_report(log: str, study: Path) -> None:
    (study / f"automl.db{log}").touch()
    (study / "log.html").symlink_to(f"automl.db{log}")
    assert "a link to" in refused(*COMMANDS["report"], "log.html")
    assert (study / "log.html").is_symlink()


def test_a_refusal_says_what_the_file_is(study: Path) -> None:
    assert "'flowers.csv' is a table of the study" in refused(*COMMANDS["predict"], "flowers.csv")
    table().to_csv("new.csv", index=False)
    to_new = ("predict", "flowers-kind", "new.csv", "-o", "new.csv")
    assert "'new.csv' is the table to predict" in refused(*to_new)


def test_an_existing_file_is_predicted_over_with_force_alone(study: Path) -> None:
    (study / "y_test.csv").write_text("kind\n1.234567890123456\n")
    before = contents(study)
    told = refused(*COMMANDS["predict"], "y_test.csv")
    assert "replaced only with --force, but 'y_test.csv' exists" in told
    assert contents(study) == before
    assert run(*COMMANDS["predict"], "y_test.csv", "--force").exit_code == 0
    assert len(pd.read_csv("y_test.csv")) == 40


def test_no_database_is_predicted_over_whatever_it_is_called(study: Path) -> None:
    with sqlite3.connect(study / "other.csv") as connection:
        connection.execute("CREATE TABLE trials (number)")
    connection.close()
    before = contents(study)
    for name in ("other.csv", "automl.db", "flowers.csv"):
        refused(*COMMANDS["predict"], name, "--force")
    assert "a database is never replaced" in refused(*COMMANDS["predict"], "other.csv", "--force")
    assert contents(study) == before


def test_predictions_are_written_as_the_ending_says(study: Path) -> None:
    for name in ("p.csv", "p.tsv.gz", "p.parquet"):
        assert run(*COMMANDS["predict"], name).stdout == f"{name}\n"
    plain = pd.read_csv("p.csv")
    assert list(plain) == ["kind", "probability of lily", "probability of rose"]
    for other in (pd.read_csv("p.tsv.gz", sep="\t"), pd.read_parquet("p.parquet")):
        pd.testing.assert_frame_equal(plain, other, check_dtype=False, rtol=1e-12)
    assert ".csv, .csv.gz, " in refused(*COMMANDS["predict"], "p.xlsx")


def test_a_target_that_is_called_like_a_probability_loses_nothing(study: Path) -> None:
    table().assign(kind=[0, 1] * 20).rename(columns={"kind": "probability of 1"}).to_csv(
        "odd.csv", index=False
    )
    name = "odd-probability of 1"
    assert run("search", "odd.csv", "--target", "probability of 1", *QUICK).exit_code == 0
    assert run("predict", name, "odd.csv", "-o", "p.csv").exit_code == 0
    written = pd.read_csv("p.csv")
    assert list(written) == ["probability of 1", "probability of 0", "probability of 1 (2)"]
    assert written.iloc[:, 1:].sum(axis=1).to_numpy() == pytest.approx(1.0, abs=1e-6)
    assert set(written["probability of 1"]) <= {0, 1}
