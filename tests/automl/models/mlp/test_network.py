from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from automl.data.table.inputs import InputScaling
from automl.models.mlp.config import MLPConfig, usual_embedding_size
from automl.models.mlp.family import MLP_FAMILY
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import ACTIVATIONS, MLP, HiddenLayer
from automl.models.parameter_roles import penalized
from tests.contracts.tiny_datasets import tiny_dataset

NO_CATEGORIES = torch.empty(6, 0, dtype=torch.int64)


def network(config: MLPConfig, n_features: int = 3, n_outputs: int = 2) -> MLP:
    model = MLP(config, n_features, n_outputs, dtype=torch.float64)
    initialize_(model, seed=1)
    return model


def inputs(n_features: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(6, n_features, generator=generator, dtype=torch.float64)


def test_constant_shape_repeats_the_width() -> None:
    assert MLPConfig(n_layers=3, hidden_size=20).hidden_sizes == (20, 20, 20)


@pytest.mark.parametrize(
    ("hidden_size", "sizes"),
    [(64, (64, 32, 16, 8, 8)), (20, (20, 10, 8, 8, 8)), (5, (5, 5, 5, 5, 5))],
)
def test_funnel_halves_down_to_eight(hidden_size: int, sizes: tuple[int, ...]) -> None:
    config = MLPConfig(n_layers=5, hidden_size=hidden_size, shape="funnel")
    assert config.hidden_sizes == sizes


def test_network_without_hidden_layers_is_linear() -> None:
    model = network(MLPConfig(n_layers=0))
    expected = functional.linear(inputs(), model.output.weight, model.output.bias)
    assert torch.equal(model(inputs(), NO_CATEGORIES), expected)


REFERENCES = {
    "sigmoid": lambda z: 1 / (1 + torch.exp(-z)),
    "tanh": lambda z: (torch.exp(z) - torch.exp(-z)) / (torch.exp(z) + torch.exp(-z)),
    "relu": lambda z: z * (z > 0),
    "leaky_relu": lambda z: torch.where(z > 0, z, 0.01 * z),
    "prelu": lambda z: torch.where(z > 0, z, 0.25 * z),
    "elu": lambda z: torch.where(z > 0, z, torch.exp(z) - 1),
    "gelu": lambda z: z * 0.5 * (1 + torch.erf(z / math.sqrt(2))),
    "silu": lambda z: z / (1 + torch.exp(-z)),
    "mish": lambda z: z * torch.tanh(torch.log(1 + torch.exp(z))),
    "selu": lambda z: 1.0507009873554805 * torch.where(z > 0, z, 1.6732632423543772 * z.expm1()),
    "maxout": lambda z: z.reshape(6, 2, 4).amax(dim=1),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_is_its_formula(activation: str) -> None:
    config = MLPConfig(n_layers=1, hidden_size=4, activation=activation)
    layer = network(config).layers[0]
    linear = inputs() @ layer.linear.weight.T + layer.linear.bias
    assert linear.shape == (6, 8 if activation == "maxout" else 4)
    torch.testing.assert_close(layer(inputs()), REFERENCES[activation](linear))


def test_prelu_has_one_learnable_slope_per_layer() -> None:
    model = network(MLPConfig(n_layers=2, activation="prelu"))
    slopes = [layer.slope for layer in model.layers]
    assert [slope.item() for slope in slopes if slope is not None] == [0.25, 0.25]
    model(inputs(), NO_CATEGORIES).sum().backward()
    assert all(slope is not None and slope.grad is not None for slope in slopes)


def test_a_unit_that_mixes_learns_its_share_of_the_activation() -> None:
    config = MLPConfig(n_layers=1, activation="tanh", activation_mixing="learned")
    layer = network(config).layers[0]
    assert layer.mixing is not None and layer.mixing.tolist() == [1.0] * 64
    linear = inputs() @ layer.linear.weight.T + layer.linear.bias
    torch.testing.assert_close(layer(inputs()), torch.tanh(linear))
    with torch.no_grad():
        layer.mixing[:] = torch.linspace(-1, 2, 64)
    mixed = layer.mixing * torch.tanh(linear) + (1 - layer.mixing) * linear
    torch.testing.assert_close(layer(inputs()), mixed)
    layer(inputs()).sum().backward()
    torch.testing.assert_close(layer.mixing.grad, (torch.tanh(linear) - linear).sum(0))
    assert all(values is not layer.mixing for values in penalized(layer))


@pytest.mark.parametrize("activation", ["prelu", "maxout"])
def test_what_learns_its_shape_already_does_not_mix(activation: str) -> None:
    config = MLPConfig(n_layers=1, activation=activation, activation_mixing="learned")
    assert network(config).layers[0].mixing is None


def test_a_residual_layer_adds_its_inputs_where_the_widths_agree() -> None:
    config = MLPConfig(n_layers=4, hidden_size=32, shape="funnel", residual="every_layer")
    assert config.hidden_sizes == (32, 16, 8, 8)
    assert [layer.skips for layer in network(config).layers] == [False, False, False, True]
    model = network(MLPConfig(n_layers=3, hidden_size=3, residual="every_layer"))
    first, second, third = model.layers  # the inputs are as wide, but of another kind
    assert [first.skips, second.skips, third.skips] == [False, True, True]
    masks = [torch.full((6, 3), factor, dtype=torch.float64) for factor in (2.0, 0.5, 0.0)]
    values = 2 * first.activate(inputs())
    values = values + 0.5 * second.activate(values)  # of the third layer the branch is dropped
    found = model(inputs(), NO_CATEGORIES, [None, *masks])
    torch.testing.assert_close(found, model.output(values))


def test_batch_norm_centres_each_unit_over_the_batch_and_its_linear_map_has_no_bias() -> None:
    layer = network(MLPConfig(n_layers=1, normalization="batch_norm", activation="tanh")).layers[0]
    assert layer.linear.bias is None
    normalized = torch.atanh(layer(inputs()).detach())
    torch.testing.assert_close(normalized.mean(0), torch.zeros_like(normalized[0]))
    assert normalized.var(0, correction=0) == pytest.approx(1, abs=0.01)


def test_layer_norm_centres_each_row_over_the_units() -> None:
    layer = network(MLPConfig(n_layers=1, normalization="layer_norm", activation="tanh")).layers[0]
    normalized = torch.atanh(layer(inputs()).detach())
    torch.testing.assert_close(normalized.mean(1), torch.zeros_like(normalized[:, 0]))


def test_inputs_are_scaled_before_anything_else() -> None:
    scaling = InputScaling(torch.tensor([1.0, 2.0, 0.0]), torch.tensor([0.5, 4.0, 1.0]))
    model = MLP(MLPConfig(), 3, 2, scaling=scaling)
    scaled = model.encode(torch.tensor([[3.0, 3.0, 3.0]]), NO_CATEGORIES[:1])
    assert scaled.tolist() == [[1.0, 4.0, 3.0]]
    scaling.shift[0] = 9.0
    assert model.input_shift[0] == 1.0, "the network keeps a copy"


def test_embeddings_stand_beside_the_inputs() -> None:
    model = MLP(MLPConfig(), 3, 2, cardinalities=(4, 9))
    initialize_(model, 0)
    codes = torch.tensor([[3, 0], [1, 8]])
    encoded = model.encode(torch.zeros(2, 3), codes)
    assert encoded.shape == (2, 3 + usual_embedding_size(4) + usual_embedding_size(9))
    assert torch.equal(encoded[0, 3 : 3 + usual_embedding_size(4)], model.embeddings[0].weight[3])


def test_embeddings_have_the_size_that_is_chosen() -> None:
    model = MLP(MLPConfig(embedding_size=2), 3, 2, cardinalities=(4, 9))
    initialize_(model, 0)
    assert [tuple(table.weight.shape) for table in model.embeddings] == [(4, 2), (9, 2)]
    assert model.encode(torch.zeros(1, 3), torch.tensor([[3, 8]])).shape == (1, 3 + 2 + 2)


def test_embedding_size_grows_slowly_and_stops_at_fifty() -> None:
    assert [usual_embedding_size(n) for n in (2, 10, 100, 10_000)] == [3, 6, 22, 50]


def test_masks_act_on_inputs_and_after_each_layer() -> None:
    model = network(MLPConfig(n_layers=1, hidden_size=4, activation="sigmoid"))
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.rand(6, n, generator=generator).double() for n in (3, 4))
    hidden = torch.sigmoid(
        functional.linear(inputs() * first, *model.layers[0].linear.parameters())
    )
    expected = functional.linear(hidden * second, model.output.weight, model.output.bias)
    torch.testing.assert_close(model(inputs(), NO_CATEGORIES, [first, second]), expected)
    unmasked = model(inputs(), NO_CATEGORIES, [None, None])
    assert torch.equal(unmasked, model(inputs(), NO_CATEGORIES))


def test_building_a_network_leaves_torchs_generator_alone() -> None:
    before = torch.get_rng_state()
    network(MLPConfig(normalization="batch_norm"))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("activation", ["relu", "prelu", "maxout"])
@pytest.mark.parametrize("normalization", ["none", "batch_norm", "layer_norm"])
def test_parameters_are_counted_without_building(activation: str, normalization: str) -> None:
    dataset = tiny_dataset(with_categories=True)
    config = MLPConfig(3, 16, "funnel", activation, normalization=normalization)
    model = MLP(config, 5, 3, (4, 9))
    assert MLP_FAMILY.n_parameters(config, dataset.describe()) == sum(
        p.numel() for p in model.parameters()
    )
    assert all(isinstance(layer, HiddenLayer) for layer in model.hidden)


def test_learned_factors_start_at_one_and_multiply_all_inputs() -> None:
    model = MLP(MLPConfig(input_scaling="learned"), 3, 2, (4,), dtype=torch.float64)
    initialize_(model, 0)
    inputs, codes = torch.randn(5, 3, dtype=torch.float64), torch.arange(5)[:, None] % 4
    assert model.input_gain is not None and not any(
        model.input_gain is w for w in penalized(model)
    )
    before = model.encode(inputs, codes)
    with torch.no_grad():
        model.input_gain.copy_(torch.arange(model.n_inputs))
    torch.testing.assert_close(model.encode(inputs, codes), before * torch.arange(model.n_inputs))
    plain = MLP(MLPConfig(), 3, 2, (4,), dtype=torch.float64)
    initialize_(plain, 0)
    torch.testing.assert_close(plain.encode(inputs, codes), before)
    assert "input_gain" not in plain.state_dict()
