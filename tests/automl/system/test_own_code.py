from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest
import torch

from automl.system.own_code import is_own, own_place, place_of_function, raising_line


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("/data/me/my_model.py", True),
        ("/data/me/automl/my_model.py", True),
        ("/tmp/ipykernel_17/2541.py", True),
        ("<ipython-input-3-ab12>", True),
        ("/data/me/.venv/lib/python3.12/site-packages/torch/nn/modules/module.py", False),
        ("/usr/lib/python3/dist-packages/numpy/core.py", False),
        (json.__file__, False),
        (is_own.__code__.co_filename, False),
        ("<string>", False),
        ("<frozen importlib._bootstrap>", False),
    ],
)
def test_whose_a_file_is(filename: str, expected: bool) -> None:
    assert is_own(filename) is expected


def test_where_a_process_hangs_is_the_innermost_line_of_a_persons_own(tmp_path: Path) -> None:
    own = tmp_path / "my_model.py"
    dump = f"""Current thread 0x00007f (most recent call first):
  File "{torch.nn.__file__}", line 9 in linear
  File "{own}", line 8 in forward
  File "{own}", line 2 in outer
"""
    assert own_place(dump) == "my_model.py, line 8, in forward"
    assert own_place(dump.splitlines()[1]) == ""


def test_where_a_function_of_a_persons_begins() -> None:
    names: dict[str, object] = {}
    exec(compile("\n\ndef forward(): ...", "/data/me/my_model.py", "exec"), names)
    assert place_of_function(names["forward"].__code__) == "my_model.py, line 3"  # type: ignore[attr-defined]
    assert place_of_function(torch.nn.Linear.forward.__code__) == ""


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("/me/.venv/lib/python3.12/site-packages/torch/nn/conv.py", "torch/nn/conv.py"),
        (is_own.__code__.co_filename, "own_code.py"),
    ],
)
def test_a_line_of_nobodys_own_is_told_by_its_package(filename: str, expected: str) -> None:
    frame = traceback.FrameSummary(filename, 560, "_conv_forward")
    assert raising_line(frame) == f"{expected}, line 560"
