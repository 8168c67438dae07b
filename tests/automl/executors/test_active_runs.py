from __future__ import annotations

from automl.executors.active_runs import ActiveRuns
from tests.automl.executors.test_member import epoch_of
from tests.contracts.linear_trainer import LinearTrainer, tiny_dataset, tiny_run


def test_runs_are_due_up_to_their_limits_and_rest_there():
    runs = ActiveRuns()
    for run_id in (1, 2):
        runs.start(tiny_run(run_id))
    runs.allow({1: 1, 7: 3})
    runs[1].progress.advance(epoch_of(1))
    assert runs.due == (2,)
    runs.allow({1: 2})
    assert runs.due == (1, 2)


def test_one_that_begins_again_is_where_it_was_started_and_keeps_its_limit():
    trainer = LinearTrainer(tiny_dataset())
    trainer.add([tiny_run(1)])
    trainer.train_round()
    runs = ActiveRuns()
    runs.start(trainer.checkpoint(1))
    runs.allow({1: 3})
    assert runs[1].n_reported == 1
    for epoch in (2, 3):
        runs[1].progress.advance(epoch_of(1, epoch))
    assert runs.due == ()
    runs[1].begin_again()
    assert (runs.due, runs[1].progress.n_epochs_left) == ((1,), 2)
