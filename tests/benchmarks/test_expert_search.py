"""The expert of `benchmarks.search`: independent of this project, the same space, and learning."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import optuna
import pandas as pd
import pytest
import torch

import search_spaces
from automl.options.search_options import SearchOptions
from benchmarks.expert_search import MAX_EPOCHS, PATIENCE, draw, search
from benchmarks.expert_table import read_arrays
from benchmarks.plain_space import PLAIN
from benchmarks.search_tables import make_table

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_expert_uses_nothing_of_this_project() -> None:
    code = "import sys, benchmarks.expert_search; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    packages = {name.partition(".")[0] for name in done.stdout.split()}
    assert not {"automl", "storage", "search_spaces", "cli"} & packages


def test_the_expert_trains_as_long_as_the_product() -> None:
    assert (SearchOptions().max_epochs, SearchOptions().patience) == (MAX_EPOCHS, PATIENCE)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_the_expert_draws_from_the_shipped_space_of_plain_networks(task: str) -> None:
    """Names, ranges and conditions: what never comes up in 200 trials is in neither."""
    shipped = search_spaces.load("mlp").for_task(task).narrow(PLAIN)
    seen: list[dict[str, optuna.distributions.BaseDistribution]] = [{}, {}]
    fixed: set[str] = set()
    for number in range(200):
        ours, expert = (
            optuna.create_study(sampler=optuna.samplers.RandomSampler(number)).ask()
            for _ in range(2)
        )
        params, drawn = shipped.suggest(ours), draw(expert, task)
        fixed |= params.keys() - ours.params.keys()
        assert params.keys() - fixed <= drawn.keys() | {"momentum", "decay_fraction"}
        for each, trial in zip(seen, (ours, expert), strict=True):
            each.update(trial.distributions)
        assert ("momentum" in drawn) == (drawn["optimizer"] in ("momentum", "nesterov"))
        assert ("decay_fraction" in drawn) == (drawn["schedule"] == "exponential")
    assert seen[0] == seen[1]


def test_the_expert_searches_until_its_time_is_up(tmp_path: Path) -> None:
    """Losses are in units of the standardized target: 1 is what guessing the mean gives."""
    table = make_table("sklearn:diabetes", tmp_path)
    arrays = read_arrays(table.folder, table.target, table.task)
    assert (arrays.train_x["quantile"].shape[1], arrays.n_outputs) == (10, 1)
    until = time.monotonic() + 6.0
    seen, best = search(arrays, table.task, until, seed=0)
    known = [each for trial in seen for each in trial.losses]
    assert until - 6.0 < min(known)[0] <= max(known)[0] < until + 5.0
    assert 0.3 < min(loss for _, loss in known) < 1.0
    assert best.loss == min(loss for _, loss in known)
    assert all(len(trial.losses) <= MAX_EPOCHS for trial in seen)


def test_a_table_of_words_and_holes_becomes_numbers(tmp_path: Path) -> None:
    rows = 40
    frame = pd.DataFrame(
        {
            "size": [float(n) for n in range(rows)],
            "color": ["red", "blue"] * (rows // 2),
            "kind": ["yes", "no", "no", "no"] * (rows // 4),
        }
    )
    frame.loc[3, "size"] = frame.loc[4, "color"] = None
    frame.to_csv(tmp_path / "cars.csv", index=False)
    table = make_table(str(tmp_path / "cars.csv"), tmp_path / "tables")
    arrays = read_arrays(table.folder, table.target, table.task)
    assert arrays.n_classes == 2
    assert len(arrays.train_y) == 24
    for scaling in ("standard", "min_max", "robust", "quantile"):
        x = torch.cat([arrays.train_x[scaling], arrays.valid_x[scaling]])
        assert x.isfinite().all()
        assert x.shape[1] >= 3
