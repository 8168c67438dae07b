from __future__ import annotations

from pathlib import Path

import automl
from examples.tune_scikit_mlp import SPACE, Perceptron


def test_it_learns_and_goes_on_from_its_state(tmp_path: Path) -> None:
    params = {"learning_rate_init": 0.01, "alpha": 1e-4, "hidden_size": 16, "activation": "relu"}
    first, second = Perceptron(params, 1), Perceptron(params, 1)
    losses = [first.train_epoch()["valid_loss"] for _ in range(3)]
    assert losses[2] < losses[0]
    second.load(first.save())
    assert second.train_epoch() == first.train_epoch()


def test_a_search_finds_a_good_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    result = automl.tune(Perceptron, SPACE, n_trials=8, max_epochs=6, workers=1, storage=url)
    assert (result.best.value or 9.0) < 0.5, "guessing has 2.3"
    assert result.diagnoses
