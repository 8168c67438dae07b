"""Parity: the stacked trainer computes what the plain one computes, alone and in a mixed stack.

One step is compared from states that training reaches; whole curves only as far as training is
not chaotic, which is measured by a plain run whose initial weights are perturbed by 1e-15.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.data.dataset import Dataset
from automl.stacked.normalization import EPSILON
from automl.stacked.trainer import StackedTrainer
from automl.training.batches import split_read
from automl.training.config import RowSubset, RunConfig, TrainingConfig
from automl.training.plain import PlainTrainer
from automl.training.trainer import Checkpoint, Start, Trainer
from storage.records import EpochRecord
from tests.contracts.drawn_runs import kinds_of_data, runs_of, values_of_the_space
from tests.contracts.tiny_datasets import TASKS, tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def second_epochs(trainer: Trainer, starts: Sequence[Start]) -> dict[int, EpochRecord]:
    """The first after which layers are measured."""
    trainer.add(starts)
    trainer.train_round()
    return {record.run_id: record for record in trainer.train_round()}


def rounding_of_step(training: TrainingConfig) -> float:
    """What the rounding of a gradient that cancels to zero can make of a step.

    A gradient is a mean of terms of about 1, so what is left of one that cancels is some units
    in the last place of 1, whatever the order of its sum. An adaptive optimizer divides it by
    its epsilon: 1e-8, Adagrad's is 1e-10.
    """
    gains = {"adagrad": 1e10, "rmsprop": 1e8, "adam": 1e8, "adamw": 1e8}
    gain = gains.get(training.optimizer, 1 / (1 - training.momentum))
    return 4 * 2**-53 * gain * training.learning_rate


def assert_same_step(plain: Checkpoint, stacked: Checkpoint, start: Checkpoint) -> None:
    """Equal to 1e-10 of each parameter, and of the longest way any of its tensor went.

    Beside `rounding_of_step`, which is nothing but for adaptive optimizers. A unit that is alike
    on all rows, as with weights of zero, is magnified by its normalization: a weight that both
    move no further than that makes of rounding is compared no closer.
    """
    rounding = rounding_of_step(start.run.training)
    noise = 0.0 if start.run.model.normalization == "none" else rounding / math.sqrt(EPSILON)
    assert plain.weights.keys() == stacked.weights.keys()
    assert plain.optimizer.keys() == stacked.optimizer.keys()
    pairs = [(name, plain.weights[name], stacked.weights[name]) for name in plain.weights]
    pairs += [(name, plain.optimizer[name], stacked.optimizer[name]) for name in plain.optimizer]
    assert plain.averaged_weights.keys() == stacked.averaged_weights.keys()
    pairs += [
        (name, plain.averaged_weights[name], stacked.averaged_weights[name])
        for name in plain.averaged_weights
    ]
    for name, wanted, found in pairs:
        assert wanted.shape == found.shape, name
        before = start.weights.get(name, torch.zeros_like(wanted))
        ways = [(one - before).abs() for one in (wanted, found)]
        moved = ways[0].max().item() if wanted.numel() else 0.0
        granted = rounding if name in start.weights else 1e-15
        tolerance = 1e-10 * wanted.abs() + 1e-10 * moved + granted
        is_noise = (torch.maximum(*ways) <= noise) & (name in start.weights)
        is_same = (wanted - found).abs() <= tolerance
        assert (is_same | is_noise).all(), (name, wanted, found)


def check_one_step(dataset: Dataset, runs: list[RunConfig], is_native: bool, warm: int) -> None:
    """From where plain training is after some steps, one step of both, alone and together."""
    plain = PlainTrainer(dataset, dtype=torch.float64)
    plain.add(runs)
    for _ in range(warm):
        plain.train_round()
    starts = [plain.checkpoint(run_id) for run_id in plain.active]
    plain.train_round()
    wanted = {run_id: plain.checkpoint(run_id) for run_id in plain.active}
    together = [starts, *([start] for start in starts)] if len(starts) < 4 else [starts]
    for some in together:
        stacked = StackedTrainer(dataset, dtype=torch.float64, is_native=is_native)
        stacked.add(some)
        stacked.train_round()
        for start in some:
            run_id = start.run.run_id
            if run_id in wanted:
                assert_same_step(wanted[run_id], stacked.checkpoint(run_id), start)


@pytest.mark.parametrize("is_native", [True, False])
@settings(max_examples=10)
@given(st.lists(values_of_the_space, min_size=3, max_size=3), kinds_of_data)
def test_one_step_agrees_alone_and_in_a_mixed_stack(
    is_native: bool, drawn: list[dict[str, object]], data: dict[str, object]
) -> None:
    check_one_step(tiny_dataset(**data), runs_of(drawn, batch_size=None), is_native, warm=2)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # minutes on one core; a machine may be busy
@pytest.mark.parametrize("is_native", [True, False])
@settings(max_examples=400)
@given(st.lists(values_of_the_space, min_size=1, max_size=8), kinds_of_data, st.integers(0, 4))
def test_one_step_agrees_for_many_combinations(
    is_native: bool, drawn: list[dict[str, object]], data: dict[str, object], warm: int
) -> None:
    check_one_step(tiny_dataset(**data), runs_of(drawn, batch_size=None), is_native, warm)


def curves(trainer: Trainer, runs: Sequence[Start], n_epochs: int) -> dict[int, list[EpochRecord]]:
    """Train with a slot dropped and refilled every third epoch."""
    found: dict[int, list[EpochRecord]] = {}
    waiting = list(runs[3:])
    trainer.add(runs[:3])
    for epoch in range(n_epochs):
        for record in trainer.train_round():
            found.setdefault(record.run_id, []).append(record)
        if epoch % 3 == 2 and waiting and trainer.active:
            trainer.drop(trainer.active[0])
            trainer.add([waiting.pop(0)])
    return found


def perturbed(dataset: Dataset, runs: Sequence[RunConfig], dtype: torch.dtype) -> list[Checkpoint]:
    """The runs' starts with weights that differ by 1e-15 (or, in float32, by 6e-8)."""
    trainer = PlainTrainer(dataset, dtype=dtype)
    trainer.add(runs)
    starts = [trainer.checkpoint(run.run_id) for run in runs]
    size = 1e-15 if dtype == torch.float64 else 6e-8
    generator = torch.Generator().manual_seed(0)

    def nudged(name: str, value: torch.Tensor) -> torch.Tensor:
        if "running" in name or "input" in name or not value.is_floating_point():
            return value
        # In the dtype of the run: in another one, 1 + 1e-15 would be 1.
        return value * (1 + size * torch.randn(value.shape, generator=generator, dtype=dtype))

    return [
        dataclasses.replace(
            start, weights={name: nudged(name, value) for name, value in start.weights.items()}
        )
        for start in starts
    ]


