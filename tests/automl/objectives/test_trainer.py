"""Objectives as a trainer: their curves are their own, whatever trains beside them."""

from __future__ import annotations

import math
import os
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from automl.data.dataset import NO_DATA
from automl.errors import TrainingError
from automl.models.own.builders import remember
from automl.models.own.reference import reference_of
from automl.objectives.states import unpacked
from automl.objectives.trainer import ObjectiveConfig, ObjectiveTrainer
from automl.training.config import RunConfig, TrainingConfig
from automl.training.trainer import RunError
from storage.records import EpochRecord


def drawn() -> float:
    """From every generator that everybody shares."""
    return float(np.random.random() + random.random() + torch.rand(()))


def noisy(params: Mapping[str, Any]) -> Iterator[float]:
    while True:
        yield params.get("level", 0.0) + drawn()


class Noisy:
    def __init__(self, params: Mapping[str, Any]) -> None:
        self.total = 0.0

    def train_epoch(self) -> float:
        self.total += drawn()
        return self.total

    def save(self) -> dict[str, float]:
        return {"total": self.total}

    def load(self, state: Mapping[str, float]) -> None:
        self.total = state["total"]


def ends(params: Mapping[str, Any]) -> Iterator[float]:
    yield from [1.0] * params["n"]


def faulty(params: Mapping[str, Any]) -> Iterator[float]:
    yield 1.0
    if params["how"] == "raises":
        raise ValueError("no")
    if params["how"] == "exits":
        sys.exit(2)
    yield math.inf


def run_of(run_id: int, objective: Any, seed: int = 0, **params: Any) -> RunConfig:
    reference = reference_of(objective, "objective")
    remember(reference)
    config = ObjectiveConfig(reference.words, params)
    training = TrainingConfig(max_epochs=9, patience=9)
    return RunConfig(run_id, 0, "objective", config, training, seed)


def curve(trainer: ObjectiveTrainer, run_id: int, n_epochs: int) -> list[EpochRecord]:
    rounds = [trainer.train_round(None) for _ in range(n_epochs)]
    return [one for each in rounds for one in each if one.run_id == run_id]


def losses(records: list[EpochRecord]) -> list[float]:
    return [one.valid_loss for one in records]


def test_a_run_has_the_same_curve_alone_beside_others_and_in_another_trainer() -> None:
    alone, together = ObjectiveTrainer(NO_DATA), ObjectiveTrainer(NO_DATA)
    alone.add([run_of(1, noisy)])
    first = curve(alone, 1, 4)
    together.add([run_of(0, noisy, seed=5), run_of(1, noisy), run_of(2, Noisy)])
    assert losses(curve(together, 1, 4)) == losses(first)
    assert len(set(losses(first))) == 4
    assert [one.epoch for one in first] == [1, 2, 3, 4]


def test_nobody_elses_random_numbers_move() -> None:
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = drawn()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    trainer = ObjectiveTrainer(NO_DATA)
    trainer.add([run_of(1, noisy)])
    trainer.train_round(None)
    assert drawn() == expected


def test_a_class_goes_on_from_its_checkpoint_with_the_curve_it_would_have_had() -> None:
    whole, parted = ObjectiveTrainer(NO_DATA), ObjectiveTrainer(NO_DATA)
    whole.add([run_of(1, Noisy)])
    parted.add([run_of(1, Noisy)])
    curve(parted, 1, 3)
    state = parted.checkpoint(1)
    arrays, numbers = state.to_arrays()
    again = type(state).from_arrays(replace(state.run, run_id=2), arrays, numbers)
    assert (again.epoch, again.best) == (3, state.best)
    later = ObjectiveTrainer(NO_DATA)
    later.add([again])
    assert losses(curve(later, 2, 2)) == losses(curve(whole, 1, 5))[3:]


