"""First weights that are fitted to train rows."""

from __future__ import annotations

import pytest
import torch

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.data_driven import FITTED_ROWS, fitted_network
from automl.models.mlp.network import MLP

N_ROWS = 4 * FITTED_ROWS
CODES = torch.arange(N_ROWS)[:, None] % 7


def numbers() -> torch.Tensor:
    """Columns of very different spread, and one that is constant."""
    generator = torch.Generator().manual_seed(3)
    drawn = torch.randn(N_ROWS, 5, generator=generator) * torch.tensor([0.01, 1.0, 30.0, 2.0, 0.0])
    return drawn + 4


def fitted(rows: torch.Tensor | None = None, seed: int = 1, **values: object) -> MLP:
    config = MLPConfig(initialization="data_driven", hidden_size=40, n_layers=3, **values)
    rows = numbers() if rows is None else rows
    return fitted_network(MLP(config, 5, 3, (7,)), seed, (rows, CODES[: len(rows)]))


@pytest.mark.parametrize(
    "values",
    [{}, {"activation": "tanh"}, {"activation": "maxout"}, {"normalization": "layer_norm"},
     {"normalization": "batch_norm"}, {"n_members": 3},
     {"activation": "selu", "activation_mixing": "learned"}],
    ids=str,
)  # fmt: skip
def test_what_each_linear_map_gives_on_the_rows_has_standard_deviation_one(
    values: dict[str, object],
) -> None:
    rows = numbers()[:FITTED_ROWS]  # all of them are the rows that are fitted to
    model = fitted(rows, **values)
    for each in model.layers:
        each.linear.register_forward_hook(lambda _, __, outputs: seen.append(outputs))
    seen: list[torch.Tensor] = []
    with torch.no_grad():
        outputs = model.train()(rows.double(), CODES[:FITTED_ROWS])
    seen += outputs.chunk(model.config.n_members)  # of each head on its rows
    assert len(seen) == 3 + model.config.n_members
    for outputs in seen:
        deviation = outputs.std(dim=0, correction=0)
        torch.testing.assert_close(deviation, torch.ones_like(deviation))


def test_the_zero_of_each_unit_lies_among_the_rows() -> None:
    model = fitted()
    with torch.no_grad():
        values = model.layers[0].linear(model.encode(numbers().double(), CODES))
    assert (values.amin(0) < 0).all() and (values.amax(0) > 0).all()
    means = values.mean(0)  # of five of the rows with random weights: scattered around zero
    assert means.abs().mean() < 1 and means.std() > 0.2


def test_other_seeds_have_other_weights_and_other_rows() -> None:
    first, again, other = (fitted(seed=seed) for seed in (4, 4, 5))
    assert torch.equal(first.output.weight, again.output.weight)
    assert torch.equal(first.output.bias, again.output.bias)
    assert not torch.allclose(first.output.weight, other.output.weight)


def test_rows_of_no_spread_leave_the_weights_as_they_are_drawn() -> None:
    rows = torch.zeros(3, 5)
    config = MLPConfig(initialization="data_driven", n_layers=1)
    model = fitted_network(MLP(config, 5, 2), 1, (rows, torch.empty(3, 0, dtype=torch.int64)))
    assert all(torch.isfinite(values).all() for values in model.parameters())
    assert 0.5 < model.layers[0].linear.weight.square().sum(1).mean() < 2


def test_running_statistics_stay_as_they_begin() -> None:
    model = fitted(normalization="batch_norm")
    for layer in model.layers:
        assert not layer.normalization.running_mean.any()
        assert (layer.normalization.running_var == 1).all()


def test_an_output_layer_that_begins_at_zero_stays_there() -> None:
    model = fitted(output_initialization="zero")
    assert not model.output.weight.any() and not model.output.bias.any()
    assert model.layers[2].linear.bias.all()
