"""The textbook trainer: the contract, and agreement with torch.nn and torch.optim."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn
from torch.nn import functional

from automl import randomness
from automl.data.dataset import Fold, Split
from automl.data.table.inputs import AffineScaling, TableEncoding, TableInputs
from automl.training.batches import batch_bounds
from automl.training.plain import PlainTrainer
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import MakeTrainer, TrainerContract, curve, tiny_run


class TestPlainTrainer(TrainerContract):
    @pytest.fixture
    def make_trainer(self) -> MakeTrainer:
        return PlainTrainer


OPTIMIZERS = {
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.02),
    "momentum": lambda weights: torch.optim.SGD(weights, lr=0.02, momentum=0.8),
    "nesterov": lambda weights: torch.optim.SGD(weights, lr=0.02, momentum=0.8, nesterov=True),
    "adagrad": lambda weights: torch.optim.Adagrad(weights, lr=0.02),
    "rmsprop": lambda weights: torch.optim.RMSprop(weights, lr=0.02),
    "adam": lambda weights: torch.optim.Adam(weights, lr=0.02),
    "adamw": lambda weights: torch.optim.AdamW(weights, lr=0.02, weight_decay=0.0),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_curve_agrees_with_torch_used_directly_given_the_same_masks(optimizer: str) -> None:
    """The network, the loss and the updates are torch's own; order and masks are ours."""
    dataset = tiny_dataset()
    run = tiny_run(
        optimizer=optimizer, momentum=0.8, learning_rate=0.02, dropout=0.25, input_dropout=0.1,
        normalization="batch_norm", activation="relu", initialization="xavier",
    )  # fmt: skip
    trainer = PlainTrainer(dataset, dtype=torch.float64)
    trainer.add([run])
    start = trainer.checkpoint(1).weights
    records = [trainer.train_round()[0] for _ in range(3)]

    layers = [nn.Linear(5, 12, bias=False), nn.BatchNorm1d(12)]
    layers += [nn.Linear(12, 12, bias=False), nn.BatchNorm1d(12), nn.Linear(12, 3)]
    net = nn.ModuleList(layers).double()
    names = ["hidden.0.linear", "hidden.0.normalization", "hidden.1.linear"]
    names += ["hidden.1.normalization", "output"]
    for name, layer in zip(names, layers, strict=True):
        layer.load_state_dict({key: start[f"{name}.{key}"] for key in layer.state_dict()})

    fold = dataset.folds[0]
    scaling = fold.encoding.scalings["standard"]

    def forward(inputs: torch.Tensor, masks: list[torch.Tensor]) -> torch.Tensor:
        values = (inputs.double() - scaling.shift) * scaling.scale * masks[0]
        for number in (0, 1):
            values = functional.relu(layers[2 * number + 1](layers[2 * number](values)))
            values = values * masks[number + 1]
        return layers[4](values)

    update = OPTIMIZERS[optimizer](net.parameters())
    step, mean_norms = 0, []
    for epoch in (1, 2, 3):
        net.train()
        norms = []
        key = randomness.keys_at(randomness.streams([5], "shuffle"), epoch)[0]
        order = randomness.shuffle(key, 90)
        for first, last in batch_bounds(90, 16):
            rows = order[first:last]
            masks = []
            for layer, (rate, size) in enumerate([(0.1, 5), (0.25, 12), (0.25, 12)]):
                key = randomness.keys_at(randomness.streams([5], "dropout", layer), step)[0]
                masks.append(randomness.dropout_mask(key, rate, len(rows), size, torch.float64))
            update.zero_grad()
            outputs = forward(fold.train.inputs.numeric[rows], masks)
            functional.cross_entropy(outputs, fold.train.targets[rows]).backward()
            norms.append(nn.utils.get_total_norm([p.grad for p in net.parameters()]).item())
            update.step()
            step += 1
        mean_norms.append(sum(norms) / len(norms))
        net.eval()
        with torch.no_grad():
            outputs = forward(fold.valid.inputs.numeric, [torch.ones(())] * 3)
        rows_losses = functional.cross_entropy(outputs, fold.valid.targets, reduction="none")
        record = records[epoch - 1]
        assert record.valid_loss == pytest.approx(rows_losses.mean().item(), rel=1e-10)
        standard_error = rows_losses.std().item() / 30**0.5
        assert record.valid_loss_standard_error == pytest.approx(standard_error, rel=1e-9)
        wrong = (outputs.argmax(1) != fold.valid.targets).double().mean().item()
        assert record.valid_metric == pytest.approx(wrong)
        assert record.gradient_norm == pytest.approx(mean_norms[-1], rel=1e-9)


