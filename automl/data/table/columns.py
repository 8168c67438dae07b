"""What each column is, as a plan.

A `ColumnPlan` is plain values, learned once from the table that is divided (how:
`column_inference.py`) and saved with the model. `column_reading.py` reads every row by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from automl.data.table.number_formats import PLAIN, NumberFormat
from storage.records import Json

Kind: TypeAlias = Literal["numeric", "categorical", "boolean", "date"]

MISSING_CATEGORY = "(missing)"
"""Empty cells and "?" of a categorical column are a category of their own."""

TRUE_FALSE = {"true": "false", "yes": "no", "y": "n", "t": "f", "on": "off"}
"""Pairs that make a boolean column; compared in lower case."""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How the dates of one column are written, and what becomes of them."""

    pattern: str | None = None  # as in strptime, "ISO8601", or None for date dtypes
    parts: tuple[str, ...] = ()  # those that vary
    label: str = ""  # what its parts are named after; empty: the column's own name


@dataclass(frozen=True, slots=True)
class CategoryFormat:
    """How the categories of one column are written where they look like numbers."""

    is_coded: bool = False  # numbers, so that 3 and 3.0 are one category
    has_points: bool = False  # not coded: the number 3 is written "3.0"
    code_width: int = 0  # digits of this width, some with zeros in front; else 0


@dataclass(frozen=True, slots=True)
class MissingMarks:
    """Cells of one column that count as missing beside the empty ones."""

    named: tuple[str, ...] = ()  # that a person has named
    strays: tuple[str, ...] = ()  # that were none of the column's kind in training


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """How to read one column of a raw frame; of the formats that of its kind counts."""

    name: str
    kind: Kind
    dropped: str = ""  # why it is left out; empty where it is used
    numbers: NumberFormat = PLAIN
    is_true_false: bool = False  # boolean: yes and no, true and false; else the numbers 0 and 1
    dates: DateFormat = DateFormat()
    categories: CategoryFormat = CategoryFormat()
    missing: MissingMarks = MissingMarks()
    decimal: str | None = None  # the mark that goes with the file that was learned from
    details: dict[str, Json] = field(default_factory=dict)  # what was counted

    @property
    def described(self) -> str:
        """The kind for people: "numeric", "dropped: id-like"."""
        return f"dropped: {self.dropped}" if self.dropped else self.kind

    @property
    def outputs(self) -> tuple[str, ...]:
        """The typed columns that come of it."""
        if self.dropped:
            return ()
        if self.kind == "date":
            return tuple(f"{self.dates.label or self.name}: {part}" for part in self.dates.parts)
        return (self.name,)

    def other_dialect(self, decimal: str | None) -> str | None:
        """A file's decimal mark, where it is not that of the file that was learned from."""
        return None if decimal == self.decimal else decimal

    def to_dict(self) -> dict[str, Json]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ColumnPlan:
        """The inverse of `to_dict`."""
        dates, missing = values["dates"], values["missing"]
        return cls(
            **{
                **values,
                "numbers": NumberFormat(**values["numbers"]),
                "dates": DateFormat(**{**dates, "parts": tuple(dates["parts"])}),
                "categories": CategoryFormat(**values["categories"]),
                "missing": MissingMarks(**{name: tuple(of) for name, of in missing.items()}),
            }
        )


def column_name(name: object) -> str:
    """A column's name as everyone uses it: stripped text, whatever pandas has there."""
    if isinstance(name, tuple):  # of a MultiIndex
        return " ".join(str(part) for part in name).strip()
    return str(name).strip()
