"""What is in an artifact's file: nothing that runs code when it is read.

Weights, checkpoints and preprocessing are safetensors, with JSON in the header; predictions are
NumPy archives read without pickle.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from storage.errors import StorageError

Arrays = Mapping[str, NDArray[Any]]

_JSON = "automl"  # key of the JSON text in a safetensors header


def pack_tensors(tensors: Mapping[str, Any], details: Mapping[str, Any]) -> bytes:
    """Named tensors (torch or NumPy) and JSON as safetensors."""
    arrays = {name: as_array(tensor) for name, tensor in tensors.items()}
    content: bytes = safetensors.numpy.save(arrays, {_JSON: json.dumps(details)})
    return content


def unpack_tensors(content: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Named arrays and JSON from safetensors.

    Raises:
        StorageError: it is no safetensors file.
    """
    try:
        arrays: dict[str, NDArray[Any]] = safetensors.numpy.load(content)
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        return arrays, json.loads(header.get("__metadata__", {}).get(_JSON, "{}"))
    except (SafetensorError, ValueError, KeyError) as error:
        raise StorageError(
            f"Weights and preprocessing must be a safetensors file, but: {error}."
        ) from error


def as_array(tensor: Any) -> NDArray[Any]:
    """A NumPy array of a tensor, wherever it lies; torch itself is not needed for it."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().numpy()
    return np.asarray(tensor, order="C")


def pack_arrays(arrays: Mapping[str, Any]) -> bytes:
    """Named arrays as a compressed NumPy archive."""
    file = io.BytesIO()
    named: dict[str, Any] = {name: as_array(array) for name, array in arrays.items()}
    np.savez_compressed(file, **named)
    return file.getvalue()


def unpack_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Named arrays from a NumPy archive; objects are refused.

    Raises:
        StorageError: it is no such archive.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise StorageError(f"Predictions must be a NumPy archive, but: {error}.") from error
