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
class ColumnPlan:
    """How to read one column of a raw frame."""

    name: str
    kind: Kind
    dropped: str = ""  # why it is left out; empty where it is used
    number_format: NumberFormat = PLAIN  # numeric: how its texts are written
    date_format: str | None = None  # date: as in strptime, "ISO8601", or None for date dtypes
    date_parts: tuple[str, ...] = ()  # those that vary
    date_label: str = ""  # what its parts are named after; empty: the column's own name
    is_true_false: bool = False  # boolean: yes and no, true and false; else the numbers 0 and 1
    is_coded: bool = False  # categorical: numbers, so that 3 and 3.0 are one category
    has_points: bool = False  # categorical, not coded: the number 3 is written "3.0"
    code_width: int = 0  # categorical: digits of this width, some with zeros in front; else 0
    missing: tuple[str, ...] = ()  # marks of missing cells that a person has named
    strays: tuple[str, ...] = ()  # cells that were none of the kind in training: missing as there
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
            return tuple(f"{self.date_label or self.name}: {part}" for part in self.date_parts)
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
        return cls(
            **{
                **values,
                "number_format": NumberFormat(**values["number_format"]),
                "date_parts": tuple(values["date_parts"]),
                "missing": tuple(values["missing"]),
                "strays": tuple(values["strays"]),
            }
        )


def column_name(name: object) -> str:
    """A column's name as everyone uses it: stripped text, whatever pandas has there."""
    if isinstance(name, tuple):  # of a MultiIndex
        return " ".join(str(part) for part in name).strip()
    return str(name).strip()
