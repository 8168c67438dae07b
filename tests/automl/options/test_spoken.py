"""Stored advice in the words of whoever reads it: typed, or as arguments of Python."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

import automl
from automl.options.spoken import FUNCTIONS, spoken, spoken_diagnosis
from automl.result import SearchResult
from automl.wording.option_names import spoken_as_typed
from storage.records import Advice, Diagnosis
from tests.contracts.synthetic_study import synthetic_study

DIAGNOSTICS = Path(automl.__file__).parent / "diagnostics"


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("--folds 5", "folds=5"),
        ("--time COLUMN", "time='COLUMN'"),
        ("--class-weights", "class_weights=True"),
        ("--no-references", "references=False"),
        ("--set scaling=quantile", "set=['scaling=quantile']"),
        ("--drop 'a b' --drop c", "drop=['a b', 'c']"),
        ("--missing 'age=-999'", "missing=['age=-999']"),
        ("--memory-limit", "memory_limit="),
        ("--memory-limit 2G", "memory_limit=2147483648"),
        ("--drop", "drop="),
        ("--workers 1 --n-trials N", "workers=1, n_trials='N'"),
        ("automl diagnose STUDY --confirm", "automl.confirm('STUDY')"),
        ("automl diagnose STUDY --diagnose full", "automl.explain('STUDY')"),
        (
            "automl diagnose a --storage sqlite:///other.db --confirm",
            "automl.confirm('a', storage='sqlite:///other.db')",
        ),
        (
            "automl diagnose 'a b' --storage 'sqlite:///a b.db' --diagnose full",
            "automl.explain('a b', storage='sqlite:///a b.db')",
        ),
        ("automl diagnose a --storage", "automl diagnose a --storage"),
        ("learning_rate", "learning_rate"),
        ("--no-such-thing 3", "--no-such-thing 3"),
        ("automl frobnicate it", "automl frobnicate it"),
        ("it's", "it's"),
    ],
)
def test_what_is_typed_becomes_arguments_and_the_rest_stays(typed: str, written: str) -> None:
    assert spoken(f"Do `{typed}`, or not.") == f"Do `{written}`, or not."
    with spoken_as_typed():
        assert spoken(f"Do `{typed}`.") == f"Do `{typed}`."


def test_functions_exist() -> None:
    assert all(callable(getattr(automl, name)) for name in FUNCTIONS.values())


def test_all_that_verdicts_say_can_be_said_in_python() -> None:
    """Every option in backquotes in a text of the diagnostics, whichever verdict says it."""
    found = []
    for path in DIAGNOSTICS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found += (
                    []
                    if "\n" in node.value
                    else re.findall(r"`((?:--|automl )[^`]+)`", node.value)
                )
    assert len(found) > 12
    for typed in found:
        assert "--" not in spoken(f"`{typed}`"), typed


def test_a_result_speaks_python_and_the_study_keeps_its_text() -> None:
    stored = Diagnosis("no_signal", "info", "Use `--folds 5`.", {}, (Advice("Or `--new`."),))
    result = SearchResult(replace(synthetic_study(), diagnoses=(stored,)), "sqlite:///a.db")
    (shown,) = result.diagnoses
    assert (shown.message, shown.advice[0].text) == ("Use `folds=5`.", "Or `new=True`.")
    assert shown == spoken_diagnosis(stored)
    assert result.records.diagnoses == (stored,)
    assert "new=True" in shown._repr_html_()
    in_notebook = result._repr_html_()
    assert "folds=5" in in_notebook and "new=True" in in_notebook and "--" not in in_notebook
    with spoken_as_typed():
        assert result.diagnoses == (stored,)