def difference(one: Sequence[EpochRecord], other: Sequence[EpochRecord]) -> float:
    """The largest relative difference of losses between two curves."""
    pairs = [
        (getattr(a, name), getattr(b, name))
        for a, b in zip(one, other, strict=True)
        for name in ("train_loss", "valid_loss")
    ]
    return max(
        abs(a - b) / max(abs(a), 1e-12) if math.isfinite(a) else float(a == b) for a, b in pairs
    )


def check_curves(
    dataset: Dataset, runs: list[RunConfig], n_epochs: int, dtype: torch.dtype, is_native: bool
) -> None:
    exact = dtype == torch.float64
    plain = curves(PlainTrainer(dataset, dtype=dtype), runs, n_epochs)
    moved = curves(PlainTrainer(dataset, dtype=dtype), perturbed(dataset, runs, dtype), n_epochs)
    stacked = curves(StackedTrainer(dataset, dtype=dtype, is_native=is_native), runs, n_epochs)
    assert plain.keys() == stacked.keys()
    for run_id, wanted in plain.items():
        chaos = difference(wanted, moved[run_id])
        calm, least = (1e-11, 1e-9) if exact else (1e-6, 1e-4)
        allowed = least if chaos <= calm else max(least, 100 * chaos)
        assert difference(wanted, stacked[run_id]) <= allowed, runs[run_id - 1]


