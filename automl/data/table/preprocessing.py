"""From typed columns to the network's inputs, fitted on a fold's train rows only.

One scikit-learn ColumnTransformer does all that is learned from rows: medians, scales,
quantiles, the categories and which of them are rare. The `Preprocessor` around it holds plain
values. Both are saved with a model: the estimator by skops, the rest as JSON.

Inputs, in this order: numbers, booleans, missing-indicators, one-hot columns. Numbers are
standardized in float64 before they become float32, which has 7 digits only and would blur
large ids and times. The scalings that a run applies are affine maps on top of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    StandardScaler,
)

from automl.data.encoders import Encoder, NewRows
from automl.data.table.column_reading import read_columns
from automl.data.table.columns import ColumnPlan
from automl.data.table.inputs import AffineScaling, TableEncoding, TableInputs
from automl.data.table.new_rows import read_rows
from automl.data.table.scalings import affine_scalings
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


@dataclass(frozen=True, slots=True)
class Preprocessor(Encoder):
    """The fitted encoding of a table's rows. `fit_preprocessor` makes one."""

    kind = "table"

    plans: tuple[ColumnPlan, ...]
    transformer: ColumnTransformer
    feature_names: tuple[str, ...]  # of the D numeric inputs
    embedded: tuple[str, ...]  # columns that become codes
    cardinalities: tuple[int, ...]  # codes of each; 0 stands for rare and unknown categories
    scalings: Mapping[str, AffineScaling]

    @property
    def encoding(self) -> TableEncoding:
        """The scalings, and the codes of embedded columns."""
        return TableEncoding(self.scalings, self.cardinalities)

    def inputs(self, rows: pd.DataFrame) -> TableInputs:
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
        return read_rows(data, self.plans, known)

    def encode(self, frame: pd.DataFrame) -> Encoded:
        """Encode raw rows: columns as in the file the model was trained on, in any order.

        Raises:
            DataError: a column is missing, or a number is too far from those of training.
        """
        return self.encode_typed(read_columns(frame, self.plans).typed)

    def encode_typed(self, typed: pd.DataFrame) -> Encoded:
        """Encode rows that `read_columns` has read.

        Raises:
            DataError: a number is too far from those of training for float32.
        """
        blocks = self.transformer.transform(typed)
        where = self.transformer.output_indices_
        shared = [blocks[:, where[name]] for name in ("booleans", "missing", "one_hot")]
        with np.errstate(over="ignore"):  # told below
            numeric = np.hstack([blocks[:, where["numbers"]], *shared]).astype(np.float32)
        self._refuse_far(typed, numeric)
        quantile = np.hstack([blocks[:, where["quantiles"]], *shared]).astype(np.float32)
        codes = blocks[:, where["codes"]].astype(np.int64)
        # The encoder gives -1 to unknown categories and the highest code to the rare ones.
        codes = np.where(codes >= np.asarray(self.cardinalities) - 1, 0, codes + 1)
        return Encoded(numeric, quantile, codes.reshape(len(typed), len(self.embedded)))

    def _refuse_far(self, typed: pd.DataFrame, numeric: NDArray[np.float32]) -> None:
        """Refuse rows that would become infinite, from which a network makes NaN."""
        rows, inputs = np.nonzero(~np.isfinite(numeric))
        if len(rows):
            name = self.feature_names[inputs[0]]
            raise DataError(
                f"numbers must be of the size that they have in training, but {name!r} is "
                f"{typed[name].iloc[rows[0]]:g} in row {typed.index[rows[0]]}; correct it, or "
                "make it empty"
            )

    @property
    def known_categories(self) -> dict[str, frozenset[str]]:
        """The categories that train rows have, by column."""
        known = {}
        for block in ("one_hot", "codes"):
            encoder = self.transformer.named_transformers_.get(block)
            names = getattr(encoder, "feature_names_in_", ())
            for name, categories in zip(names, getattr(encoder, "categories_", ()), strict=True):
                known[str(name)] = frozenset(map(str, categories))
        return known

    def to_state(self) -> tuple[dict[str, Any], dict[str, Json]]:
        """The estimator for `storage/artifact_formats.py`, and the rest as plain values."""
        scalings = {
            name: {"shift": scaling.shift.tolist(), "scale": scaling.scale.tolist()}
            for name, scaling in self.scalings.items()
        }
        return {"transformer": self.transformer}, {
            "plans": [plan.to_dict() for plan in self.plans],
            "feature_names": list(self.feature_names),
            "embedded": list(self.embedded),
            "cardinalities": list(self.cardinalities),
            "scalings": scalings,
        }

    @classmethod
    def from_state(cls, estimators: Mapping[str, Any], state: Mapping[str, Any]) -> Preprocessor:
        """The inverse of `to_state`."""
        scalings = {
            name: AffineScaling(
                torch.tensor(values["shift"], dtype=torch.float32),
                torch.tensor(values["scale"], dtype=torch.float32),
            )
            for name, values in state["scalings"].items()
        }
        return cls(
            plans=tuple(ColumnPlan.from_dict(values) for values in state["plans"]),
            transformer=estimators["transformer"],
            feature_names=tuple(state["feature_names"]),
            embedded=tuple(state["embedded"]),
            cardinalities=tuple(state["cardinalities"]),
            scalings=scalings,
        )


