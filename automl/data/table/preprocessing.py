"""From typed columns to the network's inputs, fitted on a fold's train rows only.

What is learned from rows is in `number_encoding.py` and `category_encoding.py`: medians, scales,
quantiles, the categories and which of them are rare. A model is saved with it: numbers as arrays,
the rest as JSON.

Inputs, in this order: numbers, booleans, missing-indicators, one-hot columns. Numbers are
standardized in float64 before they become float32, which has 7 digits only and would blur
large ids and times. The scalings that a run applies are maps on top of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from automl.data.encoders import Encoder, NewRows
from automl.data.inputs import InputColumns
from automl.data.table.category_encoding import CategoryEncoding
from automl.data.table.cell_memory import CellMemory
from automl.data.table.column_reading import read_columns
from automl.data.table.columns import MISSING_CATEGORY, ColumnPlan
from automl.data.table.inputs import InputScaling, NumberLevels, TableEncoding, TableInputs
from automl.data.table.new_rows import read_row_pieces, read_rows
from automl.data.table.number_encoding import NumberEncoding
from automl.data.table.scalings import input_scalings
from automl.data.table.typed_rows import TypedRows
from automl.errors import DataError
from storage.records import Json

MAX_ONE_HOT = 20
"""Columns with more categories (rare ones not counted) become codes for an embedding.

