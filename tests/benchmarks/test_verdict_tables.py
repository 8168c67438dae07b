"""A case of real tables from its rows to its line, on a table that is made here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.verdict_tables import Judged, line, summarize

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose kin8nm is a smooth function of two columns."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(600, 2))
    y = np.sin(2 * x[:, 0]) * x[:, 1] + 0.05 * generator.normal(size=600)
    pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y}).to_csv(tmp_path / "kin8nm.csv")
    return tmp_path


def judged(**changed: object) -> Judged:
    known: dict[str, object] = {
        "name": "too small/kin8nm/hidden_size=1",
        "kind": "too small",
        "expected": ("high_bias",),
        "verdict": "good_fit",
        "verdicts": ("good_fit",),
        "standing": "worse",
        "best_reference": "boosted_trees",
        "told_standing": "worse",
        "lead_errors": 4.0,
        "seconds": 1.0,
    }
    return Judged(**(known | changed))  # type: ignore[arg-type]


def test_a_good_fit_behind_a_reference_is_cried_out() -> None:
    assert "WRONG" in line(judged())
    assert "GOOD FIT BEHIND A REFERENCE" in line(judged())
    assert summarize([judged()])["tables.good_fit_behind_a_reference"] == 1


def test_a_right_verdict_is_counted() -> None:
    right = judged(verdict="high_bias", verdicts=("high_bias", "good_fit"), standing="no_better")
    assert line(right).startswith("right")
    assert summarize([right, judged()])["tables.accuracy"] == 0.5
    assert summarize([right])["tables.good_fit_behind_a_reference"] == 0


@pytest.mark.slow
def test_a_network_of_one_unit_is_searched_and_held_against_larger_ones(
    folder: Path, tmp_path: Path
) -> None:
    path, name = tmp_path / "figures.json", "too small/kin8nm/hidden_size=1"
    options = ["--seed", "0", "--only", name, "--json", str(path)]

    called = [sys.executable, "-m", "benchmarks.verdicts", "tables", str(folder), *options]
    done = subprocess.run(called, cwd=ROOT, capture_output=True, text=True, check=True)

    content = json.loads(path.read_text())
    (case,) = content["cases"]
    assert case["expected"][0] == "high_bias"
    assert case["figures"]["mended gain"] > 0.15
    assert case["told_standing"] == case["standing"] == "worse"
    assert content["summary"]["tables.n_cases"] == 1
    assert name in done.stdout
