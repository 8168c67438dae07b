"""Encodings against their formulas, number by number, and what they make of the network."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from automl.data.table.inputs import InputScaling, NumberBins, NumberLevels, TableEncoding
from automl.models.mlp.config import MLPConfig, input_parameters
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import mlp_for
from automl.models.mlp.numeric_encoding import Periodic, PiecewiseLinear, numeric_encoding_for
from automl.models.parameter_roles import penalized
from tests.contracts.tiny_datasets import N_NUMBERS, tiny_dataset

ENCODINGS = ("piecewise_linear", "periodic")
DOUBLE = torch.float64


def filled(module: torch.nn.Module) -> None:
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=DOUBLE))


def share(x: float, edges: list[float], t: int) -> float:
    """Gorishniy et al. 2022, arXiv 2203.05556, equation 1, of bin t of these edges."""
    if x < edges[t] and t > 0:
        return 0.0
    if x >= edges[t + 1] and t < len(edges) - 2:
        return 1.0
    return (x - edges[t]) / (edges[t + 1] - edges[t])


def test_piecewise_linear_is_its_formula() -> None:
    edges = [[0.0, 1.0, 1.5, 4.0], [-2.0, 0.0]]  # the other column has one bin
    bins = NumberBins.between(torch.tensor([edges[0], [-2.0, -2.0, 0.0, 0.0]]))
    config = MLPConfig(numeric_encoding="piecewise_linear", n_bins=3, encoding_size=2)
    module = PiecewiseLinear(config, bins, "cpu", DOUBLE)
    filled(module)
    numbers = torch.tensor([[-1.0, -3.0], [0.0, -2.0], [1.0, -1.0], [1.25, 0.0], [9.0, 5.0]])
    found = module(numbers.to(DOUBLE))
    for row, (own, result) in enumerate(zip(numbers.tolist(), found, strict=True)):
        for column, x in enumerate(own):
            wanted = x * module.linear_weight[column] + module.bias[column]
            for t in range(len(edges[column]) - 1):
                wanted = wanted + share(x, edges[column], t) * module.weight[column, t]
            place = slice(2 * column, 2 * column + 2)
            torch.testing.assert_close(result[place], wanted, msg=f"{row} {column}")


def test_periodic_is_its_formula_and_ends_with_the_number() -> None:
    config = MLPConfig(numeric_encoding="periodic", n_frequencies=3, encoding_size=4)
    module = Periodic(config, 2, "cpu", DOUBLE)
    filled(module)
    numbers = torch.tensor([[0.3, -1.0], [2.0, 0.0]], dtype=DOUBLE)
    found = module(numbers).view(2, 2, 4)
    for column in range(2):
        for row in range(2):
            x = numbers[row, column]
            own = (module.frequencies[column].tolist(), module.bias_phases[column].tolist())
            waves = [math.cos(2 * math.pi * f * float(x) + p) for f, p in zip(*own, strict=True)]
            wanted = torch.tensor(waves, dtype=DOUBLE) @ module.weight[column]
            torch.testing.assert_close(found[row, column, :3], wanted + module.bias[column])
            assert found[row, column, 3] == x


def encoding_of(columns: Tensor) -> TableEncoding:
    """Of standardized columns, which are all numeric."""
    levels = columns.quantile(torch.linspace(0, 1, 961), dim=0)
    n = columns.shape[1]
    scalings = {
        "standard": InputScaling(torch.ones(n), torch.full((n,), 2.0)),
        "robust_clip": InputScaling(torch.zeros(n), torch.ones(n), 3.0),
    }
    return TableEncoding(scalings, (), NumberLevels(levels, levels))


def test_bins_hold_equally_many_rows_and_those_alike_are_one() -> None:
    generator = torch.Generator().manual_seed(0)
    smooth = torch.rand(2000, generator=generator) ** 3
    heavy = torch.where(torch.arange(2000) % 20 < 9, 0.0, smooth)
    columns = torch.stack([smooth, heavy, torch.full((2000,), 7.0)], dim=1)
    bins = encoding_of(columns).bins("robust_clip", 8)
    clipped = smooth / (1 + (smooth / 3).square()).sqrt()
    counts = torch.bucketize(clipped, bins.starts[0, 1:], right=True).bincount(minlength=8)
    assert bins.starts.shape == (3, 8) and counts.tolist() == pytest.approx([250] * 8, abs=3)
    assert (bins.inverse_widths > 0).sum(dim=1).tolist() == [8, 5, 0]  # 45 % are 0
    assert bins.starts[2].tolist() == [pytest.approx(7 / math.sqrt(1 + 49 / 9))] + [math.inf] * 7
    scaled = encoding_of(columns).bins("standard", 8)
    edges = (smooth.quantile(torch.linspace(0, 1, 9))[:8] - 1) * 2
    torch.testing.assert_close(scaled.starts[0], edges, atol=1e-5, rtol=0)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_constant_column_moves_nothing(encoding: str) -> None:
    """Of a table its scale is 0, so that a new value of it is 0 here."""
    table = encoding_of(torch.zeros(10, 1))
    module = numeric_encoding_for(MLPConfig(numeric_encoding=encoding), table, "cpu", DOUBLE)
    assert module is not None
    filled(module)
    found = module(torch.zeros(4, 1, dtype=DOUBLE))
    assert found.isfinite().all() and (found == found[0]).all()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_only_numeric_columns_are_encoded_and_others_follow(encoding: str) -> None:
    data = tiny_dataset(with_categories=True)
    config = MLPConfig(numeric_encoding=encoding, encoding_size=3, scaling="robust")
    model = mlp_for(config, data.describe())
    initialize_(model, 0)
    inputs = data.folds[0].train.inputs[:6]
    first = model.encode(inputs.numeric, inputs.categories)  # type: ignore[attr-defined]
    plain = mlp_for(MLPConfig(scaling="robust"), data.describe())
    initialize_(plain, 0)
    wanted = plain.encode(inputs.numeric, inputs.categories)  # type: ignore[attr-defined]
    assert first.shape[1] == model.n_inputs == wanted.shape[1] + 2 * N_NUMBERS
    torch.testing.assert_close(first[:, 3 * N_NUMBERS :], wanted[:, N_NUMBERS:])
    if encoding == "periodic":
        torch.testing.assert_close(first[:, 2 : 3 * N_NUMBERS : 3], wanted[:, :N_NUMBERS])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_parameters_are_as_told_and_weights_are_penalized(encoding: str) -> None:
    config = MLPConfig(numeric_encoding=encoding, n_bins=5, n_frequencies=6, encoding_size=3)
    data = tiny_dataset().describe()
    module = numeric_encoding_for(config, data.encoding, "cpu", DOUBLE)  # type: ignore[arg-type]
    assert module is not None
    named = {f"numeric_encoding.{name}": tensor for name, tensor in module.named_parameters()}
    shapes = {name: tuple(tensor.shape) for name, tensor in named.items()}
    assert shapes == input_parameters(config, N_NUMBERS)
    weights = {id(tensor) for tensor in penalized(module)}
    found = {name.partition(".")[2] for name, tensor in named.items() if id(tensor) in weights}
    wanted = {
        "piecewise_linear": {"weight", "linear_weight"},
        "periodic": {"weight", "frequencies"},
    }
    assert found == wanted[encoding]
    assert set(module.state_dict()) == set(dict(module.named_parameters())), "bins are not weights"


def test_first_parameters_are_drawn_as_their_sources_say() -> None:
    data = tiny_dataset().describe()

    def drawn(seed: int = 0, **values: object) -> dict[str, Tensor]:
        model = mlp_for(MLPConfig(**values), data)  # type: ignore[arg-type]
        initialize_(model, seed)
        return {name: value.detach() for name, value in model.named_parameters()}

    linear = drawn(numeric_encoding="piecewise_linear", encoding_size=64)
    assert not linear["numeric_encoding.weight"].any(), "what it is at first is a linear map"
    for name in ("linear_weight", "bias"):
        values = linear[f"numeric_encoding.{name}"]
        assert values.abs().max() <= 1 / 8 and values.std() == pytest.approx(
            1 / 8 / 3**0.5, rel=0.1
        )
    waves = drawn(
        numeric_encoding="periodic", n_frequencies=256, encoding_size=9, frequency_scale=0.5
    )
    assert waves["numeric_encoding.frequencies"].std() == pytest.approx(0.5, rel=0.1)
    phases = waves["numeric_encoding.bias_phases"]
    assert phases.abs().max() <= math.pi and phases.std() == pytest.approx(
        math.pi / 3**0.5, rel=0.1
    )
    assert waves["numeric_encoding.weight"].std() == pytest.approx(1 / 16 / 3**0.5, rel=0.05)
    assert waves["numeric_encoding.bias"].abs().max() <= 1 / 16
    other = drawn(1, numeric_encoding="periodic", n_frequencies=256, encoding_size=9)
    assert not torch.equal(other["numeric_encoding.bias"], waves["numeric_encoding.bias"])
    same = drawn(0, numeric_encoding="periodic", n_frequencies=4)["hidden.1.linear.weight"]
    assert torch.equal(same, drawn(0)["hidden.1.linear.weight"]), "layers above draw as ever"
