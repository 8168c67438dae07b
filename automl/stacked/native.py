"""The compiled kernels of a stack: found once per process, used where they can be.

`kernels/kernels.cpp` is compiled at the first use, in three to four seconds, and kept
(`native_build.py`, `native_cache.py`). A worker process is given what its coordinator has
found. Without a compiler, on CUDA, or with AUTOML_NATIVE=0, stacks run the same formulas as
torch calls.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from automl.stacked.native_build import Kernels, load, obtain_kernels

REALS: Final = {torch.float32: "float", torch.float64: "double"}
"""What the kernels are compiled for, each in a library of its own."""

_found: dict[torch.dtype, Kernels] = {}
_given: dict[torch.dtype, bytes] | None = None  # None: this process looks for its own


def is_usable(values: Tensor) -> bool:
    """Whether kernels exist for numbers like these, here."""
    known = values.dtype in REALS and values.device.type == "cpu"
    return known and library(values.dtype) is not None


@functools.lru_cache(maxsize=len(REALS))
def library(dtype: torch.dtype) -> ctypes.CDLL | None:
    """The compiled kernels for a kind of numbers; None where there are none."""
    if _given is None:
        _found[dtype] = obtain_kernels(REALS[dtype])
    else:
        contents = _given.get(dtype)
        _found[dtype] = Kernels(contents, load(contents)) if contents else Kernels()
    return _found[dtype].library


def kernels(dtype: torch.dtype) -> Kernels:
    """The same with the file's bytes, and with what a person should know about it."""
    library(dtype)
    return _found[dtype]


def use_kernels(contents: Mapping[torch.dtype, bytes]) -> None:
    """Use these kernels in this process, and no others: it does not look for any itself."""
    global _given
    _given = dict(contents)
    library.cache_clear()
    kernel.cache_clear()


@functools.lru_cache(maxsize=16)
def kernel(name: str, dtype: torch.dtype) -> ctypes._NamedFuncPointer:
    """A function of the library that takes one structure."""
    loaded = library(dtype)
    assert loaded is not None, "ask is_usable first"
    function = loaded[name]
    function.argtypes, function.restype = [ctypes.c_void_p], None
    return function
