import math

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.playground.play import (
    ALONE,
    BASE,
    N_ROWS,
    NAMES,
    TOGETHER,
    PlayedRun,
    Playground,
    combinations,
    grids_of,
    play,
    run_config,
)
from automl.playground.toy_data import GRID, toy_dataset
from automl.training.plain import PlainTrainer

N_EPOCHS = 40


@pytest.fixture(scope="module")
def played() -> Playground:
    vary = ["noise", "regularization", "learning_rate", "initialization"]
    return play("xor", vary, n_epochs=N_EPOCHS)


def runs_of(played: Playground, name: str) -> dict:
    grid = next(grid for grid in played.grids if tuple(grid.choices) == (name,))
    return {run.setting[name]: run for run in grid.runs}


def test_what_depends_on_each_other_is_varied_together_and_the_rest_alone():
    together, *alone = grids_of(NAMES)
    assert together == TOGETHER
    assert [dict(grid) for grid in alone] == [{name: ALONE[name]} for name in ALONE]
    assert grids_of(["optimizer", "optimizer"]) == [{"optimizer": ALONE["optimizer"]}]
    assert grids_of(["activation", "noise"]) == [
        {"noise": TOGETHER["noise"], "activation": TOGETHER["activation"]}
    ]


def test_combinations_count_like_digits_the_last_one_fastest():
    settings = combinations({"noise": (0.0, 0.3), "n_layers": (1, 2)})
    chosen = [(setting["noise"], setting["n_layers"]) for setting in settings]
    assert chosen == [(0.0, 1), (0.0, 2), (0.3, 1), (0.3, 2)]
    assert all(setting["activation"] == BASE["activation"] for setting in settings)


def test_every_combination_is_trained_for_all_epochs(played: Playground):
    assert [len(grid.runs) for grid in played.grids] == [9, 5, 5]
    for grid in played.grids:
        assert [run.setting for run in grid.runs] == combinations(grid.choices)
        assert all(len(run.valid_loss) == N_EPOCHS or run.is_diverged for run in grid.runs)


def test_equal_units_learn_nothing_and_others_do(played: Playground):
    runs = runs_of(played, "initialization")
    assert runs["zeros"].valid_loss[-1] == pytest.approx(math.log(2), abs=0.02)
    assert runs["he"].valid_loss[-1] < 0.1 and runs["he"].valid_error < 0.02


def test_noise_is_learned_by_heart_without_regularization(played: Playground):
    runs = {(r.setting["noise"], r.setting["regularization"]): r for r in played.grids[0].runs}
    free, held = runs[0.3, "none"], runs[0.3, "weight_decay 0.01"]
    assert free.train_loss[-1] < held.train_loss[-1]
    assert free.valid_loss[-1] > held.valid_loss[-1]
    assert 0.2 < (played.targets[0.3] != played.targets[0.0]).mean() < 0.4


def test_the_base_is_the_same_run_in_every_grid(played: Playground):
    grids = [runs_of(played, name) for name in ("learning_rate", "initialization")]
    assert grids[0][BASE["learning_rate"]] is grids[1][BASE["initialization"]]


def test_surfaces_are_probabilities_that_separate_the_corners(played: Playground):
    run = runs_of(played, "initialization")["he"]
    assert run.surface.shape == (GRID, GRID)
    assert run.surface.min() >= 0 and run.surface.max() <= 1
    column = int(np.abs(played.x - 1.0).argmin())
    assert run.surface[int(np.abs(played.y - 0.0).argmin()), column] > 0.5  # xor(1, 0)
    assert run.surface[int(np.abs(played.y - 1.0).argmin()), column] < 0.5  # xor(1, 1)


def test_the_stacked_run_agrees_with_the_plain_loop(played: Playground):
    setting = {**BASE, "noise": 0.3, "regularization": "dropout 0.2"}
    plain = PlainTrainer(toy_dataset("xor", n_rows=N_ROWS, noise=0.3))
    plain.add([run_config(setting, 0, N_EPOCHS, 0)])
    curve = [record.valid_loss for _ in range(5) for record in plain.train_round()]
    (stacked,) = [run for run in played.grids[0].runs if run.setting == setting]
    assert curve == pytest.approx(stacked.valid_loss[:5], rel=1e-4)


def test_every_grid_contains_the_base_value():
    known = {**TOGETHER, **ALONE}
    assert all(BASE[name] in values for name, values in known.items() if name in BASE)


def test_an_unknown_hyperparameter_is_answered_with_the_known():
    with pytest.raises(ConfigError, match="vary must be among noise, n_layers"):
        play("xor", ["lr"])


def test_each_longer_step_is_told_as_it_begins(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "automl")
    play("xor", ["noise"], n_epochs=1)
    assert caplog.messages == [
        "training 1 network on xor with no wrong labels",
        "training 1 network on xor with 15 % of wrong labels",
        "training 1 network on xor with 30 % of wrong labels",
    ]


def test_of_equally_low_losses_the_last_epoch_counts_as_elsewhere():
    def best(*losses: float) -> int:
        curve = np.array(losses)
        return PlayedRun({}, curve, curve, 0.0, 0.0, np.empty((0, 0))).best_epoch

    assert best(0.5, 0.3, 0.3, 0.4, math.nan) == 3
    assert best(math.inf, math.nan) == 1