def dips(params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Its second epoch is the best."""
    for epoch, loss in enumerate([3.0, 1.0, 2.0], start=1):
        yield {"valid_loss": loss, "state": {"epoch": epoch}}


def ties(params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Its first two epochs are equally good."""
    for epoch, loss in enumerate([1.0, 1.0, 2.0], start=1):
        yield {"valid_loss": loss, "state": {"epoch": epoch}}


class Dips(Noisy):
    def train_epoch(self) -> float:
        self.total += 1
        return [3.0, 1.0, 2.0][int(self.total) - 1]


@pytest.mark.parametrize(
    ("objective", "best"),
    [(dips, {"epoch": 2}), (ties, {"epoch": 2}), (Dips, {"total": 2.0}), (noisy, None)],
)
def test_the_state_after_the_best_epoch_is_kept(objective: Any, best: Any) -> None:
    trainer = ObjectiveTrainer(NO_DATA)
    trainer.add([run_of(1, objective)])
    curve(trainer, 1, 3)
    trainer.drop(1)
    state = trainer.best_weights(1)
    assert (unpacked(state) if state else None) == best
    trainer.forget(1)
    assert trainer.best_weights(1) == {}


def test_the_best_state_goes_on_with_a_checkpoint() -> None:
    first, second = ObjectiveTrainer(NO_DATA), ObjectiveTrainer(NO_DATA)
    first.add([run_of(1, Dips)])
    curve(first, 1, 2)
    second.add([first.checkpoint(1)])
    curve(second, 1, 1)
    assert unpacked(second.best_weights(1)) == {"total": 2.0}


def unable(params: Mapping[str, Any]) -> dict[str, Any]:
    return {"valid_loss": 1.0, "state": np.ones(2)}


def test_a_state_that_cannot_be_kept_is_an_error_of_its_objective() -> None:
    trainer = ObjectiveTrainer(NO_DATA)
    trainer.add([run_of(1, unable)])
    with pytest.raises(RunError) as caught:
        trainer.train_round(None)
    assert "the state that is given with the losses must be bytes" in str(caught.value.__cause__)


class Halting:
    """Its state can be kept, but it cannot go on from it."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        pass

    def train_epoch(self) -> float:
        return 1.0

    def save(self) -> bytes:
        return b"state"


def test_who_cannot_go_on_from_a_state_has_none_to_go_on_from() -> None:
    trainer = ObjectiveTrainer(NO_DATA)
    trainer.add([run_of(1, noisy)])
    trainer.add([run_of(2, Halting)])
    curve(trainer, 2, 1)
    assert unpacked(trainer.best_weights(2)) == b"state"
    for run_id in (1, 2):
        with pytest.raises(TrainingError, match="of others is in their process alone"):
            trainer.checkpoint(run_id)


def forking(params: Mapping[str, Any]) -> Iterator[float]:
    """Its copy comes back with another loss, or with an error."""
    for how in ("yields", "raises"):
        if (copy := os.fork()) == 0:
            if how == "raises":
                raise ValueError("in the copy")
            yield 99.0
        yield float(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes have no copies here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_copy_that_comes_back_is_ended() -> None:
    trainer = ObjectiveTrainer(NO_DATA)
    trainer.add([run_of(1, forking)])
    assert losses(curve(trainer, 1, 2)) == [1.0, 1.0]


def test_it_says_once_which_runs_have_no_further_epoch() -> None:
    trainer = ObjectiveTrainer(NO_DATA)
    trainer.add([run_of(1, ends, n=2), run_of(2, noisy)])
    assert len(curve(trainer, 1, 3)) == 2
    assert trainer.take_finished() == (1,)
    assert trainer.take_finished() == ()
    trainer.drop(1)
    assert trainer.active == (2,)
    trainer.add([run_of(3, ends, n=0)])
    with pytest.raises(RunError) as caught:
        trainer.train_round(None, [3])
    assert "must give at least one loss" in str(caught.value.__cause__)


@pytest.mark.parametrize(("how", "words"), [("raises", "no"), ("exits", "must not end its")])
def test_an_error_is_that_of_its_run_and_others_keep_their_epochs(how: str, words: str) -> None:
    trainer = ObjectiveTrainer(NO_DATA)
    trainer.add([run_of(1, noisy), run_of(2, faulty, how=how)])
    trainer.train_round(None)
    with pytest.raises(RunError) as caught:
        trainer.train_round(None)
    assert caught.value.run_id == 2
    assert words in str(caught.value.__cause__)
    assert [(one.run_id, one.epoch) for one in caught.value.epochs] == [(1, 2)]


def test_a_loss_that_is_not_finite_ends_its_run() -> None:
    trainer = ObjectiveTrainer(NO_DATA)
    trainer.add([run_of(1, faulty, how="diverges")])
    records = curve(trainer, 1, 2)
    assert [one.is_finite for one in records] == [True, False]
    assert trainer.active == ()


def test_it_returns_at_the_deadline_and_takes_the_others_next() -> None:
    trainer = ObjectiveTrainer(NO_DATA)
    trainer.add([run_of(1, noisy), run_of(2, noisy)])
    assert trainer.train_round(-math.inf) == []
    assert {one.run_id for one in trainer.train_round(None)} == {1, 2}
    assert [one.run_id for one in trainer.train_round(None, [2])] == [2]
