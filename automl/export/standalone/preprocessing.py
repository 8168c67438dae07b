"""What was learned of the train rows, applied to raw rows: gaps filled, numbers scaled, codes.

Numbers are standardized in float64, or brought to the quantiles of a normal distribution; truth
values and marks of what is missing are 0 and 1, categories columns of 0 and 1 or, where there are
many, codes for an embedding. Order of the inputs: numbers, truth values, marks, categories.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor

Floats = NDArray[np.float64]


class Inputs(NamedTuple):
    """Encoded rows: (N, D) float32 linear in the numbers, or by their ranks; (N, E) codes."""

    numeric: Tensor
    quantile: Tensor
    codes: Tensor

    def of(self, config: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
        """What a network of this configuration is called with."""
        return (self.quantile if config["scaling"] == "quantile" else self.numeric), self.codes


class Preprocessing:
    """What was learned of a fold's train rows: medians, scales, quantiles, categories."""

    def __init__(self, path: Path) -> None:
        with safe_open(path, framework="np") as file:
            self.state: dict[str, Any] = json.loads(file.metadata()["automl"])
            self.arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def described(self, task: str, n_classes: int) -> dict[str, Any]:
        """What a network must know of its data."""
        state = self.state
        one_hot = state["one_hot"].values()
        n_marks = len(state["booleans"]) + len(state["flagged"])
        n_marks += sum(len(one["frequent"]) + bool(one["rare"]) for one in one_hot)
        n_numbers = len(state["number_names"])
        return {
            "task": task,
            "n_outputs": n_classes if task == "multiclass" else 1,
            "n_features": n_numbers + n_marks,
            "n_numbers": n_numbers,
            "cardinalities": [len(one["frequent"]) + 1 for one in state["embedded"].values()],
            "limits": {name: one.get("limit") for name, one in state["scalings"].items()},
        }

    def encode(self, typed: Mapping[str, NDArray[Any]]) -> Inputs:
        """Encode rows that `table_rows.read_rows` has read."""
        state, arrays = self.state, self.arrays
        n_rows = len(next(iter(typed.values())))
        columns = [typed[name] for name in state["number_names"]]
        numbers = np.array(columns, dtype=np.float64).reshape(len(columns), n_rows)
        filled = np.where(np.isnan(numbers), arrays["fills"][:, None], numbers)
        standardized = (filled - arrays["means"][:, None]) / arrays["deviations"][:, None]
        ranked = [_normal(*both) for both in zip(standardized, arrays["quantiles"].T, strict=True)]
        ranked_numbers = np.array(ranked, dtype=np.float64).reshape(numbers.shape)
        marks = [
            np.where(np.isnan(typed[name]), fill, typed[name])
            for name, fill in state["booleans"].items()
        ]
        marks += [np.isnan(typed[name]) for name in state["flagged"]]
        for name, known in state["one_hot"].items():
            codes = _codes(typed[name], known["frequent"])
            places = [*range(len(known["frequent"])), *([-1] if known["rare"] else [])]
            marks += [codes == place for place in places]
        rest = np.array(marks, dtype=np.float32).reshape(len(marks), n_rows)
        embedded = [
            _codes(typed[name], known["frequent"]) + 1 for name, known in state["embedded"].items()
        ]
        codes_of = np.array(embedded, dtype=np.int64).reshape(len(embedded), n_rows)
        return Inputs(
            _tensor(np.vstack([standardized, rest])),
            _tensor(np.vstack([ranked_numbers, rest])),
            torch.from_numpy(codes_of.T.copy()),
        )


def _tensor(columns: Floats) -> Tensor:
    with np.errstate(over="ignore"):
        values = columns.T.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("a number is too far from those of training: correct it, or empty it")
    return torch.from_numpy(values)


def _codes(names: NDArray[Any], frequent: Sequence[str]) -> NDArray[np.int64]:
    """The place of each category among the frequent ones; -1 if it is rare or unknown."""
    places = {name: place for place, name in enumerate(frequent)}
    return np.array([places.get(str(name), -1) for name in names], dtype=np.int64)


def _normal(numbers: Floats, quantiles: Floats) -> Floats:
    """The rank of each number among the quantiles, as a deviate of the normal distribution."""
    shares, edge = np.linspace(0, 1, len(quantiles)), 1e-7
    ranks = np.interp(numbers, quantiles, shares)
    ranks = (ranks - np.interp(-numbers, -quantiles[::-1], -shares[::-1])) / 2
    ranks[numbers + edge > quantiles[-1]] = 1.0
    ranks[numbers - edge < quantiles[0]] = 0.0
    least = edge - np.spacing(1)
    ends = torch.special.ndtri(torch.tensor([least, 1 - least], dtype=torch.float64))
    normal = torch.special.ndtri(torch.from_numpy(ranks)).clamp(ends[0], ends[1])
    return np.asarray(normal.numpy())