def fit_preprocessor(plans: Sequence[ColumnPlan], train: pd.DataFrame) -> Preprocessor:
    """Learn the encoding from train rows, read by `read_columns`."""
    rare_below = rare_threshold(len(train))
    groups = _column_groups(plans, train, rare_below)
    transformer = _make_transformer(groups, len(train), rare_below)
    transformer.set_output(transform="default")  # whatever the caller's global setting is
    transformer.fit(train)
    names = _feature_names(transformer, groups)
    numbers = np.empty((len(train), 0))
    if groups["numbers"]:
        numbers = transformer.named_transformers_["numbers"].transform(train[groups["numbers"]])
        _spread_ties_(transformer, numbers)
    return Preprocessor(
        plans=tuple(plans),
        transformer=transformer,
        feature_names=names,
        embedded=tuple(groups["codes"]),
        cardinalities=_cardinalities(transformer) if groups["codes"] else (),
        scalings=affine_scalings(numbers, n_codes=len(names) - numbers.shape[1]),
    )


def rare_threshold(n_rows: int) -> int:
    """Categories in fewer train rows than this share one bucket.

    Half a percent of the rows, but at least 2 (a single row teaches nothing of a category)
    and at most 20 (more rows than that are worth a weight, however large the table).
    """
    return int(np.clip(round(0.005 * n_rows), 2, 20))


def _column_groups(
    plans: Sequence[ColumnPlan], train: pd.DataFrame, rare_below: int
) -> dict[str, list[str]]:
    """Typed columns by what is done to them."""
    kept = [plan for plan in plans if not plan.dropped]
    numbers = [name for p in kept if p.kind in ("numeric", "date") for name in p.outputs]
    categorical = [plan.name for plan in kept if plan.kind == "categorical"]
    codes = [
        name
        for name in categorical
        if (train[name].value_counts() >= rare_below).sum() > MAX_ONE_HOT
    ]
    return {
        "numbers": numbers,
        "booleans": [plan.name for plan in kept if plan.kind == "boolean"],
        # The parts of a date are missing together: one indicator is enough.
        "missing": [plan.outputs[0] for plan in kept if plan.kind != "categorical"],
        "one_hot": [name for name in categorical if name not in codes],
        "codes": codes,
    }


def _make_transformer(
    groups: Mapping[str, list[str]], n_rows: int, rare_below: int
) -> ColumnTransformer:
    def standardized() -> Pipeline:
        return make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
        )

    # As many quantiles as TabM takes: 30 rows for each, 10 to 1000.
    # Source: Gorishniy et al. 2024, arXiv 2410.24210, preprocessing of the experiments.
    quantiles = QuantileTransformer(
        n_quantiles=min(n_rows, max(10, min(n_rows // 30, 1000))),
        output_distribution="normal",
        random_state=0,
    )
    one_hot = OneHotEncoder(
        min_frequency=rare_below, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    codes = OrdinalEncoder(
        min_frequency=rare_below, handle_unknown="use_encoded_value", unknown_value=-1
    )
    booleans = SimpleImputer(strategy="most_frequent", keep_empty_features=True)
    return ColumnTransformer(
        [
            ("numbers", standardized(), groups["numbers"]),
            (
                "quantiles",
                Pipeline([*standardized().steps, ("quantiles", quantiles)]),
                groups["numbers"],
            ),
            ("booleans", booleans, groups["booleans"]),
            ("missing", MissingIndicator(error_on_new=False), groups["missing"]),
            ("one_hot", one_hot, groups["one_hot"]),
            ("codes", codes, groups["codes"]),
        ],
        sparse_threshold=0.0,
    )


def _spread_ties_(transformer: ColumnTransformer, numbers: Floats) -> None:
    """Fit the quantiles again, on standardized numbers with a little noise.

    Without it, the smallest value of a column goes to the far end of the normal distribution
    (-5.2), even where 9 in 10 rows have it, as with zeros in counts; with it, to the middle of
    its ranks.

    Source: the noise of 1e-5 in TabM's experiments (Gorishniy et al. 2024).
    """
    noise = np.random.default_rng(0).normal(0.0, 1e-5, size=numbers.shape)
    transformer.named_transformers_["quantiles"][-1].fit(numbers + noise)


def _cardinalities(transformer: ColumnTransformer) -> tuple[int, ...]:
    encoder = transformer.named_transformers_["codes"]
    rare = [
        0 if categories is None else len(categories)
        for categories in encoder.infrequent_categories_
    ]
    # Code 0 is for rare and unknown ones, so that it exists where nothing is rare, too.
    return tuple(
        len(categories) - n_rare + 1
        for categories, n_rare in zip(encoder.categories_, rare, strict=True)
    )


def _feature_names(
    transformer: ColumnTransformer, groups: Mapping[str, list[str]]
) -> tuple[str, ...]:
    names = [*groups["numbers"], *groups["booleans"]]
    if groups["missing"]:
        flagged = transformer.named_transformers_["missing"].features_
        names += [f"{groups['missing'][i]} is missing" for i in flagged]
    if groups["one_hot"]:
        encoder = transformer.named_transformers_["one_hot"]
        for column, categories, rare in zip(
            groups["one_hot"], encoder.categories_, encoder.infrequent_categories_, strict=True
        ):
            hidden = set() if rare is None else set(rare)
            names += [f"{column} = {value}" for value in categories if value not in hidden]
            names += [f"{column} is rare"] if hidden else []
    return tuple(names)
