"""Which kind of data is this? The one place that asks.

A kind is whatever has `load_data(options) -> LoadedData`: tables (`table/`), arrays of any shape
(`array/`), and any object of a person's own that has this method. Those of ours come in two
halves: what people mistype is told while data are read, before torch is imported for the second
half, which takes a second.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automl.data.array.reading import RawArrays, read_arrays
from automl.data.table.reading import RawTables, read_raw_tables
from automl.errors import ConfigError
from automl.options.data_options import ColumnOptions, DataOptions, SplitOptions
from automl.options.option import options_in
from automl.wording.option_names import named
from search_spaces.declared import DEFAULT_FAMILY
from storage.records import Task

if TYPE_CHECKING:
    from torch import Tensor

    from automl.data.loaded import Loadable, LoadedData


COLUMN_FAMILIES = frozenset({"mlp"})
"""Families of networks that read columns: arrays of more dimensions are flattened for them."""


@dataclass(frozen=True, slots=True)
class ReadTables:
    """Tables that were read."""

    raw: RawTables

    def load_data(self, options: DataOptions) -> LoadedData:
        """Understand, split and encode them."""
        from automl.data.table.loading import load_tables

        return load_tables(self.raw, options)


@dataclass(frozen=True, slots=True)
class ReadArrays:
    """Arrays that were read."""

    raw: RawArrays

    def load_data(self, options: DataOptions) -> LoadedData:
        """Understand, split and encode them."""
        from automl.data.array.loading import load_arrays

        return load_arrays(self.raw, options)


@dataclass(frozen=True, slots=True)
class WeightedOwnData:
    """An object that loads itself, of which weights of rows are asked."""

    source: Loadable

    def load_data(self, options: DataOptions) -> LoadedData:
        """Let it load, and see that it has not left the weights out.

        Raises:
            ConfigError: a split has none, or such as splits cannot have.
        """
        loaded = self.source.load_data(options)
        for fold, name in itertools.product(loaded.dataset.folds, ("train", "valid", "test")):
            weights = fold.split(name).weights
            given = "none" if weights is None else f"such of mean {weights.double().mean():g}"
            if weights is None or not _can_be_weights(weights):
                raise ConfigError(
                    f"data that load themselves must give every Split its weights, above 0 and of "
                    f"mean 1, where {named('weight')} is given, but {type(self.source).__name__} "
                    f"gives {name} rows {given}; let load_data set Split.weights, or leave the "
                    "option out"
                )
        return loaded


def _can_be_weights(weights: Tensor) -> bool:
    is_positive = bool((weights.isfinite() & (weights > 0)).all())
    return is_positive and math.isclose(float(weights.double().mean()), 1.0, rel_tol=1e-3)


def read_data(source: Any, options: DataOptions, *, family: str = DEFAULT_FAMILY) -> Loadable:
    """Read data of any kind, as far as that goes without torch.

    Args:
        family: of the networks that will read them.

    Raises:
        DataError: they cannot be read, or lack what the options name.
    """
    if hasattr(source, "load_data"):
        own: Loadable = source
        return own if options.weight is None else WeightedOwnData(own)
    arrays = None if family in COLUMN_FAMILIES else read_arrays(source, options)
    if arrays is not None:
        return ReadArrays(arrays)
    tables = read_raw_tables(
        source, target=options.target, columns=options, splits=options, weight=options.weight
    )
    return ReadTables(tables)


def load_dataset(
    source: Any,
    *,
    target: str | None = None,
    task: Task | None = None,
    loss: str | None = None,
    columns: ColumnOptions | None = None,
    splits: SplitOptions | None = None,
    class_weights: bool = False,
    family: str = DEFAULT_FAMILY,
) -> LoadedData:
    """Read, understand, check, split and encode data.

    Args:
        source: a path (.csv, .tsv, .txt, .jsonl, .json, .arff, .parquet, .npz, each also .gz),
            "sklearn:NAME", a DataFrame, a tuple (x, y), a mapping of arrays with the keys of
            an .npz file, a torch Dataset, or an object that loads itself.
        target: the column to predict; None where the source itself has one (`sklearn:`,
            `.npz`, arrays).
        task: None: inferred from the target.
        loss: None: the task's usual one.
        class_weights: weigh classes in the training objective inversely to their frequency.
        family: of the networks that will read them.

    Raises:
        DataError: in one line, with the rule, the value and the fix.
        ConfigError: an option has a value it cannot have.
    """
    options = DataOptions(
        target=target,
        task=task,
        loss=loss,
        class_weights=class_weights,
        **options_in(columns or ColumnOptions(), ColumnOptions),
        **options_in(splits or SplitOptions(), SplitOptions),
    )
    return read_data(source, options, family=family).load_data(options).probed()
