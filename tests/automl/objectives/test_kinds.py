from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automl.errors import ConfigError
from automl.models.own.reference import reference_of
from automl.objectives.kinds import kind_of, kind_of_definition, kind_of_reference, takes_seed


def generator(params: Any) -> Iterator[float]:
    yield 1.0


def function(params: Any, seed: int) -> float:
    return 1.0


class Training:
    def __init__(self, params: Any) -> None: ...

    def train_epoch(self) -> float:
        return 1.0


class Called:
    def __call__(self, params: Any) -> Iterator[float]:
        yield 1.0


def test_a_kind_is_told_by_the_object() -> None:
    assert kind_of(generator) == kind_of(functools.partial(generator)) == "generator"
    assert kind_of(Called()) == "generator"
    assert kind_of(function) == kind_of(functools.partial(function, seed=1)) == "function"
    assert kind_of(Training) == kind_of(functools.partial(Training)) == "class"
    with pytest.raises(ConfigError, match="must have train_epoch"):
        kind_of(dict)
    with pytest.raises(ConfigError, match="hand over the class"):
        kind_of(Training({}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("def f(p):\n    yield 1", "generator"),
        ("def f(p):\n    for _ in p:\n        x = yield from p", "generator"),
        ("def f(p):\n    def g():\n        yield 1\n    return sum(g())", "function"),
        ("def f(p):\n    return 1", "function"),
        ("class f:\n    pass", "class"),
    ],
)
def test_a_kind_is_told_by_what_a_file_defines(code: str, kind: str) -> None:
    assert kind_of_definition(ast.parse(code).body[0], "a.py:f") == kind


async def waits(params: Any) -> float:
    return 1.0


async def waits_and_yields(params: Any) -> Any:
    yield 1.0


def test_what_must_be_awaited_is_refused() -> None:
    for objective in (waits, waits_and_yields, functools.partial(waits)):
        with pytest.raises(ConfigError, match=r"is async; call asyncio\.run of it"):
            kind_of(objective)
    with pytest.raises(ConfigError, match=r"a\.py:f is async"):
        kind_of_definition(ast.parse("async def f(p):\n    return 1").body[0], "a.py:f")


def test_a_file_is_not_run_for_it(tmp_path: Path) -> None:
    file = tmp_path / "loops.py"
    file.write_text("raise SystemExit\ndef f(p):\n    yield 1\nfrom math import sin\n")
    assert kind_of_reference(reference_of(f"{file}:f", "objective")) == "generator"
    with pytest.raises(ConfigError, match="must be defined there"):
        kind_of_reference(reference_of(f"{file}:sin", "objective"))


def test_who_asks_for_a_seed_gets_one() -> None:
    assert takes_seed(function)
    assert not takes_seed(generator)
    assert not takes_seed(Training)
