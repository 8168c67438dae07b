"""How sides are compared, and one comparison as a person runs it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality import Outcome, beside, losses, ranks

ROOT = Path(__file__).resolve().parents[2]


def outcome(table: str, side: str, loss: float, seed: int = 0) -> Outcome:
    return Outcome(table, seed, side, 60.0, loss, math.sqrt(loss), 1.0)


def test_a_table_counts_once_however_many_seeds_it_has() -> None:
    told = [
        *(outcome("a", "answer", loss, seed) for seed, loss in enumerate((0.1, 0.3))),
        *(outcome("a", "other", loss, seed) for seed, loss in enumerate((0.3, 0.5))),
        outcome("b", "answer", 0.8),
        outcome("b", "other", 0.2),
    ]

    assert losses(told)["a"] == pytest.approx({"answer": 0.2, "other": 0.4})
    found = beside(told, "other")

    assert (found.n_tables, found.n_better) == (2, 1)
    assert found.ratio == pytest.approx(math.sqrt(0.5 * 4))
    assert found.low < found.ratio < found.high
    assert found.rank == pytest.approx(1.5)


def test_who_fails_is_the_last_there_and_has_no_ratio() -> None:
    told = [
        *(outcome("a", "answer", 0.2), outcome("a", "other", math.inf)),
        *(outcome("b", "answer", 0.2), outcome("b", "other", 0.1)),
    ]

    found = beside(told, "other")

    assert (found.n_tables, found.n_better) == (2, 1)
    assert found.ratio == pytest.approx(2.0)
    assert ranks(losses(told)["a"]) == {"answer": 1.0, "other": 2.0}


def test_equal_losses_share_their_ranks() -> None:
    assert ranks({"x": 0.1, "y": 0.2, "z": 0.2}) == {"x": 1.0, "y": 2.5, "z": 2.5}


def write_sums(folder: Path) -> Path:
    """A table whose class is whether two columns add up to more than 0."""
    x = np.random.default_rng(0).normal(size=(200, 3))
    rows = pd.DataFrame(x, columns=["a", "b", "c"]).assign(y=(x[:, 0] + x[:, 1] > 0).astype(int))
    folder.mkdir()
    rows.to_csv(folder / "sums.csv", index=False)
    return folder


@pytest.mark.slow
def test_the_answer_and_an_expert_both_find_a_line(tmp_path: Path) -> None:
    data = write_sums(tmp_path / "data")
    told = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.quality", "--data", str(data), "--json"),
            *("--sides", "answer,untuned,expert", "--budget", "20"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    of_table = json.loads(told.stdout)["tables"]["sums"]
    assert max(of_table["answer"], of_table["expert"]) < 0.3, told.stderr
    assert of_table.keys() == {"answer", "untuned", "expert"}


def test_a_comparison_is_gone_on_with_and_says_who_failed(tmp_path: Path) -> None:
    data = write_sums(tmp_path / "data")
    results = tmp_path / "results.jsonl"
    empty = tmp_path / "empty"  # a checkout without its command
    empty.mkdir()
    command = [
        *(sys.executable, "-m", "benchmarks.quality", "--data", str(data)),
        *("--results", str(results), "--budget", "2"),
    ]
    told = subprocess.run(
        [*command, "--sides", "boosted_trees,before", "--checkout", f"before={empty}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "sums, before:" in told.stderr and "cli.py" in told.stderr
    by_side = {one["side"]: one for one in map(json.loads, results.read_text().splitlines())}
    assert by_side["boosted_trees"]["error"] < 0.25
    assert by_side["before"]["loss"] == math.inf
    lines = results.read_text()
    again = subprocess.run(
        [*command, "--sides", "boosted_trees", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert results.read_text() == lines
    assert json.loads(again.stdout)["tables"]["sums"]["boosted_trees"] == pytest.approx(
        by_side["boosted_trees"]["loss"]
    )
