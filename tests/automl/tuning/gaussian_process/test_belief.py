"""What a fit has found, as it is kept: the same in JSON, and in a space that is wider by now."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from automl.tuning.gaussian_process.belief import Belief
from automl.tuning.gaussian_process.kernel import Axes, Covariance, Hyperparameters, distances
from automl.tuning.gaussian_process.unit_cube import UnitCube
from search_spaces import CategoricalParameter, FloatParameter, IntParameter, SearchSpace
from storage.errors import DamagedError

NAMES = ("learning_rate", "dropout", "hidden_size", "n_layers", "optimizer")


def cube(
    *, rate: float = 0.1, dropout: float = 0.4, units: int = 256, layers: int = 4
) -> UnitCube:
    return UnitCube(
        SearchSpace.of(
            "some",
            [
                FloatParameter("learning_rate", 1e-4, rate, log=True),
                FloatParameter("dropout", 0.0, dropout),
                IntParameter("hidden_size", 16, units, log=True),
                IntParameter("n_layers", 1, layers),
                CategoricalParameter("optimizer", ("adam", "sgd", "momentum")),
            ],
        )
    )


def found() -> Hyperparameters:
    draw = np.random.default_rng(3)
    return Hyperparameters.of_array(draw.normal(size=len(NAMES) + 5))


def test_it_is_the_same_after_json() -> None:
    belief = Belief.of(found(), cube(), 90)
    again = Belief.of_json(json.loads(json.dumps(belief.to_json())))
    assert again == belief
    assert again.hyperparameters(cube()).to_array().tolist() == found().to_array().tolist()
    assert again.length_scales["dropout"] == pytest.approx(math.exp(found().lengths[1]))


def test_trials_are_as_alike_in_wider_ranges_as_they_were() -> None:
    """One more decade, twice the dropout, the units doubled, and layers that become a range."""
    belief = Belief.of(found(), cube(), 90)
    wider = cube(rate=1.0, dropout=0.8, units=512, layers=12)
    trials = [
        {"learning_rate": 1e-3, "dropout": 0.1, "hidden_size": 20, "n_layers": 1,
         "optimizer": "sgd"},
        {"learning_rate": 1e-1, "dropout": 0.4, "hidden_size": 256, "n_layers": 4,
         "optimizer": "adam"},
        {"learning_rate": 2e-2, "dropout": 0.0, "hidden_size": 64, "n_layers": 3,
         "optimizer": "sgd"},
    ]  # fmt: skip
    apart = []
    for one in (cube(), wider):
        covariance = Covariance(Axes.of(one.parameter_of, 20), belief.hyperparameters(one))
        scaled = one.points(np.array([one.place(trial) for trial in trials])) / covariance.lengths
        apart.append(distances(scaled, scaled))
    assert apart[1] == pytest.approx(apart[0], rel=1e-12)
    assert belief.hyperparameters(wider).lengths[0] < found().lengths[0], "a part of a wider one"


def damaged() -> dict[str, object]:
    sound = Belief.of(found(), cube(), 90)
    shorter = {name: 0.0 for name in NAMES[1:]}
    return {
        "nothing": None,
        "empty": {},
        "a text": {**asdict_of(sound), "lengths": {"learning_rate": "long"}},
        "no number": {**asdict_of(sound), "noise": math.nan},
        "one less": {**asdict_of(sound), "lengths": shorter},
        "no width": asdict_of(replace(sound, widths=dict.fromkeys(NAMES, 0.0))),
    }


def asdict_of(belief: Belief) -> dict[str, object]:
    plain = belief.to_json()
    assert isinstance(plain, dict)
    return plain


@pytest.mark.parametrize("what", damaged())
def test_what_is_no_belief_is_told(what: str) -> None:
    with pytest.raises(DamagedError, match="automl_beliefs"):
        Belief.of_json(damaged()[what])  # type: ignore[arg-type]


def test_that_of_another_space_is_told() -> None:
    other = UnitCube(SearchSpace.of("other", [FloatParameter("dropout", 0.0, 0.5)]))
    with pytest.raises(DamagedError, match="it is not of dropout"):
        Belief.of(found(), cube(), 90).hyperparameters(other)
