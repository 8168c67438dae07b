from __future__ import annotations

from pathlib import Path

import automl
from examples.tune_boosting import SPACE, boosted_trees


def test_a_search_finds_a_good_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    how = {"n_trials": 6, "max_epochs": 5, "policy": "promotion"}
    result = automl.tune(boosted_trees, SPACE, **how, workers=1, storage=url)
    assert (result.best.value or 9.0) < 0.2, "guessing has 0.66"
    assert "paused" in {trial.outcome for trial in result.trials}
