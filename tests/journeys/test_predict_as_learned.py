"""From the shell: a row has one prediction, whatever else is in the file it comes in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import cli

QUICK = ("--n-trials", "2", "--max-epochs", "4", "--folds", "1", "--workers", "1")
QUICK += ("--no-references",)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, list(arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a table in which codes, a price, a date and a count decide."""
    folder = tmp_path_factory.mktemp("study")
    generator = np.random.default_rng(0)
    n_rows = 160
    code = generator.choice(["007", "012", "A12", "B07"], n_rows)
    frame = pd.DataFrame(
        {
            "code": code,
            "price": [
                f"{value:.2f}".replace(".", ",") for value in generator.normal(40, 9, n_rows)
            ],
            "when": [f"{day:02d}/17/2021 04:25 PM" for day in generator.integers(1, 13, n_rows)],
            "kids": generator.integers(0, 2, n_rows),
            "zip": np.where(code == "007", "02116", "10001"),
        }
    )
    frame.loc[::9, "price"] = "NA"
    frame.to_csv(folder / "table.csv", index=False, sep=";")
    command = ("search", str(folder / "table.csv"), "--target", "zip", *QUICK)
    result = run(*command, "--storage", f"sqlite:///{folder}/automl.db")
    assert result.exit_code == 0, result.output
    return folder


def predict(folder: Path, content: str) -> tuple[pd.DataFrame, str]:
    (folder / "rows.csv").write_text(content)
    storage = f"sqlite:///{folder}/automl.db"
    output = folder / "predictions.csv"
    output.unlink(missing_ok=True)
    result = run(
        *("predict", "table-zip", str(folder / "rows.csv"), "-o", str(output)),
        *("--storage", storage),
    )
    assert result.exit_code == 0, result.output
    return pd.read_csv(output, dtype={"zip": str}), result.stderr


HEADER = "code;price;when;kids\n"
ROW = "007;39,55;05/17/2021 04:25 PM;2\n"
OTHERS = "A12;41,5;06/17/2021 09:08 AM;0\n012;NA;;1\n"


def test_a_row_is_predicted_alike_alone_and_beside_others(folder: Path) -> None:
    alone, said = predict(folder, HEADER + ROW)
    beside, _ = predict(folder, HEADER + ROW + OTHERS)
    turned, _ = predict(folder, "kids;when;price;code\n2;05/17/2021 04:25 PM;39,55;007\n")
    assert "kids: 1 of 1 cell is neither 0 nor 1 as in training, such as 2 in row 1" in said
    assert set(alone["zip"]) <= {"02116", "10001"}  # as the person wrote them
    for other in (beside, turned):
        pd.testing.assert_series_equal(other.iloc[0], alone.iloc[0])


def test_unreadable_cells_are_said_and_count_as_missing(folder: Path) -> None:
    spoilt, said = predict(folder, HEADER + ROW.replace("39,55", "cheap") + OTHERS)
    missing, silent = predict(folder, HEADER + ROW.replace("39,55", "") + OTHERS)
    assert "price: 1 of 2 cells is no number as in training" in said
    assert "price" not in silent
    pd.testing.assert_frame_equal(spoilt, missing)


def test_a_column_of_another_kind_is_an_error_and_nothing_is_written(folder: Path) -> None:
    (folder / "rows.csv").write_text(HEADER + ROW.replace("39,55", "cheap"))
    (folder / "predictions.csv").unlink(missing_ok=True)
    result = run(
        *("predict", "table-zip", str(folder / "rows.csv")),
        *("-o", str(folder / "predictions.csv"), "--storage", f"sqlite:///{folder}/automl.db"),
    )
    assert result.exit_code == 1
    assert "price: 1 of 1 cell is no number as in training" in result.stderr
    assert not (folder / "predictions.csv").exists()
