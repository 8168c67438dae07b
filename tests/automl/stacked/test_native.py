"""Building the kernels, and doing without them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from automl.stacked import native
from tests.contracts.kernels import needs_kernels


def in_a_process(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={**environment},
    ).stdout.strip()  # fmt: skip


CODE = """
import torch
from automl.stacked import native
print(native.library(torch.float32) is None)
"""


def test_kernels_are_off_where_the_environment_says_so(tmp_path: Path) -> None:
    root = str(Path(native.__file__).parents[2])
    shared = {"PYTHONPATH": root, "XDG_CACHE_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    assert in_a_process(CODE, PATH="/usr/bin:/bin", AUTOML_NATIVE="0", **shared) == "True"
    assert in_a_process(CODE, PATH=str(tmp_path), **shared) == "True"  # no compiler there


@pytest.mark.parametrize("dtype", native.REALS, ids=str)
def test_kernels_compile_where_there_is_a_compiler(dtype: torch.dtype) -> None:
    if shutil.which("g++") is None:
        pytest.skip("no g++ here")
    assert native.library(dtype) is not None


@needs_kernels()
def test_kernels_are_built_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    native.library.cache_clear()
    assert native.library(torch.float32) is not None
    built = list((tmp_path / "automl-torch").glob("*.so"))
    assert len(built) == 1
    modified = built[0].stat().st_mtime_ns
    native.library.cache_clear()
    assert native.library(torch.float32) is not None
    assert built[0].stat().st_mtime_ns == modified


def test_a_process_that_is_given_kernels_looks_for_no_others() -> None:
    """A worker would compile what its coordinator has not found."""
    code = """
import torch
from automl.stacked import native
native.use_kernels({})
print([native.library(dtype) for dtype in native.REALS])
"""
    root = str(Path(native.__file__).parents[2])
    assert in_a_process(code, PYTHONPATH=root, PATH="/usr/bin:/bin") == "[None, None]"


def test_only_floats_on_the_cpu_are_usable() -> None:
    assert not native.is_usable(torch.zeros(1, dtype=torch.float16))
    assert not native.is_usable(torch.zeros(1, device="meta"))
