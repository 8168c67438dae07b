import math

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.training.plain import PlainTrainer
from automl.tuning.playground import BASE, GRIDS, Playground, _runs, play
from automl.tuning.toy_data import GRID, toy_dataset


@pytest.fixture(scope="module")
def played() -> Playground:
    return play("xor", ["learning_rate", "initialization", "batch_size"], n_epochs=15)


def runs_of(played: Playground, name: str) -> dict:
    grid = next(grid for grid in played.grids if grid.parameter == name)
    return {run.value: run for run in grid.runs}


def test_every_value_is_trained_for_all_epochs(played: Playground):
    for grid in played.grids:
        assert tuple(run.value for run in grid.runs) == GRIDS[grid.parameter]
        assert all(len(run.valid_loss) == 15 for run in grid.runs)


def test_equal_units_learn_nothing_and_others_do(played: Playground):
    runs = runs_of(played, "initialization")
    assert runs["zeros"].best_loss == pytest.approx(math.log(2), abs=0.02)
    assert runs["he"].best_loss < 0.1 and runs["he"].valid_error < 0.02


def test_the_base_is_the_same_run_in_every_grid(played: Playground):
    first = runs_of(played, "learning_rate")[BASE["learning_rate"]]
    second = runs_of(played, "batch_size")[BASE["batch_size"]]
    assert first.valid_loss == pytest.approx(second.valid_loss, rel=1e-4)


def test_surfaces_are_probabilities_that_separate_the_corners(played: Playground):
    run = runs_of(played, "initialization")["he"]
    assert run.surface.shape == (GRID, GRID)
    assert run.surface.min() >= 0 and run.surface.max() <= 1
    column = int(np.abs(played.x - 1.0).argmin())
    assert run.surface[int(np.abs(played.y - 0.0).argmin()), column] > 0.5  # xor(1, 0)
    assert run.surface[int(np.abs(played.y - 1.0).argmin()), column] < 0.5  # xor(1, 1)


def test_the_stacked_run_agrees_with_the_plain_loop(played: Playground):
    run = _runs(["learning_rate"], 15, 0)["learning_rate", 0.001]
    plain = PlainTrainer(toy_dataset("xor"))
    plain.add([run])
    curve = [record.valid_loss for _ in range(5) for record in plain.train_round()]
    stacked = runs_of(played, "learning_rate")[0.001].valid_loss[:5]
    assert curve == pytest.approx(stacked, rel=1e-4)


def test_every_grid_contains_the_base_value():
    assert all(BASE[name] in values for name, values in GRIDS.items() if name in BASE)


def test_an_unknown_hyperparameter_is_answered_with_the_known():
    with pytest.raises(ConfigError, match="vary must be among learning_rate"):
        play("xor", ["lr"])