MIXED = [
    {"activation": "tanh", "optimizer": "adam", "n_layers": 2},
    {"activation": "relu", "optimizer": "momentum", "n_layers": 3, "normalization": "batch_norm",
     "weight_averaging": 2.0},
    {"activation": "gelu", "optimizer": "rmsprop", "normalization": "layer_norm", "dropout": 0.3,
     "weight_decay": 1e-2, "regularization_schedule": "flat_cosine", "max_epochs": 5},
    {"activation": "silu", "optimizer": "nesterov", "shape": "funnel", "hidden_size": 21},
    {"activation": "sigmoid", "optimizer": "adagrad", "schedule": "cosine", "max_epochs": 20},
    {"activation": "elu", "optimizer": "adamw", "weight_decay": 1e-2, "input_dropout": 0.2,
     "adam_beta2": 0.95, "bias_rate_factor": 0.1, "first_layer_rate_factor": 3.0,
     "regularization_schedule": "flat_cosine", "max_epochs": 4},
    {"activation": "prelu", "schedule": "switch_to_sgd", "switch_fraction": 0.3, "max_epochs": 10},
    {"activation": "leaky_relu", "optimizer": "sgd", "max_norm": 1.0, "l1": 1e-3},
    {"activation": "mish", "optimizer": "adam", "n_layers": 3},
    {"activation": "selu", "optimizer": "momentum", "n_layers": 3},
    {"activation": "tanh", "activation_mixing": "learned", "dropout": 0.3, "hidden_size": 19},
    {"activation": "sigmoid", "activation_mixing": "learned", "normalization": "batch_norm"},
    {"activation": "tanh", "residual": "every_layer", "n_layers": 4, "dropout": 0.2},
    {"residual": "every_layer", "n_layers": 5, "shape": "funnel", "hidden_size": 16},
    {"n_members": 4, "dropout": 0.2, "input_dropout": 0.1, "normalization": "batch_norm"},
    {"n_members": 4, "activation": "tanh", "max_norm": 1.0, "l1": 1e-3, "mixup": 0.4},
    {"n_members": 3, "n_layers": 0, "weight_averaging": 2.0, "input_scaling": "learned"},
]  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_perturbation_is_seen_by_training(dtype: torch.dtype) -> None:
    """What is compared with it would otherwise pass for calm, whatever it is."""
    runs = runs_of(MIXED[:3], learning_rate=1e-3, batch_size=32)
    plain = curves(PlainTrainer(tiny_dataset(), dtype=dtype), runs, 3)
    moved = curves(
        PlainTrainer(tiny_dataset(), dtype=dtype), perturbed(tiny_dataset(), runs, dtype), 3
    )
    assert all(difference(plain[run_id], moved[run_id]) > 0 for run_id in plain)


@pytest.mark.parametrize("is_native", [True, False])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_curves_agree_while_slots_are_refilled(dtype: torch.dtype, is_native: bool) -> None:
    n_epochs = 20 if dtype == torch.float64 else 3
    runs = runs_of(MIXED, learning_rate=1e-3, batch_size=32)
    check_curves(tiny_dataset(), runs, n_epochs, dtype, is_native)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # minutes on one core; a machine may be busy
@pytest.mark.parametrize("is_native", [True, False])
@settings(max_examples=60)
@given(st.lists(values_of_the_space, min_size=4, max_size=8), kinds_of_data)
def test_curves_agree_over_twenty_epochs_of_any_combination(
    is_native: bool, drawn: list[dict[str, object]], data: dict[str, object]
) -> None:
    runs = runs_of(drawn, batch_size=32)
    check_curves(tiny_dataset(**data), runs, 20, torch.float64, is_native)


@pytest.mark.parametrize("is_native", [True, False])
def test_rounding_that_a_normalization_magnifies_is_no_difference(is_native: bool) -> None:
    zeros = {
        "n_layers": 2, "hidden_size": 17, "activation": "sigmoid", "initialization": "zeros",
        "normalization": "batch_norm", "optimizer": "rmsprop", "learning_rate": 0.01,
    }  # fmt: skip
    runs = runs_of([{"n_layers": 0, "optimizer": "sgd"}, zeros], batch_size=None, max_epochs=4)
    check_one_step(tiny_dataset(loss="mean_squared"), runs, is_native, warm=1)


@pytest.mark.parametrize("is_native", [True, False])
@pytest.mark.parametrize("loss", TASKS)
def test_curves_of_weighted_rows_agree(loss: str, is_native: bool) -> None:
    """Of members, mixtures, parts of the rows and of the passes, and folds."""
    runs = [
        *runs_of(MIXED[-3:-1], learning_rate=1e-3, batch_size=32, label_smoothing=0.1),
        tiny_run(3, fold=1, rows=RowSubset(0.5, 1, seed=3), scaling="robust", mixup=0.4),
        tiny_run(4, batch_size=16, epoch_steps=3, n_layers=0),
    ]
    weights = torch.tensor([0.5, 1.0, 2.0])[: max(2, TASKS[loss][1])]
    data = tiny_dataset(
        loss,
        n_folds=2,
        is_weighted=True,
        class_weights=None if TASKS[loss][0] == "regression" else weights,
    )
    check_curves(data, runs, 4, torch.float64, is_native)


