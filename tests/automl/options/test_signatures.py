"""What notebooks and type checkers see of functions that take options."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import automl
from automl.options.option import options_of
from automl.options.search_options import FreeOptions, SearchOptions


def test_notebooks_show_every_option_with_its_type_and_default() -> None:
    shown = inspect.signature(automl.search).parameters
    assert list(shown) == ["data", *options_of(SearchOptions)]
    for each in fields(SearchOptions):
        assert shown[each.name].annotation == each.type
    given = {name: shown[name].default for name in options_of(SearchOptions)}
    assert SearchOptions(**given) == SearchOptions()


def test_help_of_a_function_says_what_each_option_can_be() -> None:
    told = inspect.getdoc(automl.search) or ""
    assert "    n_trials (a whole number from 1): Total, earlier calls included." in told
    assert (
        "    timeout (a number of seconds, or a time like '10m'): Time for the whole call" in told
    )
    assert "target (" not in (inspect.getdoc(automl.resume) or "")


def test_continuing_offers_what_is_free_in_each_call() -> None:
    shown = inspect.signature(automl.resume).parameters
    own = ["study", "storage", "model", "data", "valid", "test"]
    assert list(shown) == [*own, *options_of(FreeOptions)]


@pytest.mark.slow
def test_type_checkers_know_the_options_and_their_types(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import automl\n"
        "automl.search('a.csv', target='y', workers='auto', set={'n_layers': (1, 4)})\n"
        "automl.resume('a-y', storage='sqlite:///b.db', timeout='10m', memory_limit='2G')\n"
        "automl.search('a.csv', n_trials='3')\n"
        "automl.search('a.csv', n_trial=3)\n"
        "automl.resume('a-y', max_epochs=3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(script)],
        cwd=Path(automl.__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    wrong = [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line]
    assert wrong == ["4", "5", "6"], done.stdout
