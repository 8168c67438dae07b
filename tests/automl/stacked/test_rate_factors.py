"""Which numbers have a factor on their learning rate: the parameters of the plain trainer's."""

from __future__ import annotations

import pytest
import torch

from automl.data.table.inputs import NumberBins
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.network import MLP
from automl.models.mlp.numeric_encoding import NumericEncoding, Periodic, PiecewiseLinear
from automl.models.parameter_roles import penalized, rate_roles
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.rate_factors import stacked_factors, stretches
from automl.training.config import TrainingConfig

FACTORS = {
    "bias": 0.1,
    "first_layer": 3.0,
    "embedding": 5.0,
    "encoding": 0.2,
    "input_scaling": 6.0,
    "mixing": 7.0,
}
TRAINING = TrainingConfig(**{f"{role}_rate_factor": factor for role, factor in FACTORS.items()})

CONFIGS = [
    MLPConfig(3, 8, normalization="batch_norm"),
    MLPConfig(2, 5, activation="prelu", normalization="layer_norm"),
    MLPConfig(1, 11),
    MLPConfig(0),
]
OTHERS = [
    MLPConfig(2, 6, activation="maxout"),
    MLPConfig(2, 6, activation_mixing="learned", input_scaling="learned"),
    MLPConfig(1, 6, numeric_encoding="periodic", n_frequencies=3, encoding_size=4),
    MLPConfig(1, 6, numeric_encoding="piecewise_linear", n_bins=3, encoding_size=2),
]
CARDINALITIES = (5, 3)
N_NUMBERS = 2  # of four features


def network_of(config: MLPConfig) -> MLP:
    encoding: NumericEncoding | None = None
    if config.numeric_encoding == "periodic":
        encoding = Periodic(config, N_NUMBERS, "cpu", torch.float32)
    if config.numeric_encoding == "piecewise_linear":
        shape = N_NUMBERS, config.n_bins
        bins = NumberBins(torch.arange(3.0).expand(shape), torch.ones(shape))
        encoding = PiecewiseLinear(config, bins, "cpu", torch.float32)
    return MLP(config, 4, 3, CARDINALITIES, numeric_encoding=encoding)


def in_plain(config: MLPConfig) -> dict[str, float]:
    """The factor of each parameter by its name."""
    model = network_of(config)
    roles = rate_roles(model)
    return {
        name: FACTORS[roles[id(parameter)]] if id(parameter) in roles else 1.0
        for name, parameter in model.named_parameters()
    }


def found_in(blocks: StackBlocks, k: int) -> dict[str, float]:
    """The number that all of a parameter are, by its name."""
    found = {}
    for name, values in blocks.read(k).items():
        (number,) = values.unique().tolist()
        found[name] = number
    return found


def layout_of(*configs: MLPConfig) -> StackLayout:
    return StackLayout.of(configs, 4, CARDINALITIES, 3, N_NUMBERS)


@pytest.mark.parametrize("config", [*CONFIGS, *OTHERS], ids=str)
def test_stretches_of_a_run_alone_have_the_factors_and_penalties_of_the_plain_network(
    config: MLPConfig,
) -> None:
    layout = layout_of(config)
    factors, penalties = (StackBlocks(layout, device="cpu", dtype=torch.double) for _ in range(2))
    parts = stretches(layout, TRAINING)
    for part in parts:
        factors.flat[part.start : part.stop] = part.rate_factor
        penalties.flat[part.start : part.stop] = float(part.is_penalized)
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == factors.n_parameters
    assert found_in(factors, 0) == in_plain(config)
    model = network_of(config)
    known = set(map(id, penalized(model)))
    assert found_in(penalties, 0) == {
        name: float(id(parameter) in known) for name, parameter in model.named_parameters()
    }


def test_the_runs_of_a_stack_have_their_own_factors() -> None:
    trainings = [TRAINING, TrainingConfig(bias_rate_factor=0.5), TRAINING, TRAINING]
    blocks = StackBlocks(layout_of(*CONFIGS), device="cpu", dtype=torch.double)
    factors = stacked_factors(blocks.layout, trainings, blocks.flat)
    for block, numbers in zip([*blocks.matrices, blocks.vectors], factors, strict=True):
        block.copy_(torch.ones_like(block) if numbers is None else numbers)
    for k in (0, 2, 3):
        assert found_in(blocks, k) == in_plain(CONFIGS[k])
    assert set(found_in(blocks, 1).values()) == {0.5, 1.0}


def test_factors_of_one_leave_the_update_as_it_is() -> None:
    """Two stretches, with penalties and without, and nothing to multiply."""
    layout = layout_of(CONFIGS[1])
    blocks = StackBlocks(layout, device="cpu", dtype=torch.float32)
    n_weights = sum(block.numel() for block in blocks.matrices)
    assert stretches(layout, TrainingConfig()) == [
        (0, n_weights, True, 1.0),
        (n_weights, blocks.n_parameters, False, 1.0),
    ]
    assert set(stacked_factors(layout, [TrainingConfig()], blocks.flat)) == {None}
