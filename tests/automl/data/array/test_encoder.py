from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from automl.data.array.encoder import ArrayEncoder
from automl.data.encoders import encoder_class
from automl.errors import DataError
from storage.artifact_formats import pack_tensors, unpack_tensors

X = np.arange(24, dtype=np.float32).reshape(4, 2, 3)


def test_saved_and_loaded_it_is_the_same() -> None:
    fitted = ArrayEncoder.fit(X)
    arrays, state = unpack_tensors(pack_tensors(*fitted.to_state()))
    assert encoder_class(fitted.kind).from_state(arrays, state) == fitted
    assert fitted.encoding.shape == (2, 3)
    assert fitted.encoding.standardized(torch.from_numpy(X)).std(correction=0) == pytest.approx(1)


def test_rows_to_predict_come_in_many_forms(tmp_path: Path) -> None:
    fitted = ArrayEncoder.fit(X)
    np.savez(tmp_path / "x.npz", x=X)
    tensor = torch.from_numpy(X)
    forms: list[Any] = [X, X.tolist(), X.astype(np.int64), tensor, (X, np.zeros(4)), {"X": X}]
    forms += [TensorDataset(tensor), TensorDataset(tensor, torch.zeros(4)), tmp_path / "x.npz"]
    for data in forms:
        read = fitted.read(data)
        assert read.n_rows == 4
        assert fitted.inputs(read.rows).values.equal(tensor)


def test_integers_stay_integers() -> None:
    fitted = ArrayEncoder.fit(X.astype(np.int64))
    assert fitted.encoding.is_whole
    assert fitted.inputs(fitted.read(X.astype(np.int8)).rows).values.dtype == torch.int64
    with pytest.raises(DataError, match="reads integers, as those of training, but x has type"):
        fitted.read(X)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            X[:, :1],
            r"the model was trained on, \(N, 2, 3\), but they have .* \(4, 1, 3",
        ),
        (X[0], r"but they have shape \(2, 3\)"),
        (X * np.nan, "x must hold finite numbers"),
        ({"z": X}, "must have the key x, but there are z"),
    ],
)
def test_other_rows_are_refused(data: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        ArrayEncoder.fit(X).read(data)