@pytest.mark.parametrize("is_native", [True, False])
def test_folds_and_row_subsets_share_a_stack(is_native: bool) -> None:
    runs = [
        tiny_run(1, fold=0, rows=RowSubset(0.5, 1, seed=3)),
        tiny_run(2, fold=1, rows=RowSubset(0.5, 0, seed=4), scaling="robust"),
        tiny_run(3, fold=1, rows=RowSubset(0.5, 0, seed=4, replace=True), scaling="quantile"),
    ]
    check_curves(tiny_dataset(n_folds=2), runs, 4, torch.float64, is_native)


@pytest.mark.parametrize("is_native", [True, False])
def test_target_transforms_of_row_subsets_share_a_stack(is_native: bool) -> None:
    runs = [
        tiny_run(1, rows=RowSubset(0.5, 1, seed=3), target_transform="quantile"),
        tiny_run(2, rows=RowSubset(0.5, 0, seed=3), target_transform="quantile"),
        tiny_run(3, rows=RowSubset(0.5, 0, seed=4, replace=True), target_transform="log"),
        tiny_run(4, rows=RowSubset(0.5, 0, seed=4)),
    ]
    check_curves(tiny_dataset("mean_squared"), runs, 4, torch.float64, is_native)


@pytest.mark.parametrize("is_native", [True, False])
def test_epochs_that_are_parts_of_passes_agree(is_native: bool) -> None:
    """Of 90 rows a pass takes two batches of 32 and half of another: epochs begin anywhere."""
    runs = runs_of(MIXED[:4], learning_rate=1e-3, batch_size=32, epoch_steps=1)
    runs.append(tiny_run(5, rows=RowSubset(0.9, seed=2), batch_size=16, epoch_steps=3))
    runs.append(tiny_run(6, batch_size=32, epoch_steps=2))
    check_curves(tiny_dataset(), runs, 6, torch.float64, is_native)


def test_of_many_validation_rows_all_trainers_measure_the_same_part() -> None:
    dataset = tiny_dataset(n_rows=30_000)
    (fold,) = dataset.folds
    part = dataclasses.replace(fold, valid=split_read(fold, "valid"))
    assert len(part.valid) < len(fold.valid)
    run = tiny_run(1, epoch_steps=2)
    losses = [
        second_epochs(trainer, [run])[1].valid_loss
        for each in (dataset, dataclasses.replace(dataset, folds=(part,)))
        for trainer in (
            PlainTrainer(each, dtype=torch.float64),
            StackedTrainer(each, dtype=torch.float64),
            StackedTrainer(each, dtype=torch.float64, is_native=False),
        )
    ]
    assert losses == pytest.approx([losses[0]] * 6, rel=1e-9)


@pytest.mark.parametrize("is_native", [True, False])
@pytest.mark.parametrize("is_weighted", [True, False])
def test_records_agree_in_every_number(is_weighted: bool, is_native: bool) -> None:
    """With more rows than train losses are measured on."""
    runs = runs_of(MIXED[:2] if is_weighted else MIXED, learning_rate=1e-3)
    dataset = tiny_dataset(n_rows=1_000 if is_weighted else 150, is_weighted=is_weighted)
    wanted = second_epochs(PlainTrainer(dataset, dtype=torch.float64), runs)
    stacked = StackedTrainer(dataset, dtype=torch.float64, is_native=is_native)
    for run_id, found in second_epochs(stacked, runs).items():
        numbers, expected = dataclasses.asdict(found), dataclasses.asdict(wanted[run_id])
        for values in (numbers, expected):
            del values["seconds"], values["layers"]
        assert numbers == pytest.approx(expected, rel=1e-9)
        assert found.layers
        for layer, other in zip(found.layers, wanted[run_id].layers, strict=True):
            given_, expected_ = dataclasses.asdict(layer), dataclasses.asdict(other)
            assert given_.pop("name") == expected_.pop("name")
            assert given_ == pytest.approx(expected_, rel=1e-8, abs=1e-12)
