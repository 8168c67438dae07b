from __future__ import annotations

from pathlib import Path

import automl
import search_spaces
from examples.own_search_space import written


def test_the_file_is_a_space_narrower_wider_and_with_one_opened(tmp_path: Path) -> None:
    mine = search_spaces.load(written(tmp_path)).parameters
    built_in = search_spaces.load("mlp").parameters
    assert mine["n_layers"].to_dict()["high"] < built_in["n_layers"].to_dict()["high"]
    assert mine["learning_rate"].to_dict()["low"] < built_in["learning_rate"].to_dict()["low"]
    assert built_in["l1"].to_dict()["type"] == "fixed"
    assert mine["l1"].to_dict()["type"] == "float"


def test_a_search_stays_in_it(tmp_path: Path) -> None:
    result = automl.search(
        "sklearn:iris",
        space=written(tmp_path),
        set=["batch_size=32"],
        n_trials=4,
        max_epochs=1,
        folds=1,
        workers=1,
        references=False,
        storage=f"sqlite:///{tmp_path}/automl.db",
    )
    for trial in result.trials:
        assert trial.params["activation"] in {"relu", "silu"}
        assert 1e-6 <= trial.params["l1"] <= 1e-3
        assert trial.params["n_layers"] <= 3
        assert ("momentum" in trial.params) == (trial.params["optimizer"] == "momentum")
