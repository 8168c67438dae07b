"""The time of a call, from its beginning to its end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from automl.api import start_search
from automl.options.search_options import SearchOptions
from automl.tuning.clock import Clock
from automl.tuning.ending_time import (
    KEEPING_SECONDS,
    METRIC_SECONDS,
    MOST_BUSY,
    REFERENCE_SECONDS,
    SECONDS_PER_CANDIDATE,
    SECONDS_PER_RUN,
    SECONDS_PER_TRIAL,
    SHARE_OF_KEEPING,
    Moment,
)
from tests.automl.session.sessions import session


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """This machine is the one that the end was timed on, or so many times as slow."""

    def by(times: float) -> None:
        monkeypatch.setattr("automl.session.call.slowness", lambda: times)

    by(1.0)
    return by


def test_seconds_count_from_the_beginning_of_the_call(tmp_path: Path) -> None:
    """Also of a study that is finished, and without the pause since an earlier call."""
    with session(tmp_path) as first:
        list(first)
        assert first.result().seconds < 100
    options = SearchOptions(storage=f"sqlite:///{tmp_path}/automl.db", n_trials=3, max_epochs=3,
                            folds=1, workers=1)  # fmt: skip
    with start_search("sklearn:iris", options, Clock(None, time.monotonic() - 100)) as second:
        (progress,) = second
        assert progress.seconds >= 100
        assert second.result().seconds >= progress.seconds


def test_time_is_left_for_what_comes_after_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def timeout_of_training(busyness: float, afterwards: float = 0.0) -> float:
        monkeypatch.setattr(Moment, "busyness", lambda moment: busyness)
        options = SearchOptions(storage=f"sqlite:///{tmp_path}/automl.db", timeout=600.0)
        clock = Clock(600.0, afterwards=afterwards)
        with start_search("sklearn:iris", options, clock) as ready:
            return ready.clock_of_training.timeout or 0.0

    ending = 600.0 - timeout_of_training(1.0)
    assert 1.0 < ending < 3.0
    assert 600.0 - timeout_of_training(3.0) == pytest.approx(3.0 * ending)
    assert 600.0 - timeout_of_training(3.0, 2.0) == pytest.approx(3.0 * (ending + 2.0))
    with session(tmp_path) as endless:
        assert math.isinf(endless.clock_of_training.seconds_left)


def test_more_time_is_left_the_more_trials_there_are_and_less_once_references_are(
    tmp_path: Path,
) -> None:
    with session(tmp_path, timeout=600.0, answer="single") as ready:
        call, clock = ready.call, ready.call.clock_of_training
        ending = 600.0 - (clock.timeout or 0.0)
        call.keep_for_end(clock, 10_000, has_references=False)
        n_more = 32 + 16 - (10 + 5)  # in the slots and ready, which grow with the study
        work = 10_000 * SECONDS_PER_TRIAL + n_more * SECONDS_PER_RUN
        assert 600.0 - (clock.timeout or 0.0) == pytest.approx(ending + call.busyness * work)
        call.keep_for_end(clock, 0, has_references=True, busyness=None)
        spared = ending - (600.0 - (clock.timeout or 0.0))
        assert spared == pytest.approx(call.seconds_for_references())
        assert spared == pytest.approx(call.busyness * REFERENCE_SECONDS)


def test_no_time_is_kept_for_references_that_nobody_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.executors.pool.Pool.busyness", None)  # what it does beside counts
    plain = {"references": False, "answer": "single", "portfolio": False}
    with session(tmp_path, timeout=600.0, **plain) as running:
        before = running.clock_of_training.timeout
        list(running)
        after = running.clock_of_training.timeout
        assert before is not None and after is not None
        spared, busyness = after - before, running.call.busyness
        of_trials = 3 * SECONDS_PER_TRIAL  # by the last look none to all of them have ended
        expected = REFERENCE_SECONDS - of_trials / 2
        assert spared / busyness == pytest.approx(expected, abs=0.6 * of_trials)


def test_how_busy_the_workers_are_says_what_the_end_will_take(tmp_path: Path) -> None:
    with session(tmp_path, timeout=600.0) as ready:
        call, clock = ready.call, ready.call.clock_of_training
        endings = []
        for busyness in (0.5, 1.0, 3.0, 1000.0):
            call.keep_for_end(clock, 0, has_references=True, busyness=busyness)
            endings.append(600.0 - (clock.timeout or 0.0))
    assert endings == pytest.approx([endings[0] * times for times in (1.0, 1.0, 3.0, MOST_BUSY)])


def test_on_a_slow_machine_the_end_takes_longer(
    tmp_path: Path, slow: Callable[[float], None]
) -> None:
    with session(tmp_path, timeout=600.0) as ready:
        alone = ready.call.seconds_for_end(90, has_references=False, busyness=2.0)
        slow(2.5)
        same = ready.call.seconds_for_end(90, has_references=False, busyness=2.0)
    assert same == pytest.approx(2.5 * alone)


def test_time_is_left_for_training_the_answer_but_never_more_than_half(tmp_path: Path) -> None:
    with session(tmp_path, timeout=600.0) as ready:
        call, clock = ready.call, ready.call.clock_of_training
        call.keep_for_end(clock, 0, has_references=True)
        without = clock.timeout or 0.0
        assert without == pytest.approx(600.0 - call.seconds_for_end(0, has_references=True))
        call.keep_for_end(clock, 0, has_references=True, for_answer=50.0)
        assert clock.timeout == pytest.approx(without - 50.0)
        call.keep_for_end(clock, 0, has_references=True, for_answer=5000.0)
        assert clock.timeout == pytest.approx(300.0, abs=30.0)


def test_time_is_left_to_choose_by_a_metric_also_where_one_trial_is_wanted(
    tmp_path: Path,
) -> None:
    """By the loss the best trial is known; by a metric it is chosen among the best."""

    def seconds(**options: str) -> float:
        folder = tmp_path / "-".join(options.values())
        folder.mkdir()
        with session(folder, timeout=600.0, **options) as ready:
            return ready.call.seconds_for_end(90, has_references=True, busyness=1.0)

    by_loss = seconds(answer="single")
    assert seconds(answer="single", metric="log_loss") == by_loss
    by_metric = seconds(answer="single", metric="f1")
    assert by_metric > by_loss + 32 * SECONDS_PER_CANDIDATE + METRIC_SECONDS
    assert by_metric == seconds(answer="auto", metric="f1") > seconds(answer="auto")


def test_once_all_is_trained_the_end_takes_less(tmp_path: Path) -> None:
    with session(tmp_path, timeout=600.0) as ready:
        whole, rest = (
            ready.call.seconds_for_end(90, has_references=True, is_trained=is_trained)
            for is_trained in (False, True)
        )
    n_runs = 10 + 5  # in the slots and ready
    spared = KEEPING_SECONDS + n_runs * SECONDS_PER_RUN
    spared += SHARE_OF_KEEPING * 32 * SECONDS_PER_CANDIDATE
    assert whole - rest == pytest.approx(ready.call.busyness * spared)
