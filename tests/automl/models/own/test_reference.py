from __future__ import annotations

import functools
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from automl.errors import ConfigError
from automl.models.own.reference import reference_of

FILE = """
from neighbour import WIDTH

def build(params, dataset):
    return WIDTH
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "my_network.py").write_text(FILE)
    (tmp_path / "neighbour.py").write_text("WIDTH = 7")
    yield tmp_path
    for name in ("my_network", "neighbour"):
        sys.modules.pop(name, None)


def closure(width: int) -> Callable[..., Any]:
    return lambda params, dataset: width


def test_a_file_is_named_and_not_imported_before_it_is_needed(folder: Path) -> None:
    reference = reference_of("my_network.py:build")
    assert reference.words == "my_network.py:build"
    assert "my_network" not in sys.modules
    assert reference.load()({}, None) == 7  # with its neighbour
    assert pickle.loads(reference.packed()) == reference


def test_the_digest_is_of_the_code_and_not_of_its_layout(folder: Path) -> None:
    before = reference_of("my_network.py:build").digest
    path = folder / "my_network.py"
    path.write_text(FILE + "\n\n# a comment\n" + "if False:\n    print(build)\n")
    assert reference_of("my_network.py:build").digest == before
    path.write_text(FILE.replace("return WIDTH", "return WIDTH + 1"))
    assert reference_of("my_network.py:build").digest != before


def test_the_digest_is_of_the_values_that_the_code_looks_at(folder: Path) -> None:
    path, text = folder / "my_network.py", "SIZE = 3\nWIDTH = 2 * SIZE\nN_TRIALS = 9\n" + FILE
    path.write_text(text)
    before = reference_of("my_network.py:build").digest
    path.write_text(text.replace("N_TRIALS = 9", "N_TRIALS = 10"))  # a script's own affair
    assert reference_of("my_network.py:build").digest == before
    path.write_text(text.replace("SIZE = 3", "SIZE = 4"))
    assert reference_of("my_network.py:build").digest != before


def test_functions_are_named_after_their_place_and_travel_by_value() -> None:
    reference = reference_of(closure(5))
    assert reference.words == "test_reference.py:closure.<locals>.<lambda>"
    assert pickle.loads(reference.packed()).load()({}, None) == 5


def test_a_script_is_not_run_again_by_whoever_gets_its_function(folder: Path) -> None:
    """What a script's `__main__` defines travels by value, classes and neighbours included."""
    (folder / "script.py").write_text(
        """
import sys
from neighbour import WIDTH
from automl.models.own.reference import reference_of
print("runs")

class Network:
    width = WIDTH

def build(params, dataset):
    return Network.width + params["more"]

sys.stdout.flush()
open("packed", "wb").write(reference_of(build).packed())
"""
    )
    root = str(Path(__file__).parents[4])
    environment = {**os.environ, "PYTHONPATH": root}
    unpack = "import pickle; print(pickle.load(open('packed', 'rb')).load()({'more': 1}, None))"
    for command in (["script.py"], ["-c", unpack]):
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            env=environment,
            cwd=folder,
            check=True,
        )
    assert done.stdout == "8\n"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("no_such.py:build", "there is no file 'no_such.py'"),
        ("my_network.py:bild", "there is no 'bild'; did you mean 'build'"),
        ("my_network.py:something", "there is no 'something'; it has build"),
        ("broken.py:build", "of broken.py:build line 1 is not: "),
        (7, "must be a function or 'my_file.py:build', but got int"),
    ],
)
def test_what_is_no_model_is_told(folder: Path, model: object, words: str) -> None:
    (folder / "broken.py").write_text("def build(:")
    with pytest.raises(ConfigError, match=words):
        reference_of(model)


def test_what_cannot_be_sent_is_told() -> None:
    lock = threading.Lock()
    reference = reference_of(lambda params, dataset: lock)
    with pytest.raises(ConfigError, match=r"must be sendable to worker processes.*into a file"):
        reference.packed()


def test_no_search_begins_while_its_file_is_imported(folder: Path) -> None:
    """Its workers would import the file too, and so on."""
    (folder / "script.py").write_text(
        "import automl\nautoml.search('table.csv', target='y', model='script.py:build')\n"
        "def build(params, dataset):\n    pass\n"
    )
    with pytest.raises(ConfigError, match=r"while script\.py is imported.*__main__") as raised:
        reference_of("script.py:build").load()
    assert "\n" not in str(raised.value) and "script" not in sys.modules


def test_what_a_function_holds_makes_other_networks() -> None:
    def digest(model: object) -> str:
        return reference_of(model).digest

    assert digest(closure(5)) == digest(closure(5)) != digest(closure(6))
    partial = functools.partial(closure, width=5)
    assert digest(partial) == digest(functools.partial(closure, width=5)) != digest(closure)
    assert digest(partial) != digest(functools.partial(closure, width=6))
    assert reference_of(partial).words == "test_reference.py:closure"


def test_a_network_in_the_place_of_its_builder_is_told() -> None:
    with pytest.raises(ConfigError, match=r"builds a network for each.* a Linear;"):
        reference_of(torch.nn.Linear(2, 1))
