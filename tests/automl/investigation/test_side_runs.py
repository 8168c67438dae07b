"""Runs beside a search are stored with how they ended; real workers, killed by real signals."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from automl.errors import TrainingError
from automl.executors.choosing import make_executor
from automl.executors.executor import RoundResult
from automl.executors.pool import Pool
from automl.executors.workers.in_process import InProcessEngine
from automl.executors.workers.worker import TrainingSetup
from automl.investigation.side_runs import train_beside
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.planned_runs import PlannedRun
from storage import Store, open_store
from storage.records import RunRecord
from tests.contracts.linear_trainer import (
    CANNOT_BEGIN,
    CRASHES,
    DIES,
    DIVERGES,
    HANGS,
    tiny_dataset,
    tiny_run,
)

STUDY = "iris-species"
LINEAR = "tests.contracts.linear_trainer:LinearTrainer"
SLOW = "tests.contracts.linear_trainer:SlowTrainer"
BROKEN = "tests.contracts.linear_trainer:BrokenTrainer"


@pytest.fixture
def store(finished_copy: str) -> Iterator[Store]:
    with closing(open_store(finished_copy)) as store:
        yield store


def problem(store: Store) -> NetworkProblem:
    return NetworkProblem(store.read_study(STUDY).settings, tiny_dataset())


def planned(*trial_numbers: int) -> list[PlannedRun]:
    return [
        PlannedRun("confirm", str(place), tiny_run(-1 - place, number))
        for place, number in enumerate(trial_numbers)
    ]


def stored(store: Store) -> list[tuple[str, int, str, str | None]]:
    """Label, attempt, state and cause of each run that was stored beside the search."""
    runs: list[RunRecord] = [
        run for run in store.read_study(STUDY).runs if run.purpose == "confirm"
    ]
    return [(run.label, run.attempt, run.state, run.cause) for run in runs]


def test_each_run_is_stored_with_its_own_end(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "automl")
    with make_executor(tiny_dataset(), trainer=LINEAR, workers=1) as executor:
        runs = planned(0, CRASHES, DIVERGES, CANNOT_BEGIN)
        ended = train_beside(store, problem(store), executor, runs)

    assert caplog.messages == ["training 4 runs"]
    assert stored(store) == [
        ("0", 1, "complete", None),
        ("1", 1, "failed", "crashed"),
        ("2", 1, "failed", "diverged"),
        ("3", 1, "failed", "crashed"),
    ]
    epochs = store.read_study(STUDY).epochs
    for run in ended:
        assert len(epochs.get(run.planned.config.run_id, ())) == len(run.curve)
    assert [len(run.curve) for run in ended] == [20, 1, 2, 0]


def test_runs_that_would_not_fit_together_train_in_turns(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.investigation.side_runs.available_memory", lambda: 1)
    with make_executor(tiny_dataset(), trainer=LINEAR, workers=1) as executor:
        ended = train_beside(store, problem(store), executor, planned(0, CRASHES, 0))

    assert [run.planned.label for run in ended] == ["0", "1", "2"]
    assert [state for _, _, state, _ in stored(store)] == ["complete", "failed", "complete"]


def test_a_run_whose_worker_dies_twice_is_lost_and_takes_no_other_with_it(store: Store) -> None:
    """Both are lost with the first worker; each is tried again alone."""
    with make_executor(tiny_dataset(), workers=1, engine="processes", trainer=LINEAR) as executor:
        ended = train_beside(store, problem(store), executor, planned(DIES, 0))

    assert stored(store) == [
        ("0", 1, "failed", "lost"),
        ("1", 1, "failed", "lost"),
        ("0", 2, "failed", "lost"),
        ("1", 2, "complete", None),
    ]
    assert [run.cause for run in ended] == ["lost", None]
    assert "SIGKILL" in ended[0].message
    assert [len(run.curve) for run in ended] == [1, 20]


def test_a_run_whose_worker_was_killed_once_counts_after_all(store: Store) -> None:
    with make_executor(tiny_dataset(), workers=1, engine="processes", trainer=SLOW) as executor:
        worker = executor._members[0]

        def kill() -> None:
            while worker.room._n_rounds < 3:
                time.sleep(0.01)
            os.kill(worker.worker.pid, signal.SIGTERM)

        killer = threading.Thread(target=kill)
        killer.start()
        (ended,) = train_beside(store, problem(store), executor, planned(0))
        killer.join()

    assert stored(store) == [("0", 1, "failed", "lost"), ("0", 2, "complete", None)]
    assert ended.is_evidence
    assert [record.epoch for record in ended.curve] == list(range(1, 21))


def test_what_still_trains_when_it_is_over_ends_as_interrupted(store: Store) -> None:
    rounds = iter([False, True])
    with make_executor(tiny_dataset(), trainer=LINEAR, workers=1) as executor:
        runs = planned(0, 0)
        ended = train_beside(
            store, problem(store), executor, runs, keep="best", is_over=lambda: next(rounds, True)
        )
        assert not executor.active
    assert stored(store) == [(one, 1, "failed", "interrupted") for one in ("0", "1")]
    assert [(run.is_evidence, run.weights) for run in ended] == [(False, None)] * 2
    epochs = store.read_study(STUDY).epochs
    assert all(0 < len(epochs[run.planned.config.run_id]) < 20 for run in ended)


def test_a_round_that_does_not_end_ends_with_the_deadline(store: Store) -> None:
    with make_executor(tiny_dataset(), workers=1, engine="processes", trainer=LINEAR) as executor:
        train_beside(store, problem(store), executor, planned(0))  # its worker is there
        began = time.monotonic()
        runs = planned(HANGS, 0)
        ended = train_beside(store, problem(store), executor, runs, deadline=began + 1.0)
        assert 1.0 <= time.monotonic() - began < 10.0 and not executor.active
        late = planned(0)
        (unbegun,) = train_beside(store, problem(store), executor, late, deadline=began + 1.0)
    assert [run.cause for run in (*ended, unbegun)] == ["interrupted"] * 3
    assert stored(store)[1:] == [(one, 1, "failed", "interrupted") for one in ("0", "1")]


class InterruptedPool(Pool):
    """One in whose tenth round somebody presses Ctrl-C."""

    n_rounds = 0

    def next_round(self, deadline: float | None = None) -> RoundResult:
        self.n_rounds += 1
        if self.n_rounds == 10:
            signal.raise_signal(signal.SIGINT)
        return super().next_round(deadline)


def test_an_interrupt_leaves_no_run_in_training(store: Store) -> None:
    setup = TrainingSetup(tiny_dataset(), trainer=LINEAR)
    executor = InterruptedPool(setup, InProcessEngine(setup))

    with pytest.raises(KeyboardInterrupt):
        train_beside(store, problem(store), executor, planned(0, CRASHES, 0))

    assert stored(store) == [
        ("0", 1, "failed", "interrupted"),
        ("1", 1, "failed", "crashed"),
        ("2", 1, "failed", "interrupted"),
    ]
    assert executor.active == ()


def test_an_error_of_the_executor_ends_the_runs_and_is_told(store: Store) -> None:
    executor = make_executor(tiny_dataset(), workers=1, engine="processes", trainer=BROKEN)
    with executor, pytest.raises(TrainingError, match="the driver is too old"):
        train_beside(store, problem(store), executor, planned(0, 0))

    assert [end for _, _, *end in stored(store)] == [["failed", "crashed"]] * 2
