"""A space as columns of coordinates, there and back."""

from __future__ import annotations

import math

import numpy as np
import optuna
import pytest

from automl.tuning.tpe.dimensions import Cells, Dimensions, Range
from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    SearchSpace,
    load,
)

SPACE = SearchSpace.of(
    "mixed",
    [
        IntParameter("hidden_size", 16, 256, log=True),
        IntParameter("n_layers", 1, 5),
        CategoricalParameter("optimizer", ("sgd", "adam", "momentum")),
        FloatParameter("momentum", 0.5, 0.99, when=(Condition.of({"optimizer": ["momentum"]}),)),
        FixedParameter("schedule", "exponential"),
        FloatParameter(
            "decay_fraction",
            0.3,
            2.0,
            when=(
                Condition.of({"schedule": ["exponential"], "n_layers": [2, 3]}),
                Condition.of({"hidden_size": [16]}),
            ),
        ),
    ],
)


def test_kinds_of_columns() -> None:
    width, layers, optimizer, momentum, decay = Dimensions(SPACE).all
    assert isinstance(width, Range) and width.is_whole and width.ends == (16, 256)
    assert isinstance(layers, Cells) and layers.borders is not None
    np.testing.assert_allclose(layers.borders, np.linspace(0, 1, 6))
    assert isinstance(optimizer, Cells) and optimizer.borders is None
    assert isinstance(momentum, Range) and not momentum.is_whole and isinstance(decay, Range)


def test_each_value_of_a_wide_range_has_a_cell_of_its_own_width() -> None:
    width = Dimensions(SPACE).all[0]
    middles = [width.encode(value) for value in range(16, 257)]
    assert [width.decode(middle) for middle in middles] == list(range(16, 257))
    assert (width.decode(0.0), width.decode(1.0)) == (16, 256)
    assert middles[0] == pytest.approx(math.log(16 / 15.5) / math.log(256.5 / 15.5))


@pytest.mark.parametrize("space", [SPACE, load("mlp").for_task("multiclass")])
def test_what_is_suggested_is_found_again(space: SearchSpace) -> None:
    dimensions = Dimensions(space)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    for _ in range(30):
        params = space.suggest(study.ask())
        row = dimensions.encode(params)
        found = dimensions.decode(row)
        assert found.keys() == params.keys()
        for name, value in params.items():
            is_close = found[name] == value or found[name] == pytest.approx(value, rel=1e-12)
            assert is_close, (name, value, found[name])
        assert [math.isnan(each) for each in row] == [n not in params for n in dimensions.names]
        whole = np.nan_to_num(np.array([row]), nan=0.5)
        assert dimensions.has(whole)[0].tolist() == [n in params for n in dimensions.names]


def test_values_outside_of_the_space_are_at_its_ends_or_unknown() -> None:
    width, _, optimizer, momentum, _ = Dimensions(SPACE).all
    assert (width.encode(3), width.encode(-1), width.encode(5000)) == (0.0, 0.0, 1.0)
    assert momentum.encode(2.0) == 1.0
    assert math.isnan(optimizer.encode("rmsprop"))
    low, high = (momentum.decode(end) for end in (0.0, 1.0))
    assert (low, high) == (0.5, 0.99)


def test_ends_of_a_logarithmic_range_are_inside_of_it() -> None:
    (rate,) = Dimensions(SearchSpace.of("one", [FloatParameter("l1", 1e-6, 1e-3, log=True)])).all
    low, high = (rate.decode(end) for end in (0.0, 1.0))
    assert (low, high) == (pytest.approx(1e-6), pytest.approx(1e-3))
    assert isinstance(low, float) and isinstance(high, float) and low >= 1e-6 and high <= 1e-3


def test_a_parameter_of_one_value_is_not_drawn() -> None:
    space = SearchSpace.of(
        "one", [CategoricalParameter("optimizer", ("adam",)), IntParameter("n_layers", 1, 2)]
    )
    assert Dimensions(space).names == ("n_layers",)
    assert Dimensions(space).decode([1.0]) == {"optimizer": "adam", "n_layers": 2}
