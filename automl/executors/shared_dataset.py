"""The data set once in memory, for all processes: tensors in a file that has no name.

The file is mapped copy-on-write: reading copies nothing, and a stray write stays in its process.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.executors.unnamed_files import unnamed_file

ALIGNMENT = 64
"""Bytes: a cache line, and the widest vector load (AVX-512)."""


@dataclass(frozen=True, slots=True)
class SharedDataset:
    """A data set in an unnamed file: what a worker needs to map it."""

    descriptor: int
    n_bytes: int  # of all tensors
    n_outline_bytes: int  # behind them: the pickled data set, with places instead of tensors

    @classmethod
    def of(cls, dataset: Dataset) -> SharedDataset:
        """Copy a data set into a new file. Tensors that are the same are kept once."""
        outline = io.BytesIO()
        pickler = _OutlinePickler(outline)
        pickler.dump(dataset)
        shared = cls(0, pickler.n_bytes, len(outline.getvalue()))
        shared = replace(shared, descriptor=unnamed_file("automl-dataset", shared._size))
        memory = mmap.mmap(shared.descriptor, shared._size)
        memory[shared.n_bytes :] = outline.getvalue()
        _write_tensors(memory, pickler.placed)
        return shared

    def open(self) -> Dataset:
        """Map the file: a data set whose tensors are views of it."""
        memory = mmap.mmap(self.descriptor, self._size, flags=mmap.MAP_PRIVATE)
        outline = io.BytesIO(memory[self.n_bytes :])
        dataset: Dataset = _OutlineUnpickler(outline, memory).load()
        return dataset

    @property
    def _size(self) -> int:
        return self.n_bytes + self.n_outline_bytes

    def close(self) -> None:
        """Close this process's descriptor; mappings stay valid."""
        os.close(self.descriptor)


_Place = tuple[int, torch.dtype, tuple[int, ...]]  # offset, type, shape


class _OutlinePickler(pickle.Pickler):
    """Pickles a data set, but notes its tensors and where they will be."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=5)
        self.n_bytes = 0
        self.placed: list[tuple[Tensor, int]] = []
        self._places: dict[tuple[object, ...], _Place] = {}

    def persistent_id(self, value: object) -> _Place | None:
        if not isinstance(value, Tensor):
            return None
        identity = (value.data_ptr(), value.dtype, tuple(value.shape), value.stride())
        if identity not in self._places:
            self._places[identity] = (self.n_bytes, value.dtype, tuple(value.shape))
            self.placed.append((value, self.n_bytes))
            self.n_bytes += -(-value.numel() * value.element_size() // ALIGNMENT) * ALIGNMENT
        return self._places[identity]


class _OutlineUnpickler(pickle.Unpickler):
    """Rebuilds the data set on a mapped file."""

    def __init__(self, file: io.BytesIO, memory: mmap.mmap) -> None:
        super().__init__(file)
        self._memory = memory

    def persistent_load(self, place: Any) -> Tensor:
        offset, dtype, shape = place
        return _view(self._memory, offset, dtype, shape)


def _view(memory: mmap.mmap, offset: int, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    """A tensor on mapped memory."""
    n_elements = torch.Size(shape).numel()
    if n_elements == 0:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(memory, dtype=dtype, count=n_elements, offset=offset).view(shape)


def _write_tensors(memory: mmap.mmap, placed: list[tuple[Tensor, int]]) -> None:
    for tensor, offset in placed:
        if tensor.numel():
            _view(memory, offset, tensor.dtype, tuple(tensor.shape)).copy_(tensor)
