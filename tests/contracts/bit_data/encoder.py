"""Numbers to the inputs of a network, and back from what a study has kept of it: nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from automl.data.encoders import Encoder, NewRows
from automl.data.reading_notes import ReadingNotes
from storage.records import Json
from tests.contracts.bit_data.inputs import BitEncoding, BitInputs


class BitEncoder(Encoder):
    """Of numbers below 256."""

    kind = "bits"

    @property
    def encoding(self) -> BitEncoding:
        return BitEncoding()

    def inputs(self, rows: Iterable[int]) -> BitInputs:
        return BitInputs(torch.tensor(list(rows)))

    def read(self, data: Any, others: Sequence[BitEncoder] = ()) -> NewRows:
        return NewRows(data, ReadingNotes(len(data)))

    def to_state(self) -> tuple[Mapping[str, Any], dict[str, Json]]:
        return {}, {}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Any], state: Mapping[str, Any]) -> BitEncoder:
        return cls()
