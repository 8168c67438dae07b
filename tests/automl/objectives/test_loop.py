from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from automl.errors import TrainingError
from automl.objectives.loop import Finished, begin


class Counting:
    """Counts, in a state of the shape that it is told."""

    def __init__(self, params: Any) -> None:
        self.how, self.count = params["how"], 0

    def train_epoch(self) -> int:
        self.count += 1
        return self.count

    def save(self) -> Any:
        state = {"count": self.count, "more": [torch.ones(2), None, "text"]}
        return {"bytes": pickle.dumps(state), "array": np.ones(2)}.get(self.how, state)

    def load(self, state: Any) -> None:
        self.count = (pickle.loads(state) if self.how == "bytes" else state)["count"]


@pytest.mark.parametrize("how", ["bytes", "values"])
def test_a_saved_state_goes_on(how: str) -> None:
    first, second = (begin(Counting, "a:b", {"how": how}, 0) for _ in range(2))
    assert [first.train_epoch(), first.train_epoch()] == [1, 2]
    second.load(first.save())
    assert second.train_epoch() == first.train_epoch() == 3


def test_a_state_that_would_have_to_be_unpickled_is_refused() -> None:
    loop = begin(Counting, "a:b", {"how": "array"}, 0)
    with pytest.raises(
        TrainingError, match=r"save\(\) returns must be bytes.*ndarray in it; pickle.dumps"
    ):
        loop.save()


def test_a_generator_is_asked_on_and_closed() -> None:
    ended = []

    def objective(params: Any, seed: int) -> Iterator[float]:
        try:
            yield from (seed, params["x"])
        finally:
            ended.append(True)

    loop = begin(objective, "a:b", {"x": 7}, 3)
    assert [loop.train_epoch(), loop.train_epoch()] == [3, 7]
    with pytest.raises(Finished):
        loop.train_epoch()
    other = begin(objective, "a:b", {"x": 7}, 3)
    other.train_epoch()
    other.close()
    assert len(ended) == 2
    with pytest.raises(TrainingError, match="no save"):
        other.save()


def test_a_search_in_it_that_finds_nothing_is_said_with_its_line() -> None:
    def objective(params: Any) -> Iterator[float]:
        yield 1.0
        next(iter([]))

    loop = begin(objective, "a:b", {}, 0)
    loop.train_epoch()
    with pytest.raises(TrainingError, match=r"a next\(\) .* StopIteration \(test_loop.py, line"):
        loop.train_epoch()


def test_a_plain_function_is_called_once() -> None:
    loop = begin(lambda params: params["x"], "a:b", {"x": 7}, 0)
    assert loop.train_epoch() == 7
    with pytest.raises(Finished):
        loop.train_epoch()
    other = begin(lambda params: iter([1.0]), "a:b", {}, 0)
    with pytest.raises(TrainingError, match="must return a loss, but returned a list_iterator"):
        other.train_epoch()


def test_what_cannot_be_called_is_told_by_its_name() -> None:
    with pytest.raises(TrainingError, match=r"my.py:f must be called with \(params\)"):
        begin(lambda: 1.0, "my.py:f", {}, 0)
    loop = begin(lambda params: params["y"], "a:b", {"x": 1}, 0)
    with pytest.raises(KeyError, match="there is no parameter 'y' among x"):
        loop.train_epoch()
