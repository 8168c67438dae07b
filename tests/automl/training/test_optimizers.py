from __future__ import annotations

import pytest
import torch
from torch import nn

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import MLP
from automl.models.parameter_roles import penalized
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.training import optimizers
from automl.training.config import TrainingConfig
from search_spaces.hyperparameters import hyperparameter

OPTIMIZERS = hyperparameter("optimizer").words

NO_CATEGORIES = torch.empty(20, 0, dtype=torch.int64)


def model_with_gradients(seed: int = 0) -> MLP:
    config = MLPConfig(2, 6, activation="prelu", normalization="layer_norm")
    model = MLP(config, 4, 3, (5,), dtype=torch.float64)
    initialize_(model, seed)
    inputs = torch.linspace(-1, 1, 80, dtype=torch.float64).reshape(20, 4)
    model(inputs, torch.arange(20)[:, None] % 5).square().mean().backward()
    return model


def gradients(model: nn.Module) -> list[torch.Tensor]:
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


def test_moments_are_known_for_every_optimizer() -> None:
    assert tuple(optimizers.MOMENTS) == OPTIMIZERS


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_acts_on_matrices_only(name: str) -> None:
    model = model_with_gradients()
    for parameter in model.parameters():
        nn.init.ones_(parameter)
        parameter.grad = torch.zeros_like(parameter)
    training = TrainingConfig(optimizer=name, learning_rate=0.1, weight_decay=0.5)
    optimizers.make_optimizer(name, training, model).step()
    for parameter in model.parameters():
        assert (parameter < 1).all() if parameter.ndim == 2 else (parameter == 1).all()


class Zoo(nn.Module):
    """A module of each kind that networks on tables, series and images are made of."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)
        self.series = nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.PReLU())
        self.image = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.GroupNorm(2, 4))
        self.turned = nn.ConvTranspose2d(4, 2, 3)
        self.words = nn.Embedding(7, 4)
        self.by_shape = nn.LayerNorm((4, 5, 5))  # its gain and shift have three dimensions
        self.pair = nn.Bilinear(2, 3, 4)
        self.attention = nn.MultiheadAttention(4, 2, add_bias_kv=True)
        self.tied = self.linear


DECAYED = {
    "linear.weight",
    "series.0.weight",
    "image.0.weight",
    "turned.weight",
    "words.weight",
    "pair.weight",
    "attention.in_proj_weight",
    "attention.out_proj.weight",
}


def test_what_decays_is_said_by_what_a_parameter_is() -> None:
    model = Zoo()
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decayed, others = (
        [names[id(parameter)] for parameter in group["params"]]
        for group in optimizers.make_optimizer(
            "adamw", TrainingConfig(weight_decay=0.1), model
        ).param_groups
    )
    assert set(decayed) == DECAYED
    assert sorted(decayed + others) == sorted(names.values()), "each in one group, and once"


@pytest.mark.parametrize("activation", ["prelu", "maxout"])
@pytest.mark.parametrize("normalization", ["batch_norm", "layer_norm"])
def test_the_stacked_twin_penalizes_the_same_parameters(
    activation: str, normalization: str
) -> None:
    config = MLPConfig(2, 8, activation=activation, normalization=normalization)
    model = MLP(config, 4, 3, (5,))
    blocks = StackBlocks(StackLayout.of([config], 4, (5,), 3), device="cpu", dtype=torch.float32)
    for block in blocks.matrices:
        block.fill_(1.0)
    stacked = {name for name, values in blocks.read(0).items() if values.any()}
    known = set(map(id, penalized(model)))
    assert stacked == {n for n, parameter in model.named_parameters() if id(parameter) in known}


def test_only_adamw_decouples_the_decay() -> None:
    """Adam divides the penalty's gradient by its own size, so its step ignores how large it is."""

    def decayed(name: str, weight_decay: float) -> float:
        model = model_with_gradients()
        nn.init.ones_(model.output.weight)
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        training = TrainingConfig(learning_rate=0.1, weight_decay=weight_decay)
        optimizers.make_optimizer(name, training, model).step()
        return 1 - model.output.weight[0, 0].item()

    assert decayed("adamw", 0.2) == pytest.approx(0.1 * 0.2)
    assert decayed("adam", 0.2) == pytest.approx(0.1) == decayed("adam", 0.02)