def test_continued_curve_is_equal_to_the_last_bit_with_every_regularizer() -> None:
    run = tiny_run(
        dropout=0.3, weight_decay=1e-3, l1=1e-4, max_norm=1.0, gradient_clip_norm=0.5,
        label_smoothing=0.1, schedule="one_cycle", max_epochs=6, weight_averaging=2.0,
        regularization_schedule="flat_cosine", bias_rate_factor=0.1, adam_beta2=0.95,
    )  # fmt: skip
    whole = curve(PlainTrainer(tiny_dataset()), run, 6)
    trainer = PlainTrainer(tiny_dataset())
    curve(trainer, run, 3)
    assert curve(PlainTrainer(tiny_dataset()), trainer.checkpoint(1), 3) == whole[3:]


def test_checkpoint_does_not_move_with_the_run() -> None:
    trainer = PlainTrainer(tiny_dataset())
    curve(trainer, tiny_run(), 1)
    checkpoint = trainer.checkpoint(1)
    kept = {name: values.clone() for name, values in checkpoint.weights.items()}
    moments = {name: values.clone() for name, values in checkpoint.optimizer.items()}
    trainer.train_round()
    assert all(torch.equal(checkpoint.weights[name], values) for name, values in kept.items())
    assert all(torch.equal(checkpoint.optimizer[name], values) for name, values in moments.items())


def test_reported_losses_are_free_of_smoothing_and_class_weights() -> None:
    """With a learning rate of nearly nothing, all three report the same loss."""
    weights = torch.tensor([3.0, 1.0, 0.2])
    still = {"learning_rate": 1e-12, "optimizer": "sgd"}
    plain = curve(PlainTrainer(tiny_dataset()), tiny_run(**still), 1)[0]
    smooth = curve(PlainTrainer(tiny_dataset()), tiny_run(label_smoothing=0.3, **still), 1)[0]
    weighted = curve(PlainTrainer(tiny_dataset(class_weights=weights)), tiny_run(**still), 1)[0]
    assert smooth.train_loss == plain.train_loss and weighted.train_loss == plain.train_loss
    assert smooth.gradient_norm != plain.gradient_norm
    assert weighted.gradient_norm != plain.gradient_norm


@pytest.mark.parametrize(
    "values",
    [
        {"weight_decay": 0.1}, {"l1": 0.01}, {"max_norm": 0.5}, {"gradient_clip_norm": 0.1},
        {"label_smoothing": 0.2}, {"dropout": 0.4}, {"input_dropout": 0.4}, {"momentum": 0.1},
        {"schedule": "cosine"}, {"schedule": "exponential"}, {"schedule": "one_cycle"},
        {"schedule": "coslog"}, {"schedule": "flat_cosine", "max_epochs": 3},
        {"bias_rate_factor": 0.1}, {"first_layer_rate_factor": 3.0},
        {"regularization_schedule": "flat_cosine", "dropout": 0.4, "max_epochs": 3},
        {"regularization_schedule": "flat_cosine", "weight_decay": 0.1, "max_epochs": 3},
        {"weight_averaging": 2.0},
        {"schedule": "step", "decay_fraction": 0.2}, {"warmup_fraction": 0.5},
        {"optimizer": "adam"}, {"optimizer": "adam", "adam_beta2": 0.95}, {"batch_size": None},
        {"shape": "funnel", "n_layers": 3, "hidden_size": 32}, {"scaling": "min_max"},
        {"scaling": "robust"}, {"scaling": "quantile"}, {"normalization": "layer_norm"},
        {"initialization": "normal"}, {"initialization": "zeros"}, {"activation": "silu"},
        {"residual": "every_layer"},
        {"initialization": "data_driven"}, {"output_initialization": "zero"},
        {"activation_mixing": "learned"},
    ],
    ids=str,
)  # fmt: skip
def test_every_hyperparameter_changes_the_curve(values: dict[str, object]) -> None:
    common = {"optimizer": "momentum", "max_epochs": 5, "n_layers": 2}
    base = {name: value for name, value in values.items() if name in ("n_layers", "hidden_size")}
    for switch in ("optimizer", "dropout", "weight_decay"):  # what comes with it is compared
        if len(values) > 1 and switch in values:
            base[switch] = values[switch]
    usual = curve(PlainTrainer(tiny_dataset()), tiny_run(**{**common, **base}), 3)
    other = curve(PlainTrainer(tiny_dataset()), tiny_run(**{**common, **values}), 3)
    assert other[-1].valid_loss != usual[-1].valid_loss


