"""Whether what an export says of its networks fits together, before a network is built of it.

The files may have been changed by a hand that knows their hashes. So each value is held against
its type, each name against those that it refers to, and each array against the shape that the
configuration gives it, which is found without memory for it (torch's device "meta"). What does
not fit is an `UnfitError`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from automl.data.dataset import DataDescription
from automl.data.table.category_encoding import CategoryEncoding
from automl.data.table.columns import ColumnPlan
from automl.data.table.date_formats import DATE_PARTS, FORMATS, ONLY_ASKED
from automl.data.table.preprocessing import Preprocessor
from automl.errors import ConfigError
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.network import mlp_for
from search_spaces.errors import SearchSpaceError
from search_spaces.hyperparameters import hyperparameter
from storage.stored_values import UnfitError, fitting

Arrays = Mapping[str, NDArray[Any]]

LONGEST_CODE: Final = 300
"""Digits of a code at most: texts are filled up to so many."""


@dataclass(frozen=True, slots=True)
class _Scaling:
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class _TableState:
    """What `Preprocessor.to_state` gives beside its arrays."""

    plans: tuple[ColumnPlan, ...]
    number_names: tuple[str, ...]
    booleans: Mapping[str, float]
    flagged: tuple[str, ...]
    one_hot: Mapping[str, CategoryEncoding]
    embedded: Mapping[str, CategoryEncoding]
    scalings: Mapping[str, _Scaling]


@dataclass(frozen=True, slots=True)
class _ArrayState:
    """Likewise `ArrayEncoder.to_state`."""

    shape: tuple[int, ...]
    is_whole: bool
    mean: float
    deviation: float


def checked_encoder(arrays: Arrays, state: Mapping[str, Any]) -> Preprocessor | None:
    """Hold the state of an encoder against what it must be.

    Returns:
        the preprocessing of a table; None where the state is that of arrays.

    Raises:
        UnfitError: it is not.
    """
    kind = state.get("kind")
    if kind == "array":
        of_arrays: _ArrayState = fitting(dict(state), _ArrayState)
        if min(of_arrays.shape, default=1) < 1 or arrays:
            raise UnfitError("arrays have rows of a shape, and nothing else is learned of them")
        _finite([of_arrays.mean, of_arrays.deviation], "mean and deviation")
        return None
    if kind != "table":
        raise UnfitError(f"data must be a table or arrays, but are {str(kind)[:60]!r}")
    table: _TableState = fitting(dict(state), _TableState)
    _check_plans(table)
    _check_numbers(arrays, len(table.number_names))
    made = Preprocessor.from_state(arrays, state)
    n_features = len(made.feature_names)
    for name, scaling in table.scalings.items():
        if not len(scaling.shift) == len(scaling.scale) == n_features:
            raise UnfitError(f"scaling {name[:60]!r} must have {n_features} inputs")
        _finite([*scaling.shift, *scaling.scale, scaling.limit or 0.0], f"scaling {name[:60]!r}")
    if "standard" not in table.scalings:
        raise UnfitError("it lacks the scaling 'standard'")
    return made


def _check_plans(state: _TableState) -> None:
    """Names refer to each other, and formats are those that are known."""
    names = [plan.name for plan in state.plans]
    kept = [plan for plan in state.plans if not plan.dropped]
    of_kind: dict[str, list[str]] = {"numeric": [], "date": [], "boolean": [], "categorical": []}
    for plan in kept:
        of_kind[plan.kind] += plan.outputs
        _check_formats(plan)
    numbers = [name for plan in kept if plan.kind in ("numeric", "date") for name in plan.outputs]
    _finite(list(state.booleans.values()), "booleans")
    if len(set(names)) < len(names) or sorted(numbers) != sorted(state.number_names):
        raise UnfitError("its numbers are not those of its columns")
    categories = [*state.one_hot, *state.embedded]
    if sorted(categories) != sorted(of_kind["categorical"]):
        raise UnfitError("its categories are not those of its columns")
    if sorted(state.booleans) != sorted(of_kind["boolean"]):
        raise UnfitError("its booleans are not those of its columns")
    if not set(state.flagged) <= {*numbers, *state.booleans}:
        raise UnfitError("columns are marked as missing that are none of its own")


def _check_formats(plan: ColumnPlan) -> None:
    patterns = (None, *FORMATS, *ONLY_ASKED)
    is_known = (
        plan.numbers.decimal in (".", ",")
        and plan.numbers.thousands in ("", ",", ".", " ", "'")
        and plan.dates.pattern in patterns
        and set(plan.dates.parts) <= {*DATE_PARTS}
    )
    if not is_known:
        raise UnfitError(f"column {plan.name[:60]!r} is written in a way that is not known")
    if not 0 <= plan.categories.code_width <= LONGEST_CODE:
        raise UnfitError(f"codes of column {plan.name[:60]!r} are too long")


def _check_numbers(arrays: Arrays, n_numbers: int) -> None:
    """What was learned of the numeric columns, see `NumberEncoding`."""
    wanted: dict[str, tuple[int, Any]] = {
        "fills": (1, np.float64),
        "means": (1, np.float64),
        "deviations": (1, np.float64),
        "quantiles": (2, np.float64),
        "levels": (2, np.float32),
    }
    if not wanted.keys() - {"levels"} <= arrays.keys() <= wanted.keys():
        raise UnfitError(f"it must hold {', '.join(wanted)}")
    for name, array in arrays.items():
        n_dimensions, dtype = wanted[name]
        if array.ndim != n_dimensions or array.dtype != dtype or array.shape[-1] != n_numbers:
            raise UnfitError(f"{name} must be {n_numbers} columns, but is {array.shape}")
        if not np.isfinite(array).all():
            raise UnfitError(f"{name} must be finite")
    if not len(arrays["quantiles"]) or (arrays["deviations"] <= 0).any():
        raise UnfitError("deviations must be above 0, and quantiles must be there")


def check_network(config: MLPConfig, data: DataDescription, weights: Arrays) -> None:
    """Hold the arrays of a perceptron against those of the network that they are for.

    Raises:
        UnfitError: a setting is none that a network can have, or arrays are another network's.
    """
    _check_settings(config)
    n_layers = sum(name.endswith(".linear.weight") for name in weights)
    if config.n_layers != n_layers:
        raise UnfitError(f"it has {n_layers} hidden layers, but {config.n_layers} are configured")
    encoding = data.encoding
    scalings = getattr(encoding, "scalings", {})
    if config.scaling not in scalings:
        raise UnfitError(f"the preprocessing has no scaling {config.scaling!r}")
    try:
        wanted = mlp_for(config, data, device="meta").state_dict()
    except (ConfigError, RuntimeError, OverflowError) as error:
        raise UnfitError(f"no network can be built: {error}") from error
    if wanted.keys() != weights.keys():
        other = sorted(wanted.keys() ^ weights.keys())[0]
        raise UnfitError(f"its arrays are another network's: {other[:60]!r}")
    types = {array.dtype for name, array in weights.items() if wanted[name].is_floating_point()}
    if types - {np.dtype("float32"), np.dtype("float64")} or len(types) != 1:
        raise UnfitError("weights must be of one precision, float32 or float64")
    for name, tensor in wanted.items():
        array = weights[name]
        if tuple(tensor.shape) != array.shape:
            raise UnfitError(f"{name} must be {tuple(tensor.shape)}, but is {array.shape}")
        if not tensor.is_floating_point() and array.dtype != np.int64:
            raise UnfitError(f"{name} must be int64, but is {array.dtype}")


def _check_settings(config: MLPConfig) -> None:
    for field in fields(config):
        known, value = hyperparameter(field.name), getattr(config, field.name)
        if value is None and known.words and known.numbers:
            continue  # a word beside numbers: see `Hyperparameter.setting`
        try:
            known.check(value)
        except SearchSpaceError as error:
            raise UnfitError(str(error)) from error


def _finite(values: list[float], what: str) -> None:
    if not all(map(math.isfinite, values)):
        raise UnfitError(f"{what} must be finite")
