from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import TensorDataset

from automl.data.kinds import ReadArrays, ReadTables, load_dataset, read_data
from automl.data.loaded import Loadable
from automl.errors import ConfigError
from automl.options.data_options import DataOptions

X, Y = np.random.default_rng(0).normal(size=(30, 2, 2)), np.arange(30) % 3


class Recipe:
    """A kind of a person's own."""

    def load_data(self, options: DataOptions) -> Any:
        return load_dataset((X, Y), splits=options, target=options.target)


def test_the_kind_follows_from_the_data_and_from_who_reads_them() -> None:
    options = DataOptions()
    assert isinstance(read_data((X, Y), options), ReadTables)
    assert isinstance(read_data((X, Y), options, family="own"), ReadArrays)
    assert isinstance(read_data((X[:, 0], Y), options, family="own"), ReadTables)
    items = TensorDataset(torch.from_numpy(X[:, 0]), torch.from_numpy(Y))
    assert isinstance(read_data(items, options), ReadTables)
    assert isinstance(read_data(items, options, family="own"), ReadArrays)


def test_what_loads_itself_is_a_kind() -> None:
    recipe = Recipe()
    assert isinstance(recipe, Loadable)
    assert read_data(recipe, DataOptions()) is recipe
    assert load_dataset(recipe).goal.n_classes == 3


def test_what_loads_itself_must_not_leave_weights_out() -> None:
    asked = DataOptions(weight="heft")
    with pytest.raises(ConfigError, match=r"Recipe gives train rows none; let load_data set"):
        read_data(Recipe(), asked).load_data(asked)

    class Weighted(Recipe):
        def load_data(self, options: DataOptions) -> Any:
            table = pd.DataFrame(X[:, 0]).assign(heft=np.arange(30) % 4, y=Y)
            own = replace(options, target="y")
            return read_data(table, own).load_data(own)

    loaded = read_data(Weighted(), asked).load_data(asked)
    assert loaded.dataset.is_weighted

    class InKilos(Weighted):
        def load_data(self, options: DataOptions) -> Any:
            loaded = super().load_data(options)
            (fold, *others) = loaded.dataset.folds
            assert fold.valid.weights is not None
            heavy = replace(fold.valid, weights=50 * fold.valid.weights)
            folds = (replace(fold, valid=heavy), *others)
            return replace(loaded, dataset=replace(loaded.dataset, folds=folds))

    with pytest.raises(ConfigError, match="InKilos gives valid rows such of mean 50"):
        read_data(InKilos(), asked).load_data(asked)
