"""The plain trainer with networks of all kinds: the contract of families, and odd modules."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.data.dataset import DataDescription
from automl.models.family import Family, find_family, import_family
from automl.models.parameter_roles import trainable
from automl.training.config import RunConfig, TrainingConfig
from automl.training.plain import PlainTrainer
from automl.training.trainer import RunError
from tests.contracts.family_contract import FamilyContract, without_layers
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.toy_family import ToyConfig
from tests.contracts.trainer_contract import TOY, curve

OF_A_PERSON = """
from dataclasses import dataclass
from torch import nn
from automl.models.family import Family

@dataclass(frozen=True)
class Config:
    width: int = 8

class Nets(Family):
    config_class = Config

    def build(self, config, data):
        return nn.Sequential(
            nn.Linear(data.n_features, config.width), nn.Tanh(), nn.Dropout(0.1),
            nn.Linear(config.width, data.n_outputs),
        )

FAMILY = Nets()
"""


class TestMLP(FamilyContract):
    family, params = "mlp", {"dropout": 0.2, "normalization": "batch_norm", "hidden_size": 12}


class TestToy(FamilyContract):
    family, params = TOY, {"width": 12}


class TestToyConvolution(FamilyContract):
    family, params = TOY, {"kind": "convolution"}


class TestFamilyInAFolder(FamilyContract):
    """Its module lies in a folder of a person's, and nothing else knows of it."""

    family, params = "nets_of_a_person:FAMILY", {"width": 10}

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        (tmp_path / "nets_of_a_person.py").write_text(OF_A_PERSON)
        monkeypatch.syspath_prepend(str(tmp_path))
        import_family(self.family)
        yield
        sys.modules.pop("nets_of_a_person")
        find_family.cache_clear()


class Built(Family):
    """A family of one module, made by a function."""

    config_class = ToyConfig
    make: Callable[[], nn.Module]

    def build(self, config: ToyConfig, data: DataDescription) -> nn.Module:
        return type(self).make()


ODD = Built()


def odd_run(make: Callable[[], nn.Module], **training: Any) -> RunConfig:
    Built.make = staticmethod(make)
    training = {"batch_size": 16, "learning_rate": 0.05, **training}
    name = f"{__name__}:ODD"
    return RunConfig(1, 1, name, ToyConfig(), TrainingConfig(**training), seed=5)


class Tied(nn.Module):
    """What goes out has the weights of what comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(5, 5)
        self.second = nn.Linear(5, 5)
        self.second.weight = self.first.weight

    def forward(self, inputs: Tensor) -> Tensor:
        return self.second(torch.tanh(self.first(inputs)))[:, :3]


class SkipsAtRandom(nn.Module):
    """A layer that is used in some steps only, after training=... was forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.always, self.sometimes = nn.Linear(5, 5), nn.Linear(5, 5)
        self.output = nn.Linear(5, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        values = torch.relu(self.always(inputs))
        if torch.rand(()) < 0.5:
            values = values + self.sometimes(values)
        outputs: Tensor = self.output(functional.dropout(values, 0.1))
        return outputs


class Overwrites(nn.Module):
    """In place wherever one can, and what it returns is a view."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(5, 6), nn.ReLU(inplace=True))

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.net(inputs)
        return outputs.unflatten(1, (2, 3))[:, 0]


class Halved(nn.Module):
    """Computes in half precision by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(5, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs).to(torch.bfloat16)


class Images(nn.Module):
    """Filters of four dimensions, and a gain of three: rows are images of 1 x 5 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Conv2d(1, 4, (1, 3), padding=(0, 1))
        self.norm = nn.LayerNorm((4, 1, 5))
        self.output = nn.Linear(20, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        values = self.norm(self.filters(inputs[:, None, None]))
        outputs: Tensor = self.output(torch.relu(values).flatten(1))
        return outputs


class Frozen(nn.Module):
    """A body that is not trained, with a table of whole numbers, and a head that is."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(5, 6).requires_grad_(False)
        self.codes = nn.Parameter(torch.arange(6), requires_grad=False)
        self.head = nn.Linear(6, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.head(torch.relu(self.body(inputs))[:, self.codes])
        return outputs


class Counts(nn.Module):
    """Buffers that training moves, in place and by taking others."""

    seen: Tensor
    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(5))
        self.linear = nn.Linear(5, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training:
            self.seen += 1
            self.mean = 0.9 * self.mean + 0.1 * inputs.detach().mean(0)
        outputs: Tensor = self.linear(inputs - self.mean)
        return outputs


def test_only_steps_move_buffers() -> None:
    trainer = PlainTrainer(tiny_dataset())
    curve(trainer, odd_run(Counts), 2)  # both epochs are measured
    assert trainer.checkpoint(1).weights["seen"] == 12


MODULES = [Counts, Tied, SkipsAtRandom, Overwrites, Halved, Images, Frozen]
REGULARIZED = {"weight_decay": 1e-2, "l1": 1e-4, "max_norm": 2.0, "gradient_clip_norm": 1.0}


@pytest.mark.parametrize("make", MODULES)
@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "momentum"])
def test_odd_modules_train_and_go_on_to_the_last_bit(
    make: Callable[[], nn.Module], optimizer: str
) -> None:
    run = odd_run(make, optimizer=optimizer, **REGULARIZED)
    whole = curve(PlainTrainer(tiny_dataset()), run, 6)
    assert whole[-1].train_loss < whole[0].train_loss
    trainer = PlainTrainer(tiny_dataset())
    curve(trainer, run, 2)
    rest = curve(PlainTrainer(tiny_dataset()), trainer.checkpoint(1), 4)
    assert without_layers(rest) == without_layers(whole[2:])


