from __future__ import annotations

import io

import numpy as np
import pytest
import torch

from storage import artifact_formats as formats
from storage.errors import StorageError


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6, dtype=torch.float64).reshape(2, 3).T,  # not contiguous
        torch.nn.Parameter(torch.ones(3)),
        torch.tensor(2.5),
        torch.zeros(0, 4),
        np.arange(4, dtype=np.int64),
        np.array([True, False]),
    ],
)
def test_tensors_of_any_kind_come_back(tensor: torch.Tensor | np.ndarray) -> None:
    expected = formats.as_array(tensor)
    arrays, details = formats.unpack_tensors(formats.pack_tensors({"a": tensor}, {"epoch": 3}))
    assert arrays["a"].dtype == expected.dtype
    np.testing.assert_array_equal(arrays["a"], expected)
    assert arrays["a"].shape == tuple(tensor.shape)
    assert details == {"epoch": 3}


def test_no_tensors_are_fine() -> None:
    assert formats.unpack_tensors(formats.pack_tensors({}, {})) == ({}, {})


def test_arrays_come_back() -> None:
    arrays = {"probabilities": np.eye(3), "targets": np.arange(3), "names": np.array(["a", "b"])}
    back = formats.unpack_arrays(formats.pack_arrays(arrays))
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


def test_objects_in_an_archive_are_refused() -> None:
    file = io.BytesIO()
    np.savez(file, a=np.array([{"a": 1}], dtype=object))
    with pytest.raises(StorageError, match="NumPy archive"):
        formats.unpack_arrays(file.getvalue())


def test_other_files_are_refused() -> None:
    for unpack in (formats.unpack_tensors, formats.unpack_arrays):
        with pytest.raises(StorageError, match="must be a"):
            unpack(b"a,b\n1,2\n")
