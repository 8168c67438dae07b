"""Tune boosted trees: a generator, which adds ten trees and yields, over and over.

    python examples/tune_boosting.py

Trials that get nowhere pause after a few trees: the generator is asked on only if it pays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import automl

TREES_OF_AN_EPOCH = 10

SPACE = {
    "learning_rate": {"low": 0.01, "high": 1.0, "log": True},
    "max_depth": {"low": 1, "high": 6, "role": "depth"},
    "subsample": {"low": 0.3, "high": 1.0},
    "max_features": ["sqrt", 1.0],
}


def boosted_trees(params: Mapping[str, Any], seed: int) -> Iterator[dict[str, float]]:
    """Grow ten more trees, as often as is asked."""
    data = load_breast_cancer(return_X_y=True)
    train, valid, train_targets, valid_targets = train_test_split(*data, random_state=0)
    model = GradientBoostingClassifier(
        **params, n_estimators=0, warm_start=True, random_state=seed
    )
    while True:
        model.n_estimators += TREES_OF_AN_EPOCH
        model.fit(train, train_targets)
        yield {
            "train_loss": log_loss(train_targets, model.predict_proba(train)),
            "valid_loss": log_loss(valid_targets, model.predict_proba(valid)),
        }


def main() -> None:
    """Search, and say what was found."""
    result = automl.tune(boosted_trees, SPACE, n_trials=40, max_epochs=30, patience=5)
    print(f"loss {result.best.value:.4f} with {dict(result.best.params)}")
    print(result.report("report.html"))


if __name__ == "__main__":
    main()
