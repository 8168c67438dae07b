from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from automl.executors.executor import RunFailure
from automl.executors.failures import failure_of, is_memory_error
from automl.system.own_code import describe
from automl.training.trainer import Checkpoint, RunError


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_errors_for_want_of_memory_are_known(error):
    assert is_memory_error(error)
    assert failure_of(3, error).cause == "out_of_memory"


def test_torch_itself_raises_what_is_known_as_want_of_memory():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_memory_error(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of memory")])
def test_other_errors_are_crashes(error):
    assert failure_of(3, error) == RunFailure(3, "crashed", f"{type(error).__name__}: {error}")


def test_an_error_is_described_by_its_first_line_and_its_place():
    with pytest.raises(RuntimeError) as caught:
        torch.ones(2) @ torch.ones(3)
    text = describe(caught.value)
    assert text.startswith("RuntimeError: inconsistent tensor size")
    assert "(test_failures.py, line " in text
    assert text.endswith(", in test_an_error_is_described_by_its_first_line_and_its_place)")
    assert "\n" not in text


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def test_an_error_that_cannot_be_written_is_described_all_the_same():
    failure = failure_of(3, Unspeakable())
    assert (failure.cause, failure.message) == ("crashed", "Unspeakable")


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


def test_a_cell_of_a_notebook_has_no_name():
    code = compile("def forward():\n    raise KeyError('x')", "/tmp/ipykernel_17/2541.py", "exec")
    names: dict[str, Callable[[], object]] = {}
    exec(code, names)
    text = describe(raised(names["forward"]))
    assert text == "KeyError: 'x' (a notebook's cell, line 2, in forward)"


def test_of_a_run_that_its_trainer_has_named_the_error_is_its_own(own):
    cause = raised(lambda: own.parse("{"))
    error = RunError(3)
    error.__cause__ = cause
    assert failure_of(3, error) == RunFailure(3, "crashed", describe(cause))
    error.__cause__ = MemoryError()
    assert failure_of(3, error).cause == "out_of_memory"


def test_an_error_without_words_is_described_by_its_type():
    assert describe(MemoryError()) == "MemoryError"


def test_an_error_of_a_library_that_no_line_of_a_persons_led_to_names_the_library():
    error = raised(lambda: torch.nn.Sequential(torch.nn.Linear(2, 3))(torch.ones(2, 4)))
    error.__traceback__ = error.__traceback__.tb_next.tb_next  # without this file
    error.add_note("it was called with float32 (2, 4)")
    text = (
        r"RuntimeError: mat1 .* \(torch/nn/modules/\w+\.py, line \d+\); it was called with .*4\)"
    )
    assert re.fullmatch(text, describe(error))


def test_the_attribute_that_was_meant_is_told():
    described = describe(raised(lambda: torch.nn.Linear(2, 3).in_feature))
    assert "no attribute 'in_feature'; did you mean 'in_features'? (" in described
