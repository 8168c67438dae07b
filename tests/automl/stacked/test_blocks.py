"""The layout and the blocks of a stack."""

from __future__ import annotations

import torch

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import MLP
from automl.stacked.blocks import StackBlocks, StackLayout, padded, sort_key

CONFIGS = sorted(
    [
        MLPConfig(n_layers=3, hidden_size=12, activation="prelu", shape="funnel"),
        MLPConfig(n_layers=2, hidden_size=5, normalization="batch_norm"),
        MLPConfig(n_layers=2, hidden_size=9, normalization="layer_norm", activation="tanh"),
        MLPConfig(n_layers=0),
    ],
    key=sort_key,
)
LAYOUT = StackLayout.of(CONFIGS, n_features=4, cardinalities=(3,), n_outputs=2)


def network(config: MLPConfig) -> MLP:
    model = MLP(config, 4, 2, (3,))
    initialize_(model, 7)
    return model


def blocks(layout: StackLayout = LAYOUT) -> StackBlocks:
    return StackBlocks(layout, device="cpu", dtype=torch.float32, statistics=True)


def test_deepest_runs_come_first_and_layers_belong_to_a_prefix() -> None:
    assert [config.n_layers for config in LAYOUT.configs] == [3, 2, 2, 0]
    assert [LAYOUT.n_runs(layer) for layer in range(3)] == [3, 3, 1]
    assert [LAYOUT.ending_at(depth) for depth in (0, 2, 3)] == [
        slice(3, 4),
        slice(1, 3),
        slice(0, 1),
    ]


def test_widths_are_padded_to_the_widest_run_of_the_layer() -> None:
    assert LAYOUT.widths == (16, 16, 8)
    assert padded(8) == 8 and padded(9) == 16
    mask = LAYOUT.unit_mask(0, torch.float32, "cpu")
    assert mask is not None
    assert mask.sum(2).flatten().tolist() == [c.hidden_sizes[0] for c in LAYOUT.configs[:3]]


def test_a_networks_state_survives_writing_and_reading() -> None:
    held = blocks()
    models = [network(config) for config in LAYOUT.configs]
    for k, model in enumerate(models):
        held.write(k, model.state_dict())
    for k, model in enumerate(models):
        state = model.state_dict()
        for name, values in held.read(k).items():
            assert torch.equal(values, state.pop(name)), name
        assert all("input" in name or "num_batches" in name for name in state)


def test_padding_stays_zero_when_networks_are_written() -> None:
    held = blocks()
    for k, config in enumerate(LAYOUT.configs):
        held.write(k, network(config).state_dict())
    n_real = sum(
        view.count_nonzero()
        for k in range(len(LAYOUT.configs))
        for view in held.tensors_of(k).values()
    )
    assert held.flat.count_nonzero() == n_real


def test_maxout_pieces_lie_in_halves_of_the_padded_block() -> None:
    config = MLPConfig(n_layers=1, hidden_size=5, activation="maxout")
    held = blocks(StackLayout.of([config], 4, (), 2))
    model = MLP(config, 4, 2)
    initialize_(model, 3)
    held.write(0, model.state_dict())
    weight = model.hidden[0].linear.weight
    assert torch.equal(held.hidden[0][0, :, 8:13].T, weight[5:])
    assert torch.equal(held.read(0)["hidden.0.linear.weight"], weight)


def test_runs_move_to_another_stack_with_other_neighbours() -> None:
    held = blocks()
    for k, config in enumerate(LAYOUT.configs):
        held.write(k, network(config).state_dict())
    wider = [MLPConfig(n_layers=4, hidden_size=30), LAYOUT.configs[1], LAYOUT.configs[0]]
    order = sorted(range(3), key=lambda k: sort_key(wider[k]))
    other = blocks(StackLayout.of([wider[k] for k in order], 4, (3,), 2))
    moves = [(1, order.index(1)), (0, order.index(2))]
    other.take_over(held, moves)
    for old, new in moves:
        moved = other.read(new)
        assert all(torch.equal(values, moved[name]) for name, values in held.read(old).items())


def test_keep_copies_only_the_runs_named() -> None:
    source, target = blocks(), blocks()
    source.flat.fill_(2.0)
    target.keep(source, [1])
    assert target.output[1].min() == 2.0 and target.output[0].max() == 0.0
    assert target.hidden[2].max() == 0.0  # run 1 has two layers
    target.keep(source, [0, 1, 2, 3])
    assert torch.equal(target.flat, source.flat)


def test_runs_begin_as_plain_networks_do() -> None:
    found, wanted = blocks(), blocks()
    found.flat.fill_(9.0)
    for k, config in enumerate(CONFIGS):
        found.initialize(k, 7)
        wanted.write(k, network(config).state_dict())
        assert all(torch.equal(found.read(k)[name], v) for name, v in wanted.read(k).items())
