"""What networks read of rows, whatever kind of data it is: the two interfaces of a kind.

Each kind of data brings a subclass of both: tables in `table/inputs.py`. A `Fold` holds the
inputs of its rows, and beside them the encoding that they share, learned from its train rows.
What a network makes of them is its family's affair (`automl/models/family.py`).
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Self

import torch
from torch import Tensor

from automl.errors import ConfigError


@dataclass(frozen=True, slots=True)
class InputColumns:
    """Where a column of a person's table lies among the inputs: all that becomes of it.

    These are places in what `Inputs.columns` gives: the number itself, its missing-indicator, the
    parts of a date, one-hot columns; or the codes of categories. None where nothing is read of it.
    """

    numbers: tuple[int, ...] = ()
    codes: tuple[int, ...] = ()


class Inputs(abc.ABC):
    """The inputs of some rows."""

    @abc.abstractmethod
    def __len__(self) -> int: ...

    @abc.abstractmethod
    def __getitem__(self, rows: Tensor | slice) -> Self: ...

    @abc.abstractmethod
    def to(self, device: torch.device | str) -> Self:
        """The same rows on another device."""

    def followed_by(self, others: Self) -> Self:
        """These rows and then others of the same kind, on the same device.

        A dataclass whose fields are tensors of N rows each needs nothing of its own for it.

        Raises:
            ConfigError: this kind of inputs is another, and does not say how.
        """
        mine, its = _tensors(self), _tensors(others)
        if not mine or any(len(one) != len(self) for one in mine):
            raise ConfigError(
                "rows can be joined where inputs are a dataclass of tensors of a row each, but "
                f"{type(self).__name__} is none; give it a method `followed_by`"
            )
        return type(self)(*(torch.cat(both) for both in zip(mine, its, strict=True)))

    def exchanged(self, columns: Sequence[InputColumns], orders: Tensor) -> Self:
        """These rows once for each column and order, with that column's values of other rows.

        Row i of a copy has the column of row `order[i]`, and all others of its own. A kind of data
        whose encoders name their `input_columns` has it.

        Shape:
            orders: (R, N) int64; result: columns x R x N rows, those of a column behind one
            another, of these those of an order.

        Raises:
            ConfigError: this kind of inputs has no columns.
        """
        raise ConfigError(
            f"values can be exchanged among rows of columns, but {type(self).__name__} has none"
        )

    @abc.abstractmethod
    def columns(self) -> tuple[Tensor, Tensor]:
        """The rows as a table, as linear models and trees want them.

        Shape:
            (N, D) floating point numbers; (N, E) int64 codes of categories, E may be 0.
        """

    def arguments(self, encoding: Encoding) -> tuple[Tensor, ...]:
        """What a network is called with that says nothing else: `forward(*arguments)`.

        Of a table these are standardized numbers and, where columns hold many categories, codes.

        Shape:
            N rows each.
        """
        numbers, codes = self.columns()
        standardized = encoding.standardized(numbers)
        return (standardized, codes) if codes.shape[1] else (standardized,)


def _tensors(inputs: Any) -> list[Tensor]:
    """The fields of a dataclass of tensors; none of any other."""
    if not is_dataclass(inputs):
        return []
    values = [getattr(inputs, one.name) for one in fields(inputs)]
    return values if all(isinstance(one, Tensor) for one in values) else []


class Encoding(abc.ABC):
    """What inputs have in common: how wide they are, what was learned of their train rows."""

    @property
    @abc.abstractmethod
    def n_features(self) -> int:
        """Numbers per row."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of a row's numbers as networks are called with them."""
        return (self.n_features,)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Codes of each column of `Inputs.columns` that holds categories."""
        return ()

    @property
    def n_numbers(self) -> int:
        """How many of a row's numbers, the first ones, are known to be numeric columns."""
        return 0

    @abc.abstractmethod
    def standardized(self, numbers: Tensor) -> Tensor:
        """Numbers of `Inputs.columns` as linear models want them, (N, D)."""

    @abc.abstractmethod
    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""


@dataclass(frozen=True, slots=True)
class Columns(Inputs):
    """The columns of inputs and nothing else: all that references read of them.

    Shape:
        numbers: (N, D); codes: (N, E) int64.
    """

    numbers: Tensor
    codes: Tensor

    @classmethod
    def of(cls, inputs: Inputs) -> Columns:
        """Those of any inputs."""
        return cls(*inputs.columns())

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Tensor | slice) -> Columns:
        return Columns(self.numbers[rows], self.codes[rows])

    def to(self, device: torch.device | str) -> Columns:
        """The same rows on another device."""
        return Columns(self.numbers.to(device), self.codes.to(device))

    def columns(self) -> tuple[Tensor, Tensor]:
        """Numbers and codes."""
        return self.numbers, self.codes
