from __future__ import annotations

import pytest

from automl.executors.executor import RunFailure
from automl.tuning.repeated_failure import RepeatedFailure


def failure(run_id: int, message: str, cause: str = "crashed") -> RunFailure:
    return RunFailure(run_id, cause, message, "Traceback: where it was")


def test_equal_errors_of_the_first_trials_are_enough() -> None:
    repeated = RepeatedFailure(is_watched=True)
    for run_id, n_rows in enumerate((16, 32, 64)):
        assert not repeated.is_enough
        repeated.note(failure(run_id, f"shapes of {n_rows} rows (net.py, line 3, in forward)"))
    assert repeated.is_enough
    error = repeated.error()
    assert str(error) == (
        "the first 3 trials all failed alike: shapes of 16 rows (net.py, line 3, in forward)"
    )
    assert error.__notes__ == ["Traceback: where it was"]


def test_so_are_processes_that_die_alike() -> None:
    repeated = RepeatedFailure(is_watched=True)
    for pid in (123, 45, 678):
        words = f"the worker process {pid} ended with signal SIGSEGV"
        repeated.note(failure(pid, words, "lost"))
    assert repeated.is_enough


@pytest.mark.parametrize("other", [failure(9, "no block"), failure(9, "shapes", "timed_out")])
def test_an_other_failure_shows_that_not_all_fail_alike(other: RunFailure) -> None:
    repeated = RepeatedFailure(is_watched=True)
    for one in (failure(1, "shapes"), other, *[failure(n, "shapes") for n in range(5)]):
        repeated.note(one)
    assert not repeated.is_enough


def test_a_trial_that_trains_shows_it_too_and_trusted_networks_are_not_watched() -> None:
    trained, trusted = RepeatedFailure(is_watched=True), RepeatedFailure(is_watched=False)
    trained.forgive()
    for run_id in range(5):
        trained.note(failure(run_id, "shapes"))
        trusted.note(failure(run_id, "shapes"))
    assert not trained.is_enough and not trusted.is_enough


def test_processes_that_die_say_nothing_against_code_that_has_trained() -> None:
    repeated = RepeatedFailure(is_watched=True, has_trained=True)
    for run_id in range(5):
        repeated.note(failure(run_id, "its process died 2 times", "lost"))
    assert not repeated.is_enough
    for run_id in range(3):  # as where a file is not there any more: the others would fail too
        repeated.note(failure(run_id, "no such file"))
    assert repeated.is_enough
