from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from automl.system import error_places
from automl.system.error_places import describe, is_own, own_place
from automl.training.trainer import Checkpoint


def test_an_error_is_described_by_its_first_line_and_its_place():
    with pytest.raises(RuntimeError) as caught:
        torch.ones(2) @ torch.ones(3)
    text = describe(caught.value)
    assert text.startswith("RuntimeError: inconsistent tensor size")
    assert "(test_error_places.py, line " in text
    assert text.endswith(", in test_an_error_is_described_by_its_first_line_and_its_place)")
    assert "\n" not in text


OWN = """
import json
from torch import nn


class Network(nn.Module):
    def forward(self, x):
        return nn.functional.linear(x, x[:, :1])


def parse(text):
    return json.loads(text)


checked = lambda text: parse(text)
"""


@pytest.fixture
def own(tmp_path: Path) -> ModuleType:
    """A module that a person has written, in a folder of theirs."""
    path = tmp_path / "my_model.py"
    path.write_text(OWN)
    spec = importlib.util.spec_from_file_location("my_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def raised(call: Callable[[], object]) -> Exception:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("it did not raise")


def test_the_place_is_the_innermost_line_of_a_persons_own_whoever_called_and_raised(own):
    in_torch = raised(lambda: own.Network()(torch.ones(2, 3)))
    assert describe(in_torch).endswith(" (my_model.py, line 8, in forward)")
    in_the_library = raised(lambda: own.checked("{"))
    assert isinstance(in_the_library, json.JSONDecodeError)
    assert describe(in_the_library).endswith(" (my_model.py, line 12, in parse)")


def test_an_error_without_a_line_of_a_persons_is_placed_where_it_was_raised():
    error = raised(lambda: Checkpoint.from_arrays(None, {"weights/a": 0}, {}))
    error.__traceback__ = error.__traceback__.tb_next.tb_next  # without this file
    text = "AttributeError: 'int' object has no attribute 'copy' (trainer.py, line "
    assert describe(error).startswith(text)
    assert ", in " not in describe(error)


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
        (error_places.__file__, False),
        ("<string>", False),
        ("<frozen importlib._bootstrap>", False),
    ],
)
def test_whose_a_file_is(filename, expected):
    assert is_own(filename) is expected


def test_a_cell_of_a_notebook_has_no_name():
    code = compile("def forward():\n    raise KeyError('x')", "/tmp/ipykernel_17/2541.py", "exec")
    names: dict[str, Callable[[], object]] = {}
    exec(code, names)
    text = describe(raised(names["forward"]))
    assert text == "KeyError: 'x' (a notebook's cell, line 2, in forward)"


def test_where_a_process_hangs_is_the_innermost_line_of_a_persons_own(own):
    dump = f"""Current thread 0x00007f (most recent call first):
  File "{torch.nn.__file__}", line 9 in linear
  File "{own.__file__}", line 8 in forward
  File "{own.__file__}", line 2 in outer
"""
    assert own_place(dump) == "my_model.py, line 8, in forward"
    assert own_place(dump.splitlines()[1]) == ""


def test_an_error_without_words_is_described_by_its_type():
    assert describe(MemoryError()) == "MemoryError"
