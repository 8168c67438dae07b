"""With compiled kernels a run's curve and weights are the same bits whatever trains beside it.

Searches on any number of workers give one result because of this. Torch's products of a whole
stack may differ in their last bits from those of a run alone, so nothing is promised without
kernels.
"""

from __future__ import annotations

import dataclasses
import random
import struct
from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from automl.data.dataset import Dataset
from automl.stacked.trainer import StackedTrainer
from automl.training.config import RowSubset, RunConfig
from automl.training.trainer import Checkpoint, Start
from storage.records import EpochRecord
from tests.contracts.drawn_runs import kinds_of_data, runs_of, values_of_the_space
from tests.contracts.kernels import needs_kernels
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

pytestmark = needs_kernels()

N_EPOCHS = 5


@dataclasses.dataclass
class Trained:
    """What is left of a run: its curve, and its state at the end unless it diverged."""

    records: list[EpochRecord] = dataclasses.field(default_factory=list)
    state: Checkpoint | None = None


def alone(dataset: Dataset, run: RunConfig) -> Trained:
    trainer, found = StackedTrainer(dataset), Trained()
    trainer.add([run])
    for _ in range(N_EPOCHS):
        found.records += trainer.train_round()
    if trainer.active:
        found.state = trainer.checkpoint(run.run_id)
    return found


def together(dataset: Dataset, runs: Sequence[RunConfig], seed: int) -> dict[int, Trained]:
    """Train runs in two trainers, in any company: they come late, rest, move and leave early."""
    drawn = random.Random(seed)
    waiting: list[Start] = drawn.sample(list(runs), len(runs))
    trainers = (StackedTrainer(dataset), StackedTrainer(dataset))
    found = {run.run_id: Trained() for run in runs}
    while waiting or any(trainer.active for trainer in trainers):
        for trainer in trainers:
            some = [start for start in waiting if drawn.random() < 0.5]
            waiting = [start for start in waiting if start not in some]
            trainer.add(some)
            due = [run_id for run_id in trainer.active if drawn.random() < 0.7]
            for record in trainer.train_round(run_ids=due):
                found[record.run_id].records.append(record)
            for run_id in trainer.active:
                if len(found[run_id].records) == N_EPOCHS:
                    found[run_id].state = trainer.checkpoint(run_id)
                    trainer.drop(run_id)
                elif drawn.random() < 0.2:
                    waiting.append(trainer.checkpoint(run_id))
                    trainer.drop(run_id)
    return found


def bits(value: object) -> object:
    """Something that is equal where every number has the same bits."""
    if isinstance(value, float):
        return struct.pack("d", value)
    if isinstance(value, Tensor):
        return (value.dtype, value.shape, value.contiguous().numpy().tobytes())
    if isinstance(value, Mapping):
        return {key: bits(own) for key, own in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [bits(own) for own in value]
    return value


def assert_same_bits(one: Trained, other: Trained) -> None:
    for epoch, of_other in zip(one.records, other.records, strict=True):
        numbers, of_others = dataclasses.asdict(epoch), dataclasses.asdict(of_other)
        for name in numbers.keys() - {"seconds"}:
            assert bits(numbers[name]) == bits(of_others[name]), (name, epoch, of_other)
    assert (one.state is None) == (other.state is None)
    if one.state is None or other.state is None:
        return
    for field in dataclasses.fields(Checkpoint):
        if field.name != "run":
            pair = (getattr(one.state, field.name), getattr(other.state, field.name))
            assert bits(pair[0]) == bits(pair[1]), (field.name, *pair)


def check(dataset: Dataset, runs: Sequence[RunConfig], seed: int) -> None:
    found = together(dataset, runs, seed)
    for run in runs:
        assert_same_bits(alone(dataset, run), found[run.run_id])


batches = st.fixed_dictionaries(
    {
        "batch_size": st.sampled_from([None, 16, 32]),
        "epoch_steps": st.sampled_from([None, 3]),
    }
)


@settings(max_examples=15)
@given(
    st.lists(st.tuples(values_of_the_space, batches), min_size=2, max_size=5),
    kinds_of_data,
    st.integers(0, 1000),
)
def test_company_changes_no_bit(
    drawn: list[tuple[dict[str, object], dict[str, object]]], data: dict[str, object], seed: int
) -> None:
    check(tiny_dataset(**data), runs_of([{**one, **other} for one, other in drawn]), seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # minutes on one core; a machine may be busy
@settings(max_examples=400)
@given(
    st.lists(st.tuples(values_of_the_space, batches), min_size=2, max_size=8),
    kinds_of_data,
    st.integers(0, 1000),
)
def test_company_changes_no_bit_of_many_combinations(
    drawn: list[tuple[dict[str, object], dict[str, object]]], data: dict[str, object], seed: int
) -> None:
    check(tiny_dataset(**data), runs_of([{**one, **other} for one, other in drawn]), seed)


def test_folds_and_parts_of_rows_change_no_bit() -> None:
    own = {"normalization": "batch_norm", "dropout": 0.3, "optimizer": "adam"}
    runs = [
        tiny_run(1, fold=0, rows=RowSubset(0.5, 1, seed=3), **own),
        tiny_run(2, fold=1, rows=RowSubset(0.5, 0, seed=4), scaling="robust", hidden_size=21),
        tiny_run(3, fold=1, rows=RowSubset(0.5, 0, seed=4, replace=True), scaling="quantile"),
        tiny_run(4, fold=1, n_layers=3, normalization="layer_norm", gradient_clip_norm=0.1),
    ]
    for seed in range(3):
        check(tiny_dataset(n_folds=2), runs, seed)


def test_wide_networks_and_many_rows_are_the_same_bits_too() -> None:
    """Beyond one panel of a product, one tile of rows, one stretch of a sum."""
    own = {"batch_size": 64, "gradient_clip_norm": 0.5, "normalization": "layer_norm"}
    runs = [
        tiny_run(1, hidden_size=200, n_layers=2, activation="gelu", **own),
        tiny_run(2, hidden_size=33, n_layers=1, activation="maxout", **own),
        tiny_run(3, hidden_size=141, n_layers=3, activation="silu", optimizer="rmsprop", **own),
        tiny_run(4, hidden_size=256, n_layers=1, activation="prelu", max_norm=1.0, **own),
    ]
    check(tiny_dataset(n_rows=700), runs, 0)
