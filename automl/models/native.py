"""The compiled kernels of a stack: built once per machine, used where they can be.

`kernels/kernels.cpp` is compiled with the machine's C++ compiler at the first use, in three to
four seconds, and kept in the user's cache folder under a name made of the source, the flags
and the processor. Without a compiler, on CUDA, or with AUTOML_NATIVE=0, stacks run the same
formulas as torch calls.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

SOURCES: Final = Path(__file__).with_name("kernels")

FLAGS: Final = (
    "-O3",
    "-march=native",
    "-std=c++17",
    "-shared",
    "-fPIC",
    "-fno-math-errno",  # errno is not read, and keeps roots from being vectorized
    "-fno-trapping-math",
)

VARIANTS: Final = (
    ("-fopenmp", "-DVECTOR_MATH", "-lmvec", "-lm"),  # glibc on x86-64
    ("-fopenmp-simd", "-lm"),
    ("-lm",),
)
"""Further flags, best first: the first variant that compiles and loads is taken."""

REALS: Final = {torch.float32: "float", torch.float64: "double"}
"""What the kernels are compiled for, each in a library of its own."""

DISABLED_BY: Final = "AUTOML_NATIVE"
"""Environment variable; 0 turns the kernels off."""


def is_usable(values: Tensor) -> bool:
    """Whether kernels exist for numbers like these, here."""
    known = values.dtype in REALS and values.device.type == "cpu"
    return known and library(values.dtype) is not None


@functools.lru_cache(maxsize=len(REALS))
def library(dtype: torch.dtype) -> ctypes.CDLL | None:
    """The compiled kernels for a kind of numbers; None where they cannot be compiled."""
    if os.environ.get(DISABLED_BY) == "0" or os.name != "posix":
        return None
    compiler = next(filter(None, map(shutil.which, _compilers())), None)
    if compiler is None:
        return None
    for variant in VARIANTS:
        try:
            return ctypes.CDLL(str(_built(compiler, (f"-DREAL={REALS[dtype]}", *variant))))
        except (OSError, subprocess.SubprocessError):
            continue  # no such header, flag or library: the next variant asks for less
    return None


def _compilers() -> tuple[str, ...]:
    return (*filter(None, [os.environ.get("CXX")]), "c++", "g++", "clang++")


def _built(compiler: str, variant: tuple[str, ...]) -> Path:
    """The compiled file, made if it is not there; several processes may do so at once."""
    sources = [path.read_text() for path in sorted(SOURCES.iterdir())]
    marks = [*sources, compiler, *FLAGS, *variant, _processor()]
    name = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:16]
    folder = _cache_folder()
    built = folder / f"kernels_{name}.so"
    if built.exists():
        return built
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        made = Path(temporary) / built.name
        main = SOURCES / "kernels.cpp"
        command = [compiler, *FLAGS, "-o", str(made), str(main), *variant]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        made.replace(built)
    return built


def _processor() -> str:
    """What -march=native depends on: a cache folder may be shared by unlike machines."""
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.platform() + platform.processor()
    lines = information.read_text().splitlines()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "automl-torch"


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