def test_max_norm_bounds_every_units_weights() -> None:
    trainer = PlainTrainer(tiny_dataset())
    curve(trainer, tiny_run(max_norm=0.3, learning_rate=0.1), 2)
    for name, values in trainer.checkpoint(1).weights.items():
        if name.endswith("weight"):
            assert values.norm(dim=1).max() <= 0.3 + 1e-6


def test_l1_makes_weights_small_that_l2_leaves_larger() -> None:
    def smallest(**penalty: float) -> float:
        trainer = PlainTrainer(tiny_dataset())
        curve(trainer, tiny_run(optimizer="sgd", learning_rate=0.1, **penalty), 30)
        return trainer.checkpoint(1).weights["hidden.0.linear.weight"].abs().median().item()

    assert smallest(l1=0.02) < 0.2 * smallest(weight_decay=0.02)


def test_switch_to_sgd_is_adam_first_and_momentum_from_zero_after() -> None:
    switching = {"schedule": "switch_to_sgd", "switch_fraction": 0.5, "max_epochs": 4}
    trainer = PlainTrainer(tiny_dataset())
    records = curve(trainer, tiny_run(optimizer="adam", **switching), 2)
    adam = curve(PlainTrainer(tiny_dataset()), tiny_run(optimizer="adam", max_epochs=4), 3)
    assert [r.valid_loss for r in records] == [r.valid_loss for r in adam[:2]]
    assert "second_moment.output.weight" in trainer.checkpoint(1).optimizer
    assert trainer.train_round()[0].valid_loss != adam[2].valid_loss
    assert not any(name.startswith("second") for name in trainer.checkpoint(1).optimizer)


def test_deadline_reaches_the_other_runs_first_in_the_next_round() -> None:
    trainer = PlainTrainer(tiny_dataset())
    trainer.add([tiny_run(1), tiny_run(2), tiny_run(3)])
    trainer.train_round()
    trainer._runs[2] = trainer._runs.pop(2)  # as if the deadline had cut off after 1 and 3
    assert [record.run_id for record in trainer.train_round()] == [1, 3, 2]
    assert trainer.active == (1, 2, 3)


def test_train_loss_of_many_rows_is_measured_on_ten_thousand() -> None:
    dataset = tiny_dataset(n_rows=20_000)
    run = tiny_run(batch_size=None, hidden_size=4, n_layers=1, learning_rate=1e-9)
    record = curve(PlainTrainer(dataset), run, 1)[0]
    share = record.train_metric * 10_000
    assert share == pytest.approx(round(share), abs=1e-6)


def test_float64_data_is_converted_once_and_float32_is_not_copied() -> None:
    dataset = tiny_dataset()
    trainer = PlainTrainer(dataset)
    trainer.add([tiny_run()])
    numbers = trainer._runs[1].data.train.arguments[0]
    assert numbers.data_ptr() == dataset.folds[0].train.inputs.numeric.data_ptr()


@pytest.mark.parametrize(
    "values", [{"n_layers": 0}, {"batch_size": 1}, {"hidden_size": 1}], ids=str
)
def test_smallest_networks_and_batches_train(values: dict[str, int]) -> None:
    run = tiny_run(**{**values, "input_dropout": 0.1})
    assert curve(PlainTrainer(tiny_dataset()), run, 2)[-1].is_finite


def test_data_of_categories_alone_trains() -> None:
    dataset = tiny_dataset(with_categories=True)
    fold = dataset.folds[0]
    nothing = AffineScaling(torch.empty(0), torch.empty(0))

    def no_numbers(rows: Split) -> torch.Tensor:
        return rows.inputs.numeric[:, :0]

    bare = [
        Split(
            TableInputs(no_numbers(split), no_numbers(split), split.inputs.categories),
            split.targets,
        )
        for split in (fold.train, fold.valid, fold.test)
    ]
    scalings = dict.fromkeys(fold.encoding.scalings, nothing)
    bare_fold = Fold(*bare, TableEncoding(scalings, fold.encoding.cardinalities))
    dataset = dataclasses.replace(dataset, folds=(bare_fold,))
    assert curve(PlainTrainer(dataset), tiny_run(), 2)[-1].is_finite
