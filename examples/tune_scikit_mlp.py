"""Tune scikit-learn's own perceptron: a class, whose training outlives a process.

    python examples/tune_scikit_mlp.py

An epoch is one `partial_fit`. `save` gives bytes, so that a search that was stopped, killed or
had to make room goes on from there; without it such a trial would be trained again.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import automl

SPACE = {
    "learning_rate_init": {"low": 1e-4, "high": 1e-1, "log": True},
    "alpha": {"low": 1e-6, "high": 1.0, "log": True, "role": "regularization"},
    "hidden_size": {"low": 8, "high": 128, "log": True},
    "activation": ["relu", "tanh"],
}


class Perceptron:
    """The training of one trial."""

    def __init__(self, params: Mapping[str, Any], seed: int) -> None:
        inputs, targets = load_digits(return_X_y=True)
        self.data = train_test_split(inputs / 16, targets, random_state=0, stratify=targets)
        self.model = MLPClassifier(
            (params["hidden_size"],),
            activation=params["activation"],
            learning_rate_init=params["learning_rate_init"],
            alpha=params["alpha"],
            random_state=seed,
        )

    def train_epoch(self) -> dict[str, float]:
        """One pass over the train rows, and the losses after it."""
        train, valid, train_targets, valid_targets = self.data
        self.model.partial_fit(train, train_targets, classes=range(10))
        return {
            "train_loss": log_loss(train_targets, self.model.predict_proba(train)),
            "valid_loss": log_loss(valid_targets, self.model.predict_proba(valid)),
        }

    def save(self) -> bytes:
        """All that it needs to go on, its random state included."""
        return pickle.dumps(self.model)

    def load(self, state: bytes) -> None:
        """Go on from there: bytes that this very study has kept, from this machine."""
        self.model = pickle.loads(state)


def main() -> None:
    """Search, and say what was found."""
    result = automl.tune(Perceptron, SPACE, n_trials=40, max_epochs=30)
    print(f"loss {result.best.value:.4f} with {dict(result.best.params)}")
    print(result.report("report.html"))


if __name__ == "__main__":
    main()