@pytest.mark.parametrize("make", MODULES)
def test_every_parameter_that_can_be_trained_moves_and_no_other(
    make: Callable[[], nn.Module],
) -> None:
    """With weight decay, filters of four dimensions were once in no group of the optimizer."""
    trainer = PlainTrainer(tiny_dataset())
    trainer.add([odd_run(make, weight_decay=1e-2)])
    state = trainer._runs[1]
    module = state.network.module
    groups = [id(one) for group in state.optimizer.param_groups for one in group["params"]]
    assert sorted(groups) == sorted(map(id, trainable(module))), "each once"
    before = {name: value.clone() for name, value in module.named_parameters()}
    trainer.train_round()
    moved = {name for name, value in module.named_parameters() if (value != before[name]).any()}
    assert moved == {name for name, value in module.named_parameters() if value.requires_grad}


def test_data_are_not_changed_by_what_a_module_writes_into_its_inputs() -> None:
    dataset = tiny_dataset()
    trainer = PlainTrainer(dataset)
    trainer.add([odd_run(Overwrites)])
    rows = trainer._runs[1].data
    before = [each.arguments[0].clone() for each in (rows.train, rows.valid)]
    trainer.train_round()
    after = [each.arguments[0] for each in (rows.train, rows.valid)]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_channels_last_changes_where_numbers_lie_and_not_what_is_learned() -> None:
    run = odd_run(Images, max_norm=0.5)
    usual = curve(PlainTrainer(tiny_dataset()), run, 3)
    trainer = PlainTrainer(tiny_dataset(), channels_last=True)
    turned = curve(trainer, run, 3)
    for one, other in zip(usual, turned, strict=True):
        assert one.valid_loss == pytest.approx(other.valid_loss, rel=1e-4)
    checkpoint = trainer.checkpoint(1)
    assert all(each.is_contiguous() for each in checkpoint.weights.values())
    again = PlainTrainer(tiny_dataset(), channels_last=True)
    (whole,) = trainer.train_round()
    (rest,) = curve(again, checkpoint, 1)
    assert (rest.train_loss, rest.valid_loss) == (whole.train_loss, whole.valid_loss)
    filters = checkpoint.weights["filters.weight"]
    assert torch.linalg.vector_norm(filters.flatten(1), dim=1).max() <= 0.5 + 1e-6


class Unmeasurable(nn.Module):
    """Hooks find a layer whose outputs are no tensor, and one that does not learn."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(5, 3)
        self.weights = nn.Parameter(torch.eye(3))

    def forward(self, inputs: Tensor) -> Tensor:
        if torch.is_grad_enabled() and len(inputs) == 90:
            raise RuntimeError("the rows that are measured come all at once")
        outputs: Tensor = self.linear(inputs) @ self.weights
        return outputs


def test_what_cannot_be_measured_is_left_out() -> None:
    trainer = PlainTrainer(tiny_dataset())
    records = curve(trainer, odd_run(Unmeasurable), 2)
    assert all(record.is_finite and not record.layers for record in records)
    assert trainer.take_begun()[0].layers == ()


def test_an_error_is_that_of_its_run() -> None:
    trainer = PlainTrainer(tiny_dataset())
    trainer.add([odd_run(lambda: nn.Linear(5, 7))])
    with pytest.raises(RunError, match="run 1 raised") as raised:
        trainer.train_round()
    assert "3 outputs per row, (16, 3) for these 16 rows" in str(raised.value.__cause__)
