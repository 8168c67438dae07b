from __future__ import annotations

import subprocess
import sys

import pytest

from automl.data.encoders import encoder_class
from automl.errors import DataError


@pytest.mark.parametrize("kind", ["table", "array"])
def test_kinds_of_the_product_are_imported_when_they_are_used(kind: str) -> None:
    code = f"from automl.data.encoders import encoder_class; print(encoder_class({kind!r}).kind)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == kind


def test_a_kind_that_nobody_defines_is_told_and_not_imported() -> None:
    with pytest.raises(DataError, match="no imported module defines 'antigravity'"):
        encoder_class("antigravity")
    assert "antigravity" not in sys.modules
