from __future__ import annotations

from dataclasses import replace

import pytest

from automl.models.mlp.config import MLPConfig, count_parameters, input_size, usual_embedding_size
from automl.models.mlp.network import MLP, mlp_for
from tests.contracts.tiny_datasets import N_NUMBERS, tiny_dataset


@pytest.mark.parametrize(
    ("size", "expected"), [(64, (64, 32, 16, 8, 8)), (10, (10, 8, 8, 8, 8)), (4, (4,) * 5)]
)
def test_a_funnel_halves_but_not_below_eight(size: int, expected: tuple[int, ...]) -> None:
    assert MLPConfig(n_layers=5, hidden_size=size, shape="funnel").hidden_sizes == expected
    assert MLPConfig(n_layers=5, hidden_size=size).hidden_sizes == (size,) * 5


def test_inputs_are_numbers_and_embeddings() -> None:
    embedded = usual_embedding_size(4) + usual_embedding_size(9)
    assert input_size(MLPConfig(), 7, (4, 9)) == 7 + embedded
    assert input_size(MLPConfig(embedding_size=3), 7, (4, 9)) == 7 + 3 + 3
    assert usual_embedding_size(10**9) == 50


@pytest.mark.parametrize("normalization", ["none", "batch_norm", "layer_norm"])
@pytest.mark.parametrize("activation", ["relu", "prelu", "maxout"])
@pytest.mark.parametrize("mixing", ["none", "learned"])
def test_parameters_are_counted_as_torch_counts_them(
    activation: str, normalization: str, mixing: str
) -> None:
    config = MLPConfig(
        n_layers=3, hidden_size=20, shape="funnel", activation=activation,
        normalization=normalization, activation_mixing=mixing,
    )  # fmt: skip
    for own in (config, replace(config, embedding_size=5), replace(config, n_members=4)):
        parameters = MLP(own, 7, 3, (4, 9)).parameters()
        assert count_parameters(own, 7, (4, 9), 3) == sum(each.numel() for each in parameters)


@pytest.mark.parametrize("encoding", ["none", "piecewise_linear", "periodic"])
def test_encoded_columns_are_wider_and_their_parameters_count(encoding: str) -> None:
    config = MLPConfig(numeric_encoding=encoding, encoding_size=6, n_bins=7, n_frequencies=9)
    data = tiny_dataset(with_categories=True).describe()
    sizes = (data.n_features, data.cardinalities)
    model = mlp_for(config, data)
    assert model.n_inputs == input_size(config, *sizes, N_NUMBERS)
    wider = 0 if encoding == "none" else 5 * N_NUMBERS
    assert model.n_inputs == input_size(MLPConfig(), *sizes, N_NUMBERS) + wider
    counted = count_parameters(config, *sizes, data.n_outputs, data.n_numbers)
    assert counted == sum(each.numel() for each in model.parameters())
    learned = replace(config, input_scaling="learned", n_members=2)
    own = mlp_for(learned, data)
    assert own.input_gain is not None and own.input_gain.shape == (model.n_inputs,)
    counted = count_parameters(learned, *sizes, data.n_outputs, data.n_numbers)
    assert counted == sum(each.numel() for each in own.parameters())
