"""The inputs of a table: numbers, numbers by their ranks, and codes of categories.

Columns are imputed and encoded once, by a preprocessor fitted on the fold's train rows only.
Numeric inputs are kept twice: linear in the original values, and quantile-scaled. All other
scalings are maps with a few numbers per column (`InputScaling`), which a network applies as its
first step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.data.inputs import Encoding, Inputs
from automl.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TableInputs(Inputs):
    """Encoded rows. Columns of `numeric` are the one-hot and missing-indicator columns too.

    Shape:
        numeric, quantile: (N, D) float32; categories: (N, E) int64, one code per embedded
        column.
    """

    numeric: Tensor
    quantile: Tensor
    categories: Tensor

    def __len__(self) -> int:
        return len(self.numeric)

    def __getitem__(self, rows: Tensor | slice) -> TableInputs:
        return TableInputs(self.numeric[rows], self.quantile[rows], self.categories[rows])

    def before(self, scaling: str) -> Tensor:
        """The copy of the numbers that a scaling starts from, (N, D)."""
        return self.quantile if scaling == "quantile" else self.numeric

    def to(self, device: torch.device | str) -> TableInputs:
        """The same rows on another device."""
        return TableInputs(
            self.numeric.to(device), self.quantile.to(device), self.categories.to(device)
        )

    def columns(self) -> tuple[Tensor, Tensor]:
        """Numbers, linear in the original values, and codes."""
        return self.numeric, self.categories


@dataclass(frozen=True, slots=True)
class InputScaling:
    """The input map x -> z = (x - shift) * scale, column by column, then perhaps a smooth clip.

    With a limit c it goes on to z / sqrt(1 + (z / c)^2), which is nearly z near 0 and stays
    within -c and c.

    Source:
        the smooth clip: Holzmüller et al. 2024, arXiv 2407.04491, section 3, with c = 3.

    Shape:
        shift, scale: (D,) float32. Columns that are 0/1 codes have shift 0 and scale 1 unless
        there is a limit; columns that are constant in the train rows have scale 0.
    """

    shift: Tensor
    scale: Tensor
    limit: float | None = None

    def apply(self, numbers: Tensor) -> Tensor:
        """Scale numbers, (N, D)."""
        return smoothly_clipped((numbers - self.shift) * self.scale, self.limit)

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> InputScaling:
        """The same map on another device, or in another precision."""
        return InputScaling(self.shift.to(device, dtype), self.scale.to(device, dtype), self.limit)


def smoothly_clipped(numbers: Tensor, limit: float | None) -> Tensor:
    """Numbers brought within a limit as `InputScaling` says; as they are if there is none."""
    if limit is None:
        return numbers
    return numbers / torch.sqrt(1 + (numbers / limit).square())


@dataclass(frozen=True, slots=True)
class TableEncoding(Encoding):
    """The scalings that a network chooses from, and how many codes embedded columns have."""

    scalings: Mapping[str, InputScaling]  # by name; "quantile" is the identity
    codes: tuple[int, ...] = ()  # per embedded column, "unknown" included

    @property
    def n_features(self) -> int:
        """D, the width of the numeric inputs."""
        return len(self.scalings["standard"].shift)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Codes per embedded column, "unknown" included."""
        return self.codes

    def standardized(self, numbers: Tensor) -> Tensor:
        """Numbers with mean 0 and deviation 1 in the train rows; 0/1 codes as they are."""
        return self.scalings["standard"].apply(numbers)

    def to(self, device: torch.device | str) -> TableEncoding:
        """The same on another device."""
        moved = {name: scaling.to(device) for name, scaling in self.scalings.items()}
        return TableEncoding(moved, self.codes)


def table_inputs(inputs: Inputs) -> TableInputs:
    """The inputs of rows that come from a table.

    Raises:
        ConfigError: they do not.
    """
    if not isinstance(inputs, TableInputs):
        raise _no_table(inputs)
    return inputs


def table_encoding(encoding: Encoding) -> TableEncoding:
    """What rows that come from a table have in common.

    Raises:
        ConfigError: they do not.
    """
    if not isinstance(encoding, TableEncoding):
        raise _no_table(encoding)
    return encoding


def _no_table(found: Inputs | Encoding) -> ConfigError:
    kind = type(found).__name__
    return ConfigError(f"this network reads the columns of a table, but the data are {kind}")
