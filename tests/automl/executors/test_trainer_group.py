from __future__ import annotations

import pytest
import torch

from automl.errors import TrainingError
from automl.executors.trainer_group import TrainerGroup
from tests.contracts.linear_trainer import LinearTrainer, tiny_dataset, tiny_run


def begin(group: TrainerGroup, *run_ids: int) -> LinearTrainer:
    """Runs in a trainer of their own, after an epoch."""
    trainer = group.another()
    trainer.add([tiny_run(run_id) for run_id in run_ids])
    trainer.train_round()
    group.place(run_ids, trainer)
    return trainer


@pytest.fixture
def group() -> TrainerGroup:
    return TrainerGroup(lambda: LinearTrainer(tiny_dataset()))


def test_weights_of_ended_runs_outlive_a_trainer_that_is_given_up(group):
    trainer = begin(group, 1, 2)
    weights = group.best_weights(1)["weight"].clone()
    group.end(1)
    group.discard(trainer)
    assert torch.equal(group.best_weights(1)["weight"], weights)
    assert not group.has(2), "it begins again"
    group.forget(1)
    with pytest.raises(TrainingError, match="no weights of run 1"):
        group.best_weights(1)


def test_runs_of_several_trainers_come_back_with_their_states(group):
    begin(group, 1)
    begin(group, 2, 3)
    states = group.reunite()
    epochs = {run_id: state and state.epoch for run_id, state in states.items()}
    assert epochs == {1: 1, 2: 1, 3: 1}
    assert group.trainers == [group.first()]
    assert not any(map(group.has, (1, 2, 3)))


def test_a_run_that_gives_way_is_kept_as_its_state(group):
    trainer = begin(group, 1, 2)
    state = group.give_way(1)
    assert (state.epoch, trainer.active, group.n_active) == (1, (2,), 1)
    assert not group.has(1)
    assert torch.equal(group.best_weights(1)["weight"], state.best_weights["weight"])
    group.end(1)
    assert torch.equal(group.best_weights(1)["weight"], state.best_weights["weight"])
    trainer.add([state])
    group.place([1], trainer)
    trainer.train_round()
    assert not torch.equal(group.best_weights(1)["weight"], state.best_weights["weight"])
