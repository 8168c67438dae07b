"""The references of a search: begun in time, taken in time, and what is missing is said."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from automl.data.dataset import Dataset
from automl.data.references import FittedReferences
from automl.data.tree_growth import FULL_EFFORT
from automl.executors.reference_process import ReferenceProcess
from automl.tuning import references
from automl.tuning.progress import SearchProgress
from automl.tuning.references import BEGIN_AFTER, References, effort_within
from automl.wording.references import REFERENCE_NAMES
from tests.automl.executors.test_reference_process import wait_until_it_fits
from tests.contracts.tiny_datasets import tiny_dataset

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="has no such signals")


def progress(seconds: float, n_epochs: int = 10) -> SearchProgress:
    return SearchProgress(
        study_name="a",
        n_trials=10,
        n_complete=0,
        n_pruned=0,
        n_failed=0,
        n_paused=0,
        n_tried=0,
        running=(),
        best_number=None,
        best_value=None,
        best_params={},
        n_epochs=n_epochs,
        seconds=seconds,
        time_left=None,
    )


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ReferenceProcess]]:
    """The processes that are begun; real ones, on a machine with cores for them."""
    processes: list[ReferenceProcess] = []

    def begin(dataset: Dataset, effort: int) -> ReferenceProcess:
        processes.append(ReferenceProcess(dataset, effort))
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
    assert begun[0].wait(300)  # it steps back for whoever else works
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
    fitted = one.take()
    assert fitted.keys() == one.names == REFERENCE_NAMES.keys()
    assert one.shortfall is None
    assert one.take() is fitted


def test_they_are_the_same_from_a_process_and_from_here(begun) -> None:
    """And so, however long the process takes: nothing but `--timeout` cuts it off."""
    dataset = tiny_dataset("cross_entropy", n_rows=6000, with_categories=True)
    beside = References(dataset)
    beside.begin_beside(progress(100.0))
    wait_until_it_fits(begun[0])
    there, here = beside.take(), References(dataset).take()
    assert there is begun[0].fitted
    assert there.keys() == here.keys() == REFERENCE_NAMES.keys()
    for name, by_fold in here.items():
        assert all(a.test.equal(b.test) for a, b in zip(by_fold, there[name], strict=True))
    assert beside.shortfall is None


def test_the_effort_follows_from_the_timeout_asked_for_and_is_bounded() -> None:
    assert effort_within(None) == effort_within(1e6) == FULL_EFFORT
    assert 0 < effort_within(20.0) == 2 * effort_within(10.0) < FULL_EFFORT


def test_a_process_that_cannot_be_started_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(references, "available_cores", lambda: 2)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    one = References(tiny_dataset())
    one.begin_beside(progress(100.0))
    assert one.take().keys() == REFERENCE_NAMES.keys()


def test_guessing_alone_if_nothing_else_is_wanted() -> None:
    one = References(tiny_dataset(), are_wanted=False)
    assert one.are_fitted
    assert list(one.take()) == list(one.names) == ["guessing"]
    assert one.shortfall is None


@pytest.mark.parametrize("is_hurried", [False, True])
def test_trees_that_would_take_too_long_are_left_out_and_that_is_said(
    is_hurried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "HURRIED_SECONDS", 0.01)
    one = References(tiny_dataset("mean_squared", n_rows=600))
    if is_hurried:
        one.hurry()
    fitted = one.take() if is_hurried else one.take(0.01)
    assert list(fitted) == ["guessing", "linear_model"]
    assert one.shortfall is not None
    assert "boosted trees: they would take longer than the 0.0 s that are left" in one.shortfall


def test_a_failure_is_said_and_costs_no_more_than_the_reference() -> None:
    dataset = tiny_dataset("mean_squared")
    dataset.folds[0].train.targets[3] = torch.nan
    one = References(dataset)
    assert list(one.take()) == ["guessing"]
    assert one.shortfall is not None
    assert "linear model and boosted trees: ValueError: Input y contains NaN" in one.shortfall


def test_one_that_still_loads_is_not_waited_for(begun) -> None:
    one = References(tiny_dataset())
    one.begin_beside(progress(100.0))
    assert one.take().keys() == REFERENCE_NAMES.keys()
    assert begun[0].wait(0)


@needs_signals
def test_ctrl_c_while_they_are_fitted_here_costs_no_more_than_the_rest() -> None:
    one = References(tiny_dataset("cross_entropy", n_rows=50_000, with_categories=True))
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    check_that_trees_are_missing(one, one.take(), "they were interrupted")


def begin_a_long_fit(begun: list[ReferenceProcess]) -> References:
    one = References(tiny_dataset("cross_entropy", n_rows=50_000, with_categories=True))
    one.begin_beside(progress(100.0))
    wait_until_it_fits(begun[0])
    return one


def check_that_trees_are_missing(one: References, fitted: FittedReferences, why: str) -> None:
    assert "guessing" in fitted
    assert "boosted_trees" not in fitted
    assert one.shortfall is not None
    assert why in one.shortfall


@needs_signals
def test_what_a_lost_process_had_is_taken(begun) -> None:
    one = begin_a_long_fit(begun)
    os.kill(begun[0].pid, signal.SIGKILL)
    check_that_trees_are_missing(one, one.take(), "ended with signal SIGKILL")


@needs_signals
@pytest.mark.parametrize("what", ["silence", "timeout", "hurry", "interrupt"])
def test_one_that_is_stopped_is_not_waited_for_for_ever(
    what: str, begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = begin_a_long_fit(begun)
    os.kill(begun[0].pid, signal.SIGSTOP)
    monkeypatch.setattr(references, "HURRIED_SECONDS", 0.3)
    if what == "silence":
        monkeypatch.setattr(references, "LOADING_SILENCE_LIMIT", 2.5)
    elif what == "hurry":
        one.hurry()
    elif what == "interrupt":  # by Ctrl-C while they are waited for
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    fitted = one.take(0.3 if what == "timeout" else math.inf)
    assert time.monotonic() - began < 20
    why = "gave no sign of life for 2 s" if what == "silence" else "time was up"
    check_that_trees_are_missing(one, fitted, why)
