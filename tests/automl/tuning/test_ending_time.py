"""What the end of a search takes is known before: from the test rows, the runs, the machine."""

from __future__ import annotations

import time

import pytest

from automl.data import LoadedData, load_dataset
from automl.tuning.ending_time import MOST_BUSY, Moment, ending_seconds


@pytest.fixture(scope="module")
def digits() -> LoadedData:
    return load_dataset("sklearn:digits")


def test_the_end_takes_longer_with_more_rows_classes_runs_and_trials(digits: LoadedData) -> None:
    iris = load_dataset("sklearn:iris")
    assert ending_seconds(iris.dataset, 10, 100) < ending_seconds(digits.dataset, 10, 100)
    assert ending_seconds(digits.dataset, 10, 100) < ending_seconds(digits.dataset, 64, 100)
    assert ending_seconds(digits.dataset, 10, 100) < ending_seconds(digits.dataset, 10, 900)
    alone = ending_seconds(digits.dataset, 44, 750)
    assert 0.4 < ending_seconds(digits.dataset, 44, 750, n_candidates=32) - alone < 0.8
    assert 0.9 < ending_seconds(digits.dataset, 44, 750) < 1.5


def test_a_metric_takes_longer_to_choose_by_than_the_loss(digits: LoadedData) -> None:
    """By 360 rows of ten classes 32 networks took 0.4 s by F1, and by the loss 0.08 s."""
    loss, metric = (
        ending_seconds(digits.dataset, 44, 750, n_candidates=32, by_metric=by_metric)
        for by_metric in (False, True)
    )
    assert 0.3 < metric - loss < 0.7
    alone = (ending_seconds(digits.dataset, 44, 750, by_metric=one) for one in (False, True))
    assert len(set(alone)) == 1


def test_columns_are_shuffled_in_two_per_cent_of_the_time(digits: LoadedData) -> None:
    iris = load_dataset("sklearn:iris")
    for timeout, of_digits in ((20.0, 0.4), (60.0, 1.2)):
        seconds = [
            ending_seconds(data.dataset, 10, 100, timeout=timeout)
            - ending_seconds(data.dataset, 10, 100)
            for data in (digits, iris)
        ]
        assert seconds[0] == pytest.approx(of_digits) and 0 < seconds[1] < 0.2


def test_undisturbed_work_is_not_busy() -> None:
    moment = Moment()
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    assert 1.0 <= moment.busyness() <= MOST_BUSY
    assert Moment(wall=time.monotonic() - 1.0, work=time.process_time() - 2.0).busyness() == 1.0


def test_a_machine_is_as_busy_as_work_takes_longer_on_it() -> None:
    now = Moment(wall=time.monotonic() - 4.0, work=time.process_time() - 2.0)
    assert now.busyness() == pytest.approx(2.0, rel=0.2)
    stuck = Moment(wall=time.monotonic() - 100.0, work=time.process_time() - 1.0)
    assert stuck.busyness() == MOST_BUSY