At 20, one-hot columns and an embedding (of width 9, see `automl/models/mlp/network.py`) take
equally many weights in front of 16 hidden units, the narrowest layer that is searched: 320 and
324. Below, an embedding would save none.
"""

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as the network takes them.

    Shape:
        numeric, quantile: (N, D) float32; categories: (N, E) int64.
    """

    numeric: NDArray[np.float32]
    quantile: NDArray[np.float32]
    categories: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Preprocessor(Encoder):
    """The fitted encoding of a table's rows. `fit_preprocessor` makes one."""

    kind = "table"

    plans: tuple[ColumnPlan, ...]
    number_names: tuple[str, ...]  # typed columns of numbers
    numbers: NumberEncoding  # of these
    booleans: Mapping[str, float]  # what stands for a missing one
    flagged: tuple[str, ...]  # columns with an indicator of what is missing
    one_hot: Mapping[str, CategoryEncoding]
    embedded: Mapping[str, CategoryEncoding]  # columns that become codes
    scalings: Mapping[str, InputScaling]
    levels: NumberLevels

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The D numeric inputs."""
        flags = (f"{name} is missing" for name in self.flagged)
        columns = (encoding.names(name) for name, encoding in self.one_hot.items())
        return (*self.number_names, *self.booleans, *flags, *(one for of in columns for one in of))

    @cached_property
    def cardinalities(self) -> tuple[int, ...]:
        """Codes of each embedded column; 0 stands for rare and unknown categories."""
        return tuple(len(encoding.frequent) + 1 for encoding in self.embedded.values())

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns of the table, those that are left out too, without the target."""
        return tuple(plan.name for plan in self.plans)

    @cached_property
    def encoding(self) -> TableEncoding:
        """The scalings, the codes of embedded columns, and quantiles of numeric ones."""
        return TableEncoding(self.scalings, self.cardinalities, self.levels)

    @property
    def input_columns(self) -> dict[str, InputColumns]:
        """All inputs of each column that is not dropped: none are of two columns."""
        owners = [*self.number_names, *self.booleans, *self.flagged]
        for name, encoding in self.one_hot.items():
            owners += [name] * len(encoding.names(name))
        places: dict[str, list[int]] = {}
        for place, owner in enumerate(owners):
            places.setdefault(owner, []).append(place)
        codes = {name: (place,) for place, name in enumerate(self.embedded)}
        return {
            plan.name: InputColumns(
                tuple(place for name in plan.outputs for place in places.get(name, ())),
                codes.get(plan.name, ()),
            )
            for plan in self.plans
            if not plan.dropped
        }

    def inputs(self, rows: TypedRows) -> TableInputs:
        """Encode rows that `read_columns` has read."""
        encoded = self.encode_typed(rows)
        return TableInputs(
            torch.from_numpy(encoded.numeric),
            torch.from_numpy(encoded.quantile),
            torch.from_numpy(encoded.categories),
        )

    def read(self, data: Any, others: Sequence[Preprocessor] = ()) -> NewRows:
        """Read rows of the columns that it was fitted on; `new_rows.py` says how."""
        known = [one.known_categories for one in (self, *others)]
        return read_rows(data, self.plans, known, self.memory)

    def read_pieces(self, data: Any, others: Sequence[Preprocessor] = ()) -> Iterator[NewRows]:
        """Read rows of a file of any size."""
        known = [one.known_categories for one in (self, *others)]
        return read_row_pieces(data, self.plans, known, self.memory)

    @cached_property
    def memory(self) -> CellMemory:
        """What cells of its columns were read as."""
        return CellMemory(self.plans)

    def encode(self, frame: pd.DataFrame) -> Encoded:
        """Encode raw rows: columns as in the file the model was trained on, in any order.

        Raises:
            DataError: a column is missing, or a number is too far from those of training.
        """
        return self.encode_typed(read_columns(frame, self.plans))

    def encode_typed(self, typed: TypedRows) -> Encoded:
        """Encode rows that `read_columns` has read.

        Raises:
            DataError: a number is too far from those of training for float32.
        """
        standardized = self.numbers.standardized(columns_of(typed, self.number_names))
        n_numbers = len(self.number_names)
        numeric = np.empty((len(typed), len(self.feature_names)), dtype=np.float32)
        with np.errstate(over="ignore"):  # told below
            numeric[:, :n_numbers] = standardized.T
        self._write_marks(typed, numeric[:, n_numbers:])
        self._refuse_far(typed, numeric)
        quantile = numeric.copy()
        quantile[:, :n_numbers] = self.numbers.normal(standardized).T
        codes = np.empty((len(typed), len(self.embedded)), dtype=np.int64)
        for place, (name, encoding) in enumerate(self.embedded.items()):
            codes[:, place] = encoding.codes(typed[name]) + 1
        return Encoded(numeric, quantile, codes)

    def _write_marks(self, typed: TypedRows, marks: NDArray[np.float32]) -> None:
        """Write the columns of 0 and 1: booleans, missing-indicators and one-hot columns."""
        blocks: list[NDArray[Any]] = []
        for name, fill in self.booleans.items():
            values = np.asarray(typed[name])
            blocks.append(np.where(np.isnan(values), fill, values)[:, None])
        blocks += [np.isnan(np.asarray(typed[name]))[:, None] for name in self.flagged]
        blocks += [encoding.one_hot(typed[name]) for name, encoding in self.one_hot.items()]
        begin = 0
        for block in blocks:
            marks[:, begin : begin + block.shape[1]] = block
            begin += block.shape[1]

    def _refuse_far(self, typed: TypedRows, numeric: NDArray[np.float32]) -> None:
        """Refuse rows that would become infinite, from which a network makes NaN."""
        rows, inputs = np.nonzero(~np.isfinite(numeric))
        if len(rows):
            name = self.feature_names[inputs[0]]
            value = np.asarray(typed[name])[rows[0]]
            raise DataError(
                f"numbers must be of the size that they have in training, but {name!r} is "
                f"{value:g} in row {typed.index[rows[0]]}; correct it, or "
                "make it empty"
            )

    @cached_property
    def known_categories(self) -> dict[str, frozenset[str]]:
        """The categories that train rows have, by column."""
        return {
            name: encoding.known
            for name, encoding in (*self.one_hot.items(), *self.embedded.items())
        }

    def named_categories(self, column: str) -> frozenset[str]:
        """Those that a cell can have: without the one that stands for empty cells."""
        return self.known_categories[column] - {MISSING_CATEGORY}

    def to_state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Json]]:
        """What was learned of numbers as arrays, and the rest as plain values."""
        scalings = {
            name: {
                "shift": scaling.shift.tolist(),
                "scale": scaling.scale.tolist(),
                "limit": scaling.limit,
            }
            for name, scaling in self.scalings.items()
        }
        return self.numbers.to_arrays(), {
            "plans": [plan.to_dict() for plan in self.plans],
            "number_names": list(self.number_names),
            "booleans": dict(self.booleans),
            "flagged": list(self.flagged),
            "one_hot": {name: asdict(encoding) for name, encoding in self.one_hot.items()},
            "embedded": {name: asdict(encoding) for name, encoding in self.embedded.items()},
            "scalings": scalings,
        }

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]
    ) -> Preprocessor:
        """The inverse of `to_state`."""
        scalings = {
            name: InputScaling(
                torch.tensor(values["shift"], dtype=torch.float32),
                torch.tensor(values["scale"], dtype=torch.float32),
                values.get("limit"),  # studies of earlier versions have none
            )
            for name, values in state["scalings"].items()
        }
        return cls(
            plans=tuple(ColumnPlan.from_dict(values) for values in state["plans"]),
            number_names=tuple(state["number_names"]),
            numbers=NumberEncoding.from_arrays(arrays),
            booleans=state["booleans"],
            flagged=tuple(state["flagged"]),
            one_hot=_encodings(state["one_hot"]),
            embedded=_encodings(state["embedded"]),
            scalings=scalings,
            levels=_levels(NumberEncoding.from_arrays(arrays)),
        )


