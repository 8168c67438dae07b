import pytest
import torch

from automl.errors import ConfigError
from automl.playground.toy_data import GRID, TOYS, grid, toy_dataset


@pytest.mark.parametrize("name", TOYS)
def test_every_toy_has_two_classes_and_a_grid(name):
    fold = toy_dataset(name).folds[0]
    assert fold.train.inputs.numeric.shape == (300, 2)
    assert set(fold.train.targets.tolist()) == {0, 1}
    assert len(fold.test) == GRID * GRID
    assert not torch.equal(fold.train.inputs.numeric, fold.valid.inputs.numeric)


@pytest.mark.parametrize(
    ("gate", "truth"),
    [("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1]), ("nand", [1, 1, 1, 0]), ("xor", [0, 1, 1, 0])],
)
def test_gates_follow_their_truth_tables(gate, truth):
    train = toy_dataset(gate).folds[0].train
    for corner, expected in zip([(0, 0), (1, 0), (0, 1), (1, 1)], truth, strict=True):
        near = (train.inputs.numeric - torch.tensor(corner)).norm(dim=1) < 0.3
        assert set(train.targets[near].tolist()) == {expected}


def test_the_same_seed_gives_the_same_points():
    first, again = (toy_dataset("moons", seed=3).folds[0].train.inputs.numeric for _ in range(2))
    other = toy_dataset("moons", seed=4).folds[0].train.inputs.numeric
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_noise_gives_some_points_the_other_label_and_moves_none():
    clean, some, many = (toy_dataset("moons", noise=noise).folds[0] for noise in (0, 0.15, 0.3))
    for part in ("train", "valid"):
        splits = [getattr(fold, part) for fold in (clean, some, many)]
        assert all(torch.equal(split.inputs.numeric, splits[0].inputs.numeric) for split in splits)
        wrong = [split.targets != splits[0].targets for split in splits[1:]]
        assert [float(w.float().mean()) for w in wrong] == pytest.approx([0.15, 0.3], abs=0.05)
        assert not (wrong[0] & ~wrong[1]).any()


def test_the_grid_goes_row_by_row_from_below():
    cells = grid(torch.tensor([[0.0, 0.0], [1.0, 2.0]])).reshape(GRID, GRID, 2)
    assert cells[0, 0].tolist() == pytest.approx([-0.15, -0.3])
    assert cells[-1, -1].tolist() == pytest.approx([1.15, 2.3])
    assert (cells[0, 1:, 0] > cells[0, :-1, 0]).all()


def test_an_unknown_toy_is_answered_with_the_known():
    with pytest.raises(ConfigError, match=r"one of spirals, moons, .* but is 'moon'"):
        toy_dataset("moon")
