"""How far a run has come when it begins, and when it goes on."""

from __future__ import annotations

from automl.stacked.member import Member
from automl.stacked.trainer import StackedTrainer
from automl.training.best_epoch import BestEpoch
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def test_a_run_begins_before_its_first_epoch() -> None:
    assert Member.of(tiny_run(3)) == Member(tiny_run(3), 0, 0, BestEpoch())


def test_a_checkpoint_says_where_to_go_on() -> None:
    trainer = StackedTrainer(tiny_dataset())
    trainer.add([tiny_run(3)])
    first, _ = trainer.train_round(), trainer.train_round()
    member = Member.of(trainer.checkpoint(3))
    assert (member.run, member.epoch, member.step) == (tiny_run(3), 2, 2 * first[0].step)
    assert member.best == trainer.checkpoint(3).best
    assert member.best.epoch in (1, 2)
