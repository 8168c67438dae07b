"""A whole search beside an expert's: the tables, the numbers, and one short run of both."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.search_results import (
    Found,
    Sizes,
    Trial,
    arithmetic,
    improvements,
    mean_sizes,
)
from benchmarks.search_tables import make_table, task_of

ROOT = Path(__file__).resolve().parent.parent.parent

PARAMS = {"n_layers": 3, "hidden_size": 20, "shape": "funnel", "batch_size": 32}


def test_a_table_is_divided_once_for_both_sides(tmp_path: Path) -> None:
    table = make_table("sklearn:iris", tmp_path)
    assert (table.name, table.target, table.task) == ("iris", "target", "multiclass")
    rows = {split: pd.read_csv(table.path(split)) for split in ("train", "valid", "test")}
    assert [len(each) for each in rows.values()] == [90, 30, 30]
    assert table.n_rows("train") == 90
    assert len(pd.concat(rows.values()).value_counts()) > 140  # nearly no row is there twice


def test_a_file_may_name_its_target(tmp_path: Path) -> None:
    frame = pd.DataFrame({"price": [0.5 * n for n in range(40)], "color": ["red", "blue"] * 20})
    frame.to_csv(tmp_path / "cars.csv", index=False)
    assert make_table(f"{tmp_path / 'cars.csv'}:price", tmp_path / "a").task == "regression"
    last = make_table(str(tmp_path / "cars.csv"), tmp_path / "b")
    assert (last.name, last.target, last.task) == ("cars", "color", "binary")


def test_whole_numbers_are_classes_where_they_are_few() -> None:
    assert task_of(pd.Series([0, 1, 2] * 9)) == "multiclass"
    assert task_of(pd.Series(range(50))) == "regression"
    assert task_of(pd.Series(["yes", "no"])) == "binary"


def test_the_best_loss_falls_only() -> None:
    best = improvements([(3.0, 0.2), (1.0, 0.5), (2.0, math.nan), (4.0, 0.3), (5.0, 0.1)])
    assert best == [(1.0, 0.5), (3.0, 0.2), (5.0, 0.1)]
    found = Found((), best, 6.0)
    assert found.loss == 0.1
    assert found.loss_at(4.5) == 0.2
    assert found.seconds_to(0.3) == 3.0
    assert found.seconds_to(0.01) == math.inf
    assert found.loss_at(0.5) == math.inf


def test_what_was_drawn_is_measured_by_one_formula() -> None:
    sizes = Sizes(n_rows=100, n_inputs=10, n_outputs=3)
    assert sizes.weights(PARAMS) == 10 * 20 + 20 * 10 + 10 * 8 + 8 * 3
    assert sizes.weights(PARAMS | {"shape": "constant"}) == 10 * 20 + 20 * 20 + 20 * 20 + 20 * 3
    assert sizes.updates(PARAMS) == 4
    trials = (Trial(PARAMS, 2, 0.5, False), Trial(PARAMS, 0, 0.0, False))
    found = Found(trials, [], 1.0)
    assert (found.n_begun, found.n_epochs, found.passes) == (1, 2, 0.5)
    assert mean_sizes(found, sizes) == (504.0, 4.0)
    assert arithmetic(found, sizes) == 6 * 100 * 504 * 0.5


@pytest.mark.slow
def test_both_sides_search_a_small_table() -> None:
    called = [sys.executable, "-m", "benchmarks.search", "--json", "--seeds", "0"]
    done = subprocess.run(
        [*called, "--data", "sklearn:wine", "--seconds", "20"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    numbers = json.loads(done.stdout)
    assert numbers["wine.epochs_vs_expert"] > 0
    assert 0 < numbers["wine.training_share"] < 1
    assert numbers["wine.loss"] < 1.0
    assert 0 < numbers["first_trial_seconds"] < 20
    assert "waiting" in done.stderr
