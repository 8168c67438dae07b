"""Streams of `automl predict`: files, standard input and output, and what is said on stderr."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import cli
from automl.data import pieces
from tests.contracts.untrained_models import people

ROOT = Path(__file__).resolve().parents[3]
QUICK = ("--n-trials", "1", "--max-epochs", "1", "--folds", "1", "--workers", "1")
PREDICT = ("predict", "people-kind")


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.main, list(arguments), input=stdin)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        people().drop(columns="income").to_csv("people.csv", index=False)
        done = run("search", "people.csv", "--target", "kind", *QUICK, "--no-references")
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(autouse=True)
def study(searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(searched, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names_in(folder: Path) -> list[str]:
    """Reading a database may leave files of its log beside it."""
    return sorted(one.name for one in folder.iterdir() if not one.name.startswith("automl.db-"))


def large() -> pd.DataFrame:
    table = pd.concat([people().drop(columns="income")] * 60, ignore_index=True)
    return table.assign(note=[("plain", 'a "b"', "two\nlines")[n % 3] for n in range(len(table))])


def test_what_is_said_names_model_rows_cells_and_score() -> None:
    table = large().astype({"age": object})
    table.loc[[7, 9], "age"] = "old"
    table.to_csv("rows.csv", index=False)
    done = run(*PREDICT, "rows.csv", "-o", "p.csv")
    assert (done.exit_code, done.stdout) == (0, "p.csv\n")
    *_, several, unread, words, score = done.stderr.splitlines()
    assert several == "rows.csv has 1,800 rows that go over several lines, the first in line 4"
    assert "age: 2 of 5,400 cells are no numbers" in unread
    assert words.startswith("5,400 rows predicted with trial 0 of people-kind (accuracy ")
    assert words.endswith("; columns kind, probability of poor, probability of rich")
    right = np.mean(pd.read_csv("p.csv")["kind"] == table["kind"])
    assert score == f"accuracy {100 * right:.1f} % on these rows"


def test_on_a_terminal_what_is_said_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    told = run(*PREDICT, "people.csv", "-o", "p.csv").stderr
    said = told[told.rindex("90 rows predicted with") :]  # behind what draws the progress

    assert max(len(line) for line in said.splitlines()) <= 80
    assert "; columns kind, probability of poor, probability of rich" in " ".join(said.split())


@pytest.mark.parametrize("ending", [".csv", ".tsv.gz", ".parquet"])
def test_large_files_are_predicted_as_small_ones(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    large().to_csv("rows.csv", index=False)
    large().to_csv("rows.csv.gz", index=False)
    large().to_parquet("rows.parquet", row_group_size=999)
    large().to_json("rows.jsonl", orient="records", lines=True)
    read = pd.read_parquet if ending == ".parquet" else pd.read_csv
    assert run(*PREDICT, "rows.csv", "-o", f"whole{ending}").exit_code == 0
    monkeypatch.setattr(pieces, "LARGE_BYTES", 1)
    monkeypatch.setattr(pieces, "LARGE_PACKED_BYTES", 1)
    monkeypatch.setattr(pieces, "rows_at_once", lambda n_columns: 2048)
    for number, name in enumerate(("rows.csv", "rows.csv.gz", "rows.parquet", "rows.jsonl")):
        done = run(*PREDICT, name, "-o", f"p{number}{ending}")
        assert done.exit_code == 0, done.output
        pd.testing.assert_frame_equal(read(f"p{number}{ending}"), read(f"whole{ending}"))


def test_streams_take_and_give_csv() -> None:
    assert run(*PREDICT, "people.csv", "-o", "p.csv").exit_code == 0
    done = run(*PREDICT, "-", "-o", "-", stdin=Path("people.csv").read_bytes())
    assert done.exit_code == 0, done.stderr
    assert done.stdout == Path("p.csv").read_text()
    assert "90 rows predicted with trial 0" in done.stderr
    assert run(*PREDICT, "-", stdin=b"").exit_code == 1
    assert "is empty" in run(*PREDICT, "-", "-o", "-", stdin=b"").stderr
    parquet = io.BytesIO()
    people().to_parquet(parquet)
    assert run(*PREDICT, "-", "-o", "-", stdin=parquet.getvalue()).stdout == done.stdout


def test_a_stream_that_breaks_leaves_no_file(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = large().astype({"age": object})
    table.loc[5000, "age"] = 1e300
    table.to_csv("rows.csv", index=False)
    monkeypatch.setattr(pieces, "LARGE_BYTES", 1)
    monkeypatch.setattr(pieces, "rows_at_once", lambda n_columns: 2048)
    before = names_in(study)
    done = run(*PREDICT, "rows.csv", "-o", "p.csv")
    assert done.exit_code == 1
    assert "'age' is 1e+300 in row 5001" in done.stderr
    assert names_in(study) == before
    Path("p.csv").write_text("what was there")
    assert run(*PREDICT, "rows.csv", "-o", "p.csv", "--force").exit_code == 1
    assert Path("p.csv").read_text() == "what was there"


def test_all_missing_columns_are_named() -> None:
    people()[["age", "income"]].to_csv("short.csv", index=False)
    done = run(*PREDICT, "short.csv")
    assert "'city', 'member' and 'since' are missing" in done.stderr
    assert not Path("predictions.csv").exists()


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_ends_the_work(study: Path) -> None:
    pd.concat([large()] * 40).to_csv("rows.csv", index=False)
    command = [sys.executable, str(ROOT / "cli.py"), *PREDICT, "rows.csv", "-o", "-"]
    done = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=study)
    assert done.stdout is not None and done.stderr is not None
    assert done.stdout.readline() == b"kind,probability of poor,probability of rich\n"
    done.stdout.close()
    told = done.stderr.read().decode()
    done.stderr.close()
    assert done.wait(60) == 1
    assert "Error" not in told and "Traceback" not in told


def test_columns_are_kept_so_that_predictions_can_be_joined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = large().assign(customer=lambda rows: [f"{n:05}" for n in range(len(rows))])
    table.to_csv("rows.csv", index=False)
    monkeypatch.setattr(pieces, "LARGE_BYTES", 1)
    monkeypatch.setattr(pieces, "rows_at_once", lambda n_columns: 2048)
    done = run(*PREDICT, "rows.csv", "--keep", "customer", "--keep", "kind", "-o", "p.csv")
    assert done.exit_code == 0, done.output
    assert (
        "columns customer, kind, kind (predicted), probability of poor and 1 more" in done.stderr
    )
    found = pd.read_csv("p.csv", dtype={"customer": str})
    assert found.customer.tolist() == table.customer.tolist()
    assert found.kind.tolist() == table.kind.tolist()
    piped = run(
        *PREDICT, "-", "--keep", "customer", "-o", "-", stdin=Path("rows.csv").read_bytes()
    )
    assert piped.stdout.startswith("customer,kind,probability of poor,probability of rich\n00000,")


def test_a_column_to_keep_that_is_not_there_leaves_no_file(study: Path) -> None:
    large().to_csv("rows.csv", index=False)
    before = names_in(study)
    done = run(*PREDICT, "rows.csv", "--keep", "citi", "-o", "p.csv")
    assert done.exit_code == 1
    assert "--keep must name a column, but there is no 'citi'; did you mean 'city'?" in done.stderr
    assert names_in(study) == before
    done = run(*PREDICT, "rows.csv", "--keep", "", "-o", "p.csv")
    assert done.exit_code == 2 and "keep must be a column's name, but got ''" in done.stderr
    assert names_in(study) == before
