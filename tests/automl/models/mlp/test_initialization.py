from __future__ import annotations

import math

import pytest
import torch

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import INITIALIZATIONS, initialize_
from automl.models.mlp.network import MLP

N_IN, N_OUT = 300, 200
VARIANCES = {
    "normal": 0.01**2,
    "xavier": 2 / (N_IN + N_OUT),
    "he": 4 / (N_IN + N_OUT),
    "he_fan_in": 2 / N_IN,
}


def initialized(initialization: str, seed: int = 0, **values: object) -> MLP:
    config = MLPConfig(n_layers=1, hidden_size=N_OUT, initialization=initialization, **values)
    model = MLP(config, N_IN, 3)
    initialize_(model, seed)
    return model


@pytest.mark.parametrize("initialization", VARIANCES)
def test_weights_are_normal_with_the_rules_variance(initialization: str) -> None:
    weight = initialized(initialization).layers[0].linear.weight.detach().double().flatten()
    variance = VARIANCES[initialization]
    n = len(weight)
    assert weight.var().item() == pytest.approx(variance, rel=4 * math.sqrt(2 / n))
    assert abs(weight.mean().item()) < 4 * math.sqrt(variance / n)
    kurtosis = ((weight - weight.mean()) / weight.std()).pow(4).mean().item()
    assert kurtosis == pytest.approx(3, abs=4 * math.sqrt(24 / n)), "not a normal distribution"


def test_fan_out_of_maxout_counts_units_and_not_pieces() -> None:
    weight = initialized("xavier", activation="maxout").layers[0].linear.weight.detach()
    assert weight.shape == (2 * N_OUT, N_IN)
    assert weight.var().item() == pytest.approx(VARIANCES["xavier"], rel=0.03)


def test_zeros_are_zeros() -> None:
    model = initialized("zeros")
    assert all(not linear.weight.any() for linear in model.linears)


@pytest.mark.parametrize("activation", ["relu", "maxout"])
def test_orthogonal_rows_have_length_one_and_are_perpendicular(activation: str) -> None:
    weight = initialized("orthogonal", activation=activation).layers[0].linear.weight.detach()
    for piece in weight.double().split(N_OUT):
        torch.testing.assert_close(
            piece @ piece.T, torch.eye(N_OUT, dtype=torch.float64), atol=1e-5, rtol=0
        )


def test_orthogonal_is_uniform_and_not_tied_to_the_signs_of_the_decomposition() -> None:
    corners = []
    for seed in range(200):
        model = MLP(MLPConfig(n_layers=1, hidden_size=4, initialization="orthogonal"), 4, 2)
        initialize_(model, seed)
        corners.append(model.layers[0].linear.weight[0, 0].item())
    assert abs(sum(corners) / 200) < 4 * 0.5 / math.sqrt(200)


@pytest.mark.parametrize("initialization", INITIALIZATIONS)
def test_biases_are_zero(initialization: str) -> None:
    assert all(not linear.bias.any() for linear in initialized(initialization).linears)


def test_weights_are_a_function_of_the_seed() -> None:
    first, again, other = (initialized("he", seed) for seed in (7, 7, 8))
    assert torch.equal(first.output.weight, again.output.weight)
    assert not torch.equal(first.output.weight, other.output.weight)


def test_layers_draw_independently_of_one_another() -> None:
    """Depth changes nothing in the layers that both networks have."""
    models = [MLP(MLPConfig(n_layers=depth, hidden_size=20), 20, 20) for depth in (1, 3)]
    for model in models:
        initialize_(model, 3)
    shallow, deep = models
    assert torch.equal(shallow.layers[0].linear.weight, deep.layers[0].linear.weight)
    first, second = (layer.linear.weight.detach().flatten() for layer in deep.layers[:2])
    assert abs(torch.corrcoef(torch.stack([first, second]))[0, 1].item()) < 0.2


def test_precision_does_not_change_the_draw() -> None:
    config = MLPConfig(n_layers=1, hidden_size=8)
    single, double = MLP(config, 5, 2), MLP(config, 5, 2, dtype=torch.float64)
    initialize_(single, 1)
    initialize_(double, 1)
    assert torch.equal(single.output.weight, double.output.weight.float())


def test_embeddings_have_variance_one_over_their_width_under_every_rule() -> None:
    model = MLP(MLPConfig(initialization="zeros"), 3, 2, cardinalities=(1000, 1000))
    initialize_(model, 2)
    tables = [table.weight.detach() for table in model.embeddings]
    assert tables[0].var().item() == pytest.approx(1 / tables[0].shape[1], rel=0.03)
    assert not torch.equal(*tables)
