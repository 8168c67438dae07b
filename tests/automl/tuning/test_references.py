"""The references of a search: begun in time, taken in time, and what is missing is said."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from automl.data.dataset import Dataset
from automl.executors.reference_process import ReferenceProcess
from automl.tuning import clock, references
from automl.tuning.progress import SearchProgress
from automl.tuning.references import BEGIN_AFTER, References
from automl.wording.references import REFERENCE_NAMES
from tests.contracts.tiny_datasets import tiny_dataset

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="has no such signals")


def progress(seconds: float, n_epochs: int = 10) -> SearchProgress:
    return SearchProgress(
        study_name="a",
        n_trials=10,
        n_complete=0,
        n_pruned=0,
        n_failed=0,
        running=(),
        best_number=None,
        best_value=None,
        best_params={},
        n_epochs=n_epochs,
        seconds=seconds,
        seconds_left=None,
    )


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ReferenceProcess]]:
    """The processes that are begun; real ones, on a machine with cores for them."""
    processes: list[ReferenceProcess] = []

    def begin(dataset: Dataset) -> ReferenceProcess:
        processes.append(ReferenceProcess(dataset))
        return processes[-1]

    monkeypatch.setattr(references, "ReferenceProcess", begin)
    monkeypatch.setattr(references, "available_cores", lambda: 2)
    yield processes
    for process in processes:
        process.end()


def test_a_process_is_begun_once_the_search_has_lasted_for_a_moment(begun) -> None:
    one = References(tiny_dataset())
    one.begin_beside(progress(BEGIN_AFTER - 0.1))
    one.begin_beside(progress(BEGIN_AFTER, n_epochs=0))  # the workers still load
    assert not begun
    one.begin_beside(progress(BEGIN_AFTER))
    one.begin_beside(progress(BEGIN_AFTER + 1))
    assert len(begun) == 1
    one.end()
    assert begun[0].wait(0)


def test_they_are_fitted_once_their_process_has_told_all(begun) -> None:
    one = References(tiny_dataset())
    assert not one.are_fitted  # where there is no process, they are fitted later
    one.begin_beside(progress(BEGIN_AFTER))
    assert begun[0].wait(60)
    assert one.are_fitted
    begun[0].fitted = {}  # as where it has died
    assert not one.are_fitted
    one.end()


@pytest.mark.parametrize(("n_cores", "are_wanted"), [(1, True), (2, False)])
def test_none_is_begun_where_it_would_be_in_the_way_or_in_vain(
    n_cores: int, are_wanted: bool, begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "available_cores", lambda: n_cores)
    References(tiny_dataset(), are_wanted=are_wanted).begin_beside(progress(100.0))
    assert not begun


def test_without_a_process_they_are_fitted_here_once() -> None:
    one = References(tiny_dataset())
    fitted = one.take(100.0)
    assert fitted.keys() == one.names == REFERENCE_NAMES.keys()
    assert one.shortfall is None
    assert one.take(200.0) is fitted


def test_a_process_that_cannot_be_started_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(references, "available_cores", lambda: 2)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    one = References(tiny_dataset())
    one.begin_beside(progress(100.0))
    assert one.take(100.0).keys() == REFERENCE_NAMES.keys()


def test_guessing_alone_if_nothing_else_is_wanted() -> None:
    one = References(tiny_dataset(), are_wanted=False)
    assert one.are_fitted
    assert list(one.take(100.0)) == list(one.names) == ["guessing"]
    assert one.shortfall is None


@pytest.mark.parametrize(("n_steps", "there"), [(1, 1), (2, 2), (7, 3)])
def test_what_is_not_there_when_time_is_up_is_left_out_and_said(
    n_steps: int, there: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step seems to take half a second, of a tenth of the search's time."""
    now = [0.0]

    def tick() -> float:
        now[0] += 0.5
        return now[0]

    dataset = tiny_dataset("mean_squared", n_rows=600)
    expected = list(REFERENCE_NAMES)[:there]
    monkeypatch.setattr(references, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=tick))
    one = References(dataset)
    fitted = one.take(search_seconds=10 * 0.5 * n_steps)
    monkeypatch.undo()
    assert list(fitted) == expected
    assert one.shortfall is not None
    assert "time was up" in one.shortfall
    assert ("had not grown" in one.shortfall) == (there == 3)
    assert ("linear model" in one.shortfall) == (there == 1)


def test_a_failure_is_said_and_costs_no_more_than_the_reference() -> None:
    dataset = tiny_dataset("mean_squared")
    dataset.folds[0].train.targets[3] = torch.nan
    one = References(dataset)
    assert list(one.take(100.0)) == ["guessing"]
    assert one.shortfall is not None
    assert "linear model and boosted trees: ValueError: Input y contains NaN" in one.shortfall


def test_one_that_still_loads_is_not_waited_for(begun) -> None:
    one = References(tiny_dataset())
    one.begin_beside(progress(100.0))
    assert one.take(100.0).keys() == REFERENCE_NAMES.keys()
    assert begun[0].wait(0)


@needs_signals
@pytest.mark.parametrize(
    ("number", "why"),
    [
        (signal.SIGKILL, "ended with signal SIGKILL"),
        pytest.param(signal.SIGSTOP, "time was up 1 s after", marks=pytest.mark.slow),
    ],
)
def test_what_a_lost_process_had_is_taken(
    number: signal.Signals, why: str, begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "LEAST_SECONDS", 1.0)
    one = References(tiny_dataset("cross_entropy", n_rows=50_000, with_categories=True))
    one.begin_beside(progress(100.0))
    while not begun[0].fitted:
        time.sleep(0.01)
    os.kill(begun[0].pid, number)
    began = time.monotonic()
    fitted = one.take(0.0)
    assert time.monotonic() - began < 5
    assert "guessing" in fitted
    assert "boosted_trees" not in fitted
    assert one.shortfall is not None
    assert why in one.shortfall