def fit_preprocessor(plans: Sequence[ColumnPlan], train: pd.DataFrame) -> Preprocessor:
    """Learn the encoding from train rows, read by `read_columns`."""
    kept = [plan for plan in plans if not plan.dropped]
    names = tuple(name for p in kept if p.kind in ("numeric", "date") for name in p.outputs)
    columns = columns_of(train, names)
    numbers = NumberEncoding.fit(columns)
    # The parts of a date are missing together: one indicator is enough.
    may_lack = [plan.outputs[0] for plan in kept if plan.kind != "categorical"]
    categories = {
        plan.name: CategoryEncoding.fit(train[plan.name], rare_threshold(len(train)))
        for plan in kept
        if plan.kind == "categorical"
    }
    embeds = {name: len(one.frequent) > MAX_ONE_HOT for name, one in categories.items()}
    unscaled = Preprocessor(
        plans=tuple(plans),
        number_names=names,
        numbers=numbers,
        booleans={p.name: _usual(train[p.name]) for p in kept if p.kind == "boolean"},
        flagged=tuple(name for name in may_lack if train[name].isna().any()),
        one_hot={name: one for name, one in categories.items() if not embeds[name]},
        embedded={name: one for name, one in categories.items() if embeds[name]},
        scalings={},
        levels=_levels(numbers),
    )
    marks = np.empty((len(train), len(unscaled.feature_names) - len(names)), dtype=np.float32)
    unscaled._write_marks(train, marks)
    return replace(unscaled, scalings=input_scalings(numbers.standardized(columns).T, marks))


def _levels(numbers: NumberEncoding) -> NumberLevels:
    """The quantiles of the numeric columns in both copies of the inputs."""
    normal = numbers.normal(numbers.levels.T.astype(np.float64)).T
    return NumberLevels(
        torch.from_numpy(numbers.levels.copy()), torch.from_numpy(normal.astype(np.float32))
    )


def columns_of(typed: TypedRows, names: Sequence[str]) -> Floats:
    """Columns of numbers, one after the other, (D, N)."""
    columns = np.empty((len(names), len(typed)))
    for place, name in enumerate(names):
        columns[place] = typed[name]
    return columns


def _usual(column: pd.Series[Any]) -> float:
    """The commonest of 0 and 1; 0 if both are."""
    return float(column.sum() > column.count() / 2)


def _encodings(values: Mapping[str, Any]) -> dict[str, CategoryEncoding]:
    return {
        name: CategoryEncoding(tuple(of["frequent"]), tuple(of["rare"]))
        for name, of in values.items()
    }


def rare_threshold(n_rows: int) -> int:
    """Categories in fewer train rows than this share one bucket.

    Half a percent of the rows, but at least 2 (a single row teaches nothing of a category)
    and at most 20 (more rows than that are worth a weight, however large the table).
    """
    return int(np.clip(round(0.005 * n_rows), 2, 20))
