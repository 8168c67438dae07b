"""The compiled kernels of a stack: found once per process, used where they can be.

`kernels/kernels.cpp` is compiled at the first use, in three to four seconds, and kept
(`native_build.py`, `native_cache.py`). A worker process is given what its coordinator has
found. Without a compiler, on CUDA, or with AUTOML_NATIVE=0, stacks run the same formulas as
torch calls.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Final

import torch
from torch import Tensor

from automl.stacked.native_build import Kernels, load, obtain_kernels

REALS: Final = {torch.float32: "float", torch.float64: "double"}
"""What the kernels are compiled for, each in a library of its own."""

_found: dict[torch.dtype, Kernels] = {}
_given: dict[torch.dtype, bytes | None] = {}


def is_usable(values: Tensor) -> bool:
    """Whether kernels exist for numbers like these, here."""
    known = values.dtype in REALS and values.device.type == "cpu"
    return known and library(values.dtype) is not None


@functools.lru_cache(maxsize=len(REALS))
def library(dtype: torch.dtype) -> ctypes.CDLL | None:
    """The compiled kernels for a kind of numbers; None where there are none."""
    _found[dtype] = _given_kernels(dtype) if dtype in _given else obtain_kernels(REALS[dtype])
    return _found[dtype].library


def kernels(dtype: torch.dtype) -> Kernels:
    """The same with the file's bytes, and with what a person should know about it."""
    library(dtype)
    return _found[dtype]


def use_kernels(dtype: torch.dtype, contents: bytes | None) -> None:
    """Use these kernels, or none, in this process instead of looking for some."""
    _given[dtype] = contents
    library.cache_clear()


def _given_kernels(dtype: torch.dtype) -> Kernels:
    contents = _given[dtype]
    return Kernels() if contents is None else Kernels(contents, load(contents))


def kernel(name: str, dtype: torch.dtype) -> ctypes._NamedFuncPointer:
    """A function of the library that takes one structure."""
    loaded = library(dtype)
    assert loaded is not None, "ask is_usable first"
    function = loaded[name]
    function.argtypes, function.restype = [ctypes.c_void_p], None
    return function


def structure(name: str, *fields: str) -> type[ctypes.Structure]:
    """A structure whose fields are all 64 bits wide: counts, and addresses of numbers."""
    return type(
        name, (ctypes.Structure,), {"_fields_": [(field, ctypes.c_int64) for field in fields]}
    )


def address(values: Tensor | None) -> int:
    """Where a tensor's numbers begin; 0 for None."""
    return 0 if values is None else values.data_ptr()
