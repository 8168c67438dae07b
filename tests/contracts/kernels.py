"""Tests that need the compiled kernels: skipped where there is no compiler, and only there."""

from __future__ import annotations

import os
import shutil

import pytest
import torch

from automl.stacked import native, native_build

native_build.COMPILER_SECONDS = 600.0  # beside other tests it takes minutes; nobody waits here


def needs_kernels(dtype: torch.dtype = torch.float32) -> pytest.MarkDecorator:
    """A mark; where kernels could be compiled but were not, the tests cannot even be collected."""
    has_kernels = native.library(dtype) is not None
    is_possible = any(map(shutil.which, native_build._compilers())) and os.name == "posix"
    is_off = os.environ.get(native_build.DISABLED_BY) == "0"
    assert has_kernels or is_off or not is_possible, native.kernels(dtype).note
    return pytest.mark.skipif(not has_kernels, reason="no C++ compiler here, or kernels are off")
