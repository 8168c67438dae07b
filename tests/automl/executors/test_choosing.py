"""One worker is this process, unless what hangs must be ended."""

from __future__ import annotations

from automl.executors.choosing import make_executor
from automl.executors.guarded_training import InProcessExecutor
from automl.executors.pool import ProcessExecutor
from tests.contracts.tiny_datasets import tiny_dataset


def test_one_worker_is_this_process() -> None:
    with make_executor(tiny_dataset(), workers=1) as executor:
        assert isinstance(executor, InProcessExecutor)


def test_several_workers_are_processes() -> None:
    with make_executor(tiny_dataset(), workers=2) as executor:
        assert isinstance(executor, ProcessExecutor)
        assert executor.n_workers == 2


def test_a_time_limit_needs_a_process_that_can_be_ended() -> None:
    with make_executor(tiny_dataset(), workers=1, trial_timeout=60.0) as executor:
        assert isinstance(executor, ProcessExecutor)