def test_l1_is_the_gradient_of_the_sum_of_absolute_weights() -> None:
    model = model_with_gradients()
    before = [gradient.clone() for gradient in gradients(model)]
    optimizers.add_l1_(penalized(model), 0.3)
    added = [after - b for after, b in zip(gradients(model), before, strict=True)]
    penalty = 0.3 * sum(weight.abs().sum() for weight in penalized(model))
    expected = torch.autograd.grad(penalty, penalized(model))
    matrices = [change for change in added if change.ndim == 2]
    for found, wanted in zip(matrices, expected, strict=True):
        torch.testing.assert_close(found, wanted)
    assert not any(change.any() for change in added if change.ndim == 1)


@pytest.mark.parametrize("clip_norm", [0.01, 100.0])
def test_clipping_is_torchs(clip_norm: float) -> None:
    ours, torchs = model_with_gradients(), model_with_gradients()
    norm = optimizers.gradient_norm(list(ours.parameters()))
    optimizers.clip_(list(ours.parameters()), norm, clip_norm)
    expected_norm = nn.utils.clip_grad_norm_(torchs.parameters(), clip_norm)
    torch.testing.assert_close(norm, expected_norm)
    for found, wanted in zip(gradients(ours), gradients(torchs), strict=True):
        torch.testing.assert_close(found, wanted)


def test_max_norm_shortens_long_rows_and_leaves_short_ones() -> None:
    model = model_with_gradients()
    with torch.no_grad():
        model.output.weight[0] *= 100
        model.output.weight[1] *= 1e-3
        model.output.weight[2] = 0
    before = model.output.weight.detach().clone()
    optimizers.limit_norms_(model, 0.7)
    after = model.output.weight.detach()
    assert after[0].norm().item() == pytest.approx(0.7)
    torch.testing.assert_close(after[0] / after[0].norm(), before[0] / before[0].norm())
    assert torch.equal(after[1:], before[1:])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_moments_carry_an_optimizer_over(name: str) -> None:
    def steps(model: MLP, optimizer: torch.optim.Optimizer, n_steps: int) -> None:
        for _ in range(n_steps):
            optimizer.step()

    training = TrainingConfig(optimizer=name, learning_rate=0.05, momentum=0.8)
    whole, part = model_with_gradients(), model_with_gradients()
    steps(whole, optimizers.make_optimizer(name, training, whole), 5)
    first = optimizers.make_optimizer(name, training, part)
    assert not any(
        moment.any() for moment in optimizers.read_moments(name, first, part, 0).values()
    )
    steps(part, first, 3)
    second = optimizers.make_optimizer(name, training, part)
    moments = optimizers.read_moments(name, first, part, 3)
    optimizers.write_moments(name, second, part, moments, step=3)
    steps(part, second, 2)
    for found, wanted in zip(part.parameters(), whole.parameters(), strict=True):
        assert torch.equal(found, wanted)


def test_learning_rate_is_set_for_all_groups() -> None:
    model = model_with_gradients()
    optimizer = optimizers.make_optimizer("adam", TrainingConfig(weight_decay=0.1), model)
    optimizers.set_learning_rate(optimizer, 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_parameter_with_a_factor_goes_so_much_further(name: str) -> None:
    def way(factor: float) -> dict[str, torch.Tensor]:
        model = model_with_gradients()
        before = {key: values.detach().clone() for key, values in model.named_parameters()}
        training = TrainingConfig(
            optimizer=name,
            weight_decay=0.1,
            bias_rate_factor=factor,
            first_layer_rate_factor=factor,
        )
        optimizer = optimizers.make_optimizer(name, training, model)
        optimizers.set_learning_rate(optimizer, 0.01)
        optimizer.step()
        return {key: values.detach() - before[key] for key, values in model.named_parameters()}

    usual, other = way(1.0), way(0.25)
    faster = {"hidden.0.linear.weight", *(key for key in usual if key.endswith("linear.bias"))}
    for key, wanted in usual.items():
        factor = 0.25 if key in faster | {"output.bias"} else 1.0
        torch.testing.assert_close(other[key], factor * wanted)
