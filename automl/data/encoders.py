"""What turns rows into the inputs of a network, learned from train rows, and kept with a study.

Each kind of data brings a subclass: the `Preprocessor` of tables, `ArrayEncoder`. Its state is
arrays and plain values, so that nothing runs when it is read. A study keeps the name
of the kind; the class is looked up among those that are imported, never imported by that name.
"""

from __future__ import annotations

import abc
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from automl.data.inputs import Encoding, InputColumns, Inputs
from automl.data.reading_notes import ReadingNotes
from automl.errors import DataError
from storage.records import Json

HOMES = {"table": "automl.data.table.preprocessing", "array": "automl.data.array.encoder"}
"""Where the kinds that come with the product are defined: a module is imported when it is used."""


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows to predict as an encoder has read them, and what a person should know of it."""

    rows: Any  # what the encoder's `inputs` takes
    notes: ReadingNotes
    table: Any = None  # where they stood, with further columns: a `Table` of data/sources.py
    first_row: int = 1  # the number of the first one among all rows, where these are a piece

    @property
    def n_rows(self) -> int:
        """How many there are."""
        return self.notes.n_rows

    @property
    def messages(self) -> tuple[str, ...]:
        """The notes, a line for each."""
        return self.notes.messages


class Encoder(abc.ABC):
    """A fitted encoding of rows. Subclasses of other kinds of data are known once imported."""

    kind: ClassVar[str]  # the name that a study keeps
    known: ClassVar[dict[str, type[Encoder]]] = {}

    def __init_subclass__(cls) -> None:
        """Make the kind known by its name."""
        Encoder.known[cls.kind] = cls

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns of rows to predict, in the order of those to train; () where there are none.

        Rows that bring no names, as an array's, have all of them.
        """
        return ()

    @property
    @abc.abstractmethod
    def encoding(self) -> Encoding:
        """What the inputs that it makes have in common."""

    @property
    def input_columns(self) -> Mapping[str, InputColumns]:
        """The columns of a person's table that are read, and where they lie among the inputs.

        None of data that have no columns, as images. An encoder that names some makes inputs
        that have `exchanged`.
        """
        return {}

    @abc.abstractmethod
    def inputs(self, rows: Any) -> Inputs:
        """Encode rows: those of the study as its kind of data reads them, or `NewRows.rows`."""

    @abc.abstractmethod
    def read(self, data: Any, others: Sequence[Self] = ()) -> NewRows:
        """Read rows to predict, in any form that a search takes data in.

        Args:
            others: the encoders of further folds, whose train rows count as seen as well.

        Raises:
            DataError: they are not rows like those of training.
        """

    def read_pieces(self, data: Any, others: Sequence[Self] = ()) -> Iterator[NewRows]:
        """Read rows to predict that may be more than the memory holds; by default all at once.

        That most cells of a column cannot be read is for the caller to refuse at the end, by the
        sum of all notes.

        Raises:
            DataError: as for `read`.
        """
        yield self.read(data, others)

    @abc.abstractmethod
    def to_state(self) -> tuple[Mapping[str, NDArray[Any]], dict[str, Json]]:
        """Arrays by name, and the rest as plain values."""

    @classmethod
    @abc.abstractmethod
    def from_state(cls, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> Self:
        """The inverse of `to_state`."""


def encoder_class(kind: str) -> type[Encoder]:
    """The class of a kind's encoders.

    Raises:
        DataError: no module that defines the kind is imported.
    """
    if kind in HOMES:
        importlib.import_module(HOMES[kind])
    if kind not in Encoder.known:
        raise DataError(
            f"a study's kind of data must be known, but no imported module defines {kind!r}; "
            "import the one that does, then try again"
        )
    return Encoder.known[kind]
