from __future__ import annotations

import pytest

from automl.errors import TrainingError
from automl.executors.losses import LOSSES_IN_COMPANY, MAX_FAILED_STARTS, Losses


def test_workers_that_fail_again_and_again_at_their_start_end_the_search() -> None:
    losses = Losses()
    for _ in range(MAX_FAILED_STARTS - 1):
        losses.note_failed_start("no torch")
    losses.note_start()
    for _ in range(MAX_FAILED_STARTS - 1):
        losses.note_failed_start("no torch")
    with pytest.raises(TrainingError, match="cannot start: no torch"):
        losses.note_failed_start("no torch")


def test_a_trial_is_counted_once_for_each_worker_however_many_of_its_runs_were_there() -> None:
    losses = Losses()
    for _ in range(LOSSES_IN_COMPANY):
        assert not losses.must_be_alone(7)
        losses.note_lost([7, 7, 7])
    assert losses.must_be_alone(7)
    assert not losses.must_be_alone(8)
