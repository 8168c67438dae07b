"""Two definitions of one structure, in two languages, are held against each other."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from automl.stacked import native, native_build
from automl.stacked.native_build import load
from automl.stacked.native_structures import STRUCTURES, address, check_layouts
from tests.contracts.kernels import needs_kernels


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernels' sources, to be changed."""
    if shutil.which("g++") is None:
        pytest.skip("no g++ here")
    folder = tmp_path_factory.mktemp("sources") / "kernels"
    shutil.copytree(native_build.SOURCES, folder)
    return folder


def compiled(sources: Path, replaced: str, by: str) -> bytes:
    """The bytes of kernels in one header of which something is different."""
    (header,) = [path for path in sources.glob("*.h") if replaced in path.read_text()]
    before = header.read_text()
    header.write_text(before.replace(replaced, by, 1))
    made = sources / "other.so"
    options = ["-shared", "-fPIC", "-std=c++17", "-fpermissive", "-w", "-DREAL=float"]
    command = ["g++", *options, "-o", str(made), str(sources / "kernels.cpp")]
    subprocess.run(command, check=True)
    header.write_text(before)
    return made.read_bytes()


@needs_kernels()
@pytest.mark.parametrize("dtype", native.REALS, ids=str)
def test_the_structures_of_the_kernels_are_those_here(dtype: torch.dtype) -> None:
    library = native.library(dtype)
    assert library is not None
    check_layouts(library)
    n_fields = sum(1 + len(structure._fields_) for structure in STRUCTURES)
    assert ctypes.c_int64.in_dll(library, "n_field_layouts").value == n_fields


@pytest.mark.parametrize(
    ("replaced", "by", "message"),
    [
        (
            "T *values, *gradients, *first, *second;\n    int64_t has_first",
            "T *gradients, *values, *first, *second;\n    int64_t has_first",
            "library's field values of Update has 8 bytes from byte 24 on, but here it has 8 "
            "bytes from byte 16 on: kernels/ and native_structures.py must agree",
        ),
        (
            "int64_t n_codes, size;",
            "int32_t n_codes, size;",
            "library's structure Embedding has 24 bytes from byte 0 on, but here it has 32 bytes",
        ),
        (
            "FIELD(Probe, numbers),",
            "",
            "library's field numbers of Probe does not exist, but here it has 8 bytes",
        ),
    ],
)
def test_a_library_of_other_structures_is_not_used(
    replaced: str, by: str, message: str, sources: Path
) -> None:
    contents = compiled(sources, replaced, by)
    with pytest.raises(OSError, match=message):
        load(contents)


def test_an_absent_tensor_is_nowhere() -> None:
    assert address(None) == 0
    values = torch.zeros(3)
    assert address(values) == values.data_ptr()
