"""The inputs of a table: numbers, numbers by their ranks, and codes of categories.

Columns are imputed and encoded once, by a preprocessor fitted on the fold's train rows only.
Numeric inputs are kept twice: linear in the original values, and quantile-scaled. All other
scalings are maps with a few numbers per column (`InputScaling`), which a network applies as its
first step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from automl.data.inputs import Encoding, InputColumns, Inputs
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

    def exchanged(self, columns: Sequence[InputColumns], orders: Tensor) -> TableInputs:
        """The rows with a column's values of others, in both copies of the numbers."""
        numbers, codes = [one.numbers for one in columns], [one.codes for one in columns]
        return TableInputs(
            _exchanged(self.numeric, numbers, orders),
            _exchanged(self.quantile, numbers, orders),
            _exchanged(self.categories, codes, orders),
        )

    def columns(self) -> tuple[Tensor, Tensor]:
        """Numbers, linear in the original values, and codes."""
        return self.numeric, self.categories


def _exchanged(values: Tensor, columns: Sequence[tuple[int, ...]], orders: Tensor) -> Tensor:
    """Rows once for each set of columns and each order, which these columns alone are in.

    Shape:
        values: (N, D); orders: (R, N); result: (len(columns) * R * N, D).
    """
    n_rows, width = values.shape
    copies = values.repeat(len(columns) * len(orders), 1)
    of_column = copies.view(len(columns), len(orders), n_rows, width)
    for copy, places in zip(of_column, columns, strict=True):
        copy[:, :, list(places)] = values[:, list(places)][orders]
    return copies


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

    def first(self, n_columns: int) -> InputScaling:
        """The map of the first columns alone."""
        return InputScaling(self.shift[:n_columns], self.scale[:n_columns], self.limit)

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> InputScaling:
        """The same map on another device, or in another precision."""
        return InputScaling(self.shift.to(device, dtype), self.scale.to(device, dtype), self.limit)


def smoothly_clipped(numbers: Tensor, limit: float | None) -> Tensor:
    """Numbers brought within a limit as `InputScaling` says; as they are if there is none."""
    if limit is None:
        return numbers
    return numbers / torch.sqrt(1 + (numbers / limit).square())


@dataclass(frozen=True, slots=True)
class NumberLevels:
    """Quantiles of the train rows in the numeric columns, which come first; least and most too.

    Shape:
        numeric, quantile: (Q, n) float32, of both copies of the numbers; Q is `MOST_BINS` + 1.
    """

    numeric: Tensor
    quantile: Tensor

    def to(self, device: torch.device | str) -> NumberLevels:
        """The same on another device."""
        return NumberLevels(self.numeric.to(device), self.quantile.to(device))


MOST_INVERSE: Final = 1e30
"""Of the width of a bin: bins of a width near the smallest float32 would have an infinite one."""

NO_LEVELS: Final = NumberLevels(torch.empty(0, 0), torch.empty(0, 0))
"""Of inputs of which no column is known to be numeric."""


@dataclass(frozen=True, slots=True)
class NumberBins:
    """Bins of each numeric column, in scaled numbers; columns may have fewer than others.

    Shape:
        starts: (n, T) float32, infinite where a column has no such bin, of a constant column its
        value and no bin; inverse_widths: (n, T) float32, 0 where it has none.
    """

    starts: Tensor
    inverse_widths: Tensor

    @property
    def finite_starts(self) -> Tensor:
        """The starts, 0 where a column has no such bin."""
        return torch.where(self.inverse_widths > 0, self.starts, 0.0)

    @property
    def limits_of_shares(self) -> tuple[Tensor, Tensor]:
        """Between what the share of each bin that lies below a number is, (n, T) twice.

        These are 0 and 1, but the first bin of a column goes on below its start, and its last
        one beyond its end: Gorishniy et al. 2022, arXiv 2203.05556, equation 1.
        """
        is_bin = self.inverse_widths > 0
        is_next = torch.cat([is_bin[:, 1:], torch.zeros_like(is_bin[:, :1])], dim=1)
        least, most = torch.zeros_like(self.starts), torch.ones_like(self.starts)
        least[:, 0] = -torch.inf
        most[is_bin & ~is_next] = torch.inf
        return least, most

    @classmethod
    def between(cls, edges: Tensor) -> NumberBins:
        """The bins between edges in ascending order, (n, T + 1), of which those alike are one."""
        starts = edges.new_full((len(edges), edges.shape[1] - 1), torch.inf)
        inverse_widths = torch.zeros_like(starts)
        for column, own in enumerate(edges):
            distinct = torch.unique_consecutive(own)
            n_bins = len(distinct) - 1
            starts[column, : max(1, n_bins)] = distinct[: max(1, n_bins)]
            inverse_widths[column, :n_bins] = (1 / distinct.diff()).clamp(max=MOST_INVERSE)
        return cls(starts, inverse_widths)


@dataclass(frozen=True, slots=True)
class TableEncoding(Encoding):
    """The scalings that a network chooses from, and what is known of its columns."""

    scalings: Mapping[str, InputScaling]  # by name; "quantile" is the identity
    codes: tuple[int, ...] = ()  # per embedded column, "unknown" included
    levels: NumberLevels = NO_LEVELS

    @property
    def n_features(self) -> int:
        """D, the width of the numeric inputs."""
        return len(self.scalings["standard"].shift)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Codes per embedded column, "unknown" included."""
        return self.codes

    @property
    def n_numbers(self) -> int:
        """How many of the D columns are numeric: the first ones. The others are 0 or 1."""
        return self.levels.numeric.shape[1]

    def bins(self, scaling: str, n_bins: int) -> NumberBins:
        """Bins of the numeric columns that hold equally many train rows each, as scaled numbers.

        Where many rows have one value there are fewer; a constant column has none.
        """
        levels = self.levels.quantile if scaling == "quantile" else self.levels.numeric
        places = torch.linspace(0, len(levels) - 1, n_bins + 1, device=levels.device).round()
        edges = self.scalings[scaling].first(self.n_numbers).apply(levels[places.long()])
        return NumberBins.between(edges.T)

    def standardized(self, numbers: Tensor) -> Tensor:
        """Numbers with mean 0 and deviation 1 in the train rows; 0/1 codes as they are."""
        return self.scalings["standard"].apply(numbers)

    def to(self, device: torch.device | str) -> TableEncoding:
        """The same on another device."""
        moved = {name: scaling.to(device) for name, scaling in self.scalings.items()}
        return TableEncoding(moved, self.codes, self.levels.to(device))


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
