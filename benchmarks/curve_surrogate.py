"""Learning curves of any configuration, without training: a surrogate of LCBench, in NumPy.

The surrogate is a network that YAHPO Gym (Pfisterer et al. 2022) fitted to 2,000 recorded runs of
each of 35 tables (Zimmer et al. 2021), 20 of which have names here. ONNX files are Protocol
Buffers: the few fields that hold weights are read here, so that no ONNX library is needed. The
surrogate tells validation cross-entropy and seconds after each of 51 epochs; no run is as smooth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_spaces import FloatParameter, IntParameter, SearchSpace
from storage.records import ParameterValue

Floats = NDArray[np.floating]

N_EPOCHS = 51  # the file's first epoch is the untrained network

SPACE = SearchSpace.of(
    "lcbench",
    [
        IntParameter("batch_size", 16, 512, log=True),
        FloatParameter("learning_rate", 1e-4, 1e-1, log=True),
        FloatParameter("momentum", 0.1, 0.99),
        FloatParameter("weight_decay", 1e-5, 1e-1, log=True),
        IntParameter("n_layers", 1, 5),
        IntParameter("hidden_size", 64, 1024, log=True),
        FloatParameter("dropout", 0.0, 0.99),
    ],
)
"""In the order in which the network takes them, behind the epoch."""

SCALES = (  # of the network's inputs, as its graph has them: logarithm, what is 0, what is added
    (True, 0.0, 3.9512436),
    (False, 16.0, 495.0),
    (True, -9.2093115, 6.8969750),
    (False, 0.10000386, 0.88225144),
    (True, -9.9164562, 7.6138458),
    (False, 1.0, 3.0),
    (False, 64.0, 960.0),
    (False, 0.00053575326, 0.99941206),
)
SECONDS = (46790.668, 0.0001421)  # outputs from 0 to 1: times this, plus that
CROSS_ENTROPY = (34.480178, 0.018199017)


class LearningCurves:
    """What the surrogate says of one table."""

    def __init__(self, folder: Path, table: str) -> None:
        self._weights = _read_weights((folder / "lcbench_surrogate.onnx").read_bytes())
        code = json.loads((folder / "encoding.json").read_text(encoding="utf-8"))[table]
        self._table = self._weights["embds_fct.0.weight"][code]

    def __call__(self, params: Mapping[str, ParameterValue]) -> tuple[Floats, Floats]:
        """Validation cross-entropy and seconds so far, after each epoch: (E,) and (E,)."""
        columns = [np.arange(2, N_EPOCHS + 2), *(params[name] for name in SPACE.parameters)]
        inputs = np.zeros((N_EPOCHS, len(SCALES)), np.float32)
        for column, (values, (log, zero, unit)) in enumerate(zip(columns, SCALES, strict=True)):
            numbers = np.asarray(values, np.float64)
            inputs[:, column] = ((np.log(numbers) if log else numbers) - zero) / unit
        table = np.broadcast_to(self._table, (N_EPOCHS, len(self._table)))
        outputs = self._forward(np.concatenate([table, inputs], axis=1))
        seconds, losses = (
            outputs[:, column] * unit + zero
            for column, (unit, zero) in ((0, SECONDS), (2, CROSS_ENTROPY))
        )
        return np.maximum(losses, 1e-4), seconds

    def _forward(self, hidden: Floats) -> Floats:
        """A residual network with gated blocks and normalization in evaluation mode."""
        hidden = self._linear(hidden, "first_layer")
        for block in range(3):
            inside = self._linear(
                self._normalize(hidden, f"layers.{block}.norm"), f"layers.{block}.linear0"
            )
            half = inside.shape[1] // 2
            gated = inside[:, :half] * np.maximum(inside[:, half:], 0)
            hidden = hidden + self._linear(gated, f"layers.{block}.linear1")
        hidden = np.maximum(self._normalize(hidden, "last_normalization"), 0)
        result: Floats = 1 / (1 + np.exp(-self._linear(hidden, "head")))
        return result

    def _linear(self, inputs: Floats, name: str) -> Floats:
        result: Floats = inputs @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result

    def _normalize(self, inputs: Floats, name: str) -> Floats:
        mean, variance, scale, shift = (
            self._weights[f"{name}.{part}"]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        result: Floats = (inputs - mean) / np.sqrt(variance + 1e-5) * scale + shift
        return result


def _read_weights(model: bytes) -> dict[str, Floats]:
    """The tensors of an ONNX model by name. Source: onnx.proto, fields of GraphProto.

    A model's field 7 is its graph, a graph's field 5 a tensor; of a tensor, field 1 is a
    dimension, 8 the name, 9 the bytes.
    """
    (graph,) = (value for field, value in _fields(model) if field == 7)
    weights = {}
    for field, tensor in _fields(_bytes(graph)):
        if field == 5:
            parts = list(_fields(_bytes(tensor)))
            shape = [int(value) for field, value in parts if field == 1]
            (name,) = (_bytes(value).decode() for field, value in parts if field == 8)
            (raw,) = (_bytes(value) for field, value in parts if field == 9)
            weights[name] = np.frombuffer(raw, "<f4").reshape(shape)
    return weights


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of a message's fields, in order. Source: Protocol Buffers, encoding."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == 0:
            number, place = _varint(message, place)
            yield key >> 3, number
            continue
        length = {1: 8, 5: 4}.get(kind, 0)
        if kind == 2:
            length, place = _varint(message, place)
        yield key >> 3, message[place : place + length]
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first; and the place behind it."""
    number = shift = 0
    while True:
        byte = message[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place


def _bytes(value: int | bytes) -> bytes:
    assert isinstance(value, bytes)
    return value
