"""The counter-based hash: the right distribution, no correlation, and slices that agree."""

from __future__ import annotations

import math
import random
import time

import numpy as np
import pytest
import torch
from torch import Tensor

from automl.randomness import (
    PURPOSES,
    choices,
    decision_of,
    dropout_mask,
    keys_at,
    mask_of,
    random_bits,
    seed_python_and_numpy,
    shuffle,
    stream,
    streams,
)


def keys(n: int, seed: int = 11, layer: int = 1) -> Tensor:
    return keys_at(streams([seed], "dropout", layer), torch.arange(n))


def chi_square_excess(codes: Tensor, n_bins: int) -> float:
    """Chi-square of a uniform distribution, in standard deviations from what is expected."""
    counts = torch.bincount(codes.flatten().long(), minlength=n_bins).double()
    expected = codes.numel() / n_bins
    statistic = ((counts - expected) ** 2 / expected).sum().item()
    return (statistic - (n_bins - 1)) / math.sqrt(2 * (n_bins - 1))


def unsigned(bits: Tensor) -> Tensor:
    return bits.int() + 32768


@pytest.mark.parametrize("shape", [(64, 64, 128), (4096, 8, 32), (1, 1024, 1024), (50_000, 1, 16)])
@pytest.mark.parametrize("half", [0, 1])
def test_both_halves_of_the_hash_are_uniform(shape: tuple[int, int, int], half: int) -> None:
    n_keys, n_rows, n_units = shape
    numbers = unsigned(random_bits(keys(n_keys), n_rows, n_units))[..., half::2]
    assert abs(chi_square_excess(numbers, 65536)) < 4.5
    assert abs(chi_square_excess(numbers >> 8, 256)) < 4.5
    assert abs(chi_square_excess(numbers & 255, 256)) < 4.5


PAIRS = {
    "neighbouring units": lambda n: (n[..., :-1], n[..., 1:]),
    "units of one word": lambda n: (n[..., ::2], n[..., 1::2]),
    "units of neighbouring words": lambda n: (n[..., :-2], n[..., 2:]),
    "neighbouring rows": lambda n: (n[:, :-1], n[:, 1:]),
    "neighbouring steps": lambda n: (n[:-1], n[1:]),
    "rows and units swapped": lambda n: (n[:, :32, :32], n[:, :32, :32].mT),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_pairs_are_independent(pair: str) -> None:
    numbers = unsigned(random_bits(keys(128), 64, 64)) >> 12
    first, second = PAIRS[pair](numbers)
    if pair == "rows and units swapped":
        upper = torch.ones(32, 32, dtype=torch.bool).triu(1)
        first, second = first[:, upper], second[:, upper]
    assert abs(chi_square_excess(first * 16 + second, 256)) < 4.5


@pytest.mark.parametrize("vary", ["seed", "layer", "purpose"])
def test_streams_that_differ_in_one_word_are_independent(vary: str) -> None:
    names = {
        "seed": [(seed, "dropout", 1) for seed in range(512)],
        "layer": [(3, "dropout", layer) for layer in range(512)],
        "purpose": [(3, purpose, 1) for purpose in PURPOSES],
    }[vary]
    own = torch.tensor([stream(*name) for name in names])
    numbers = unsigned(random_bits(keys_at(own, 0), 64, 64)) >> 12
    assert abs(chi_square_excess(numbers[:-1] * 16 + numbers[1:], 256)) < 4.5


def test_rectangles_of_rows_and_units_show_no_pattern() -> None:
    """Rows and units enter the hash as a sum; the four corners must not give that away."""
    bit = random_bits(keys(64), 128, 128) >= 0
    parity = bit[:, :-1, :-1] ^ bit[:, 1:, :-1] ^ bit[:, :-1, 1:] ^ bit[:, 1:, 1:]
    # Overlapping rectangles share corners, so only every other one is counted.
    counted = parity[:, ::2, ::2].double()
    assert abs((counted.mean().item() - 0.5) * 2 * math.sqrt(counted.numel())) < 4.5


def test_serial_correlation_along_units_vanishes() -> None:
    numbers = random_bits(keys(200), 64, 64).double().reshape(-1)
    for lag in (1, 2, 3, 64, 128):
        both = torch.stack([numbers[:-lag], numbers[lag:]])
        assert abs(torch.corrcoef(both)[0, 1].item()) < 4.5 / math.sqrt(len(numbers))


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_mask_drops_at_its_rate_and_keeps_the_mean(rate: float) -> None:
    mask = dropout_mask(keys(100), rate, 64, 64, torch.float64)
    dropped = (mask == 0).double().mean().item()
    deviation = math.sqrt(rate * (1 - rate) / mask.numel())
    assert dropped == pytest.approx(rate, abs=4.5 * deviation + 2**-17)
    assert mask.max().item() == pytest.approx(1 / (1 - rate), rel=1e-4)


def test_number_of_dropped_units_varies_as_a_binomial() -> None:
    """Neither too regular nor too clumped, row by row and unit by unit."""
    kept = (dropout_mask(keys(400), 0.3, 32, 32, torch.float64) > 0).double()
    for axes in [(1,), (2,), (1, 2)]:
        counts = kept.sum(dim=axes).flatten()
        n = 32 ** len(axes)
        spread = counts.var().item() / (n * 0.21)
        assert spread == pytest.approx(1, abs=5 * math.sqrt(2 / len(counts)))


def test_slice_of_a_stack_is_the_single_runs_mask() -> None:
    seeds, rates = [5, 9, 2], torch.tensor([0.1, 0.5, 0.0])
    stack = dropout_mask(keys_at(streams(seeds, "dropout", 2), 7), rates, 16, 20, torch.float32)
    for k, (seed, rate) in enumerate(zip(seeds, rates.tolist(), strict=True)):
        own = keys_at(streams([seed], "dropout", 2), 7)[0]
        assert torch.equal(stack[k], dropout_mask(own, rate, 16, 20, torch.float32))


def test_padding_with_rows_and_units_changes_nothing() -> None:
    small = random_bits(keys(3), 10, 7)
    large = random_bits(keys(3), 33, 64)
    assert torch.equal(large[:, :10, :7], small)


def test_steps_drawn_together_are_the_steps_drawn_one_by_one() -> None:
    own = streams([1, 2], "dropout")
    together = keys_at(own[:, None], torch.arange(5, 9))
    for column, step in enumerate(range(5, 9)):
        assert torch.equal(together[:, column], keys_at(own, step))


def test_probability_made_ready_before_gives_the_same_mask() -> None:
    rates = torch.tensor([0.2, 0.7, 0.1, 0.4])
    ready = decision_of(rates, torch.float32)
    assert torch.equal(
        mask_of(keys(4), ready, 8, 9), dropout_mask(keys(4), rates, 8, 9, torch.float32)
    )


def test_numbers_never_change() -> None:
    """They are part of every stored curve: a new version must draw what the old one drew."""
    assert stream(42, "dropout", 3) == -2801055180047649561
    assert random_bits(keys(1, seed=42), 2, 3).flatten().tolist() == [
        26818,
        12742,
        -14516,
        -30518,
        -5646,
        -13926,
    ]
    assert shuffle(keys(1, seed=42)[0], 8).tolist() == [4, 3, 2, 1, 6, 0, 7, 5]


def test_negative_and_large_seeds_are_seeds() -> None:
    assert len({stream(seed, "shuffle") for seed in (-1, 0, 2**63, 2**64 - 2)}) == 4
    assert stream(-1, "shuffle") == stream(2**64 - 1, "shuffle")


@pytest.mark.parametrize("n_rows", [1, 2, 90, 70_000])
def test_shuffle_is_a_permutation(n_rows: int) -> None:
    order = shuffle(keys(1)[0], n_rows)
    assert torch.equal(order.sort().values, torch.arange(n_rows))


def test_shuffles_are_uniform_over_all_orders() -> None:
    orders = shuffle(keys(24_000), 4)
    codes = (orders * torch.tensor([64, 16, 4, 1])).sum(1)
    counts = codes.unique(return_counts=True)[1]
    assert len(counts) == 24
    statistic = ((counts - 1000.0) ** 2 / 1000).sum().item()
    assert statistic < 23 + 4.5 * math.sqrt(46)


def test_choices_are_uniform_with_replacement() -> None:
    drawn = choices(keys(1)[0], 100, 100_000)
    assert abs(chi_square_excess(drawn, 100)) < 4.5
    assert len(choices(keys(1)[0], 100, 100).unique()) < 100


def test_masks_cost_less_than_torchs_own_random_numbers() -> None:
    """A mask in place of `torch.rand`, which only begins one; generous, for busy machines."""
    own, ready = keys(16), decision_of(0.3, torch.float32)

    def fastest(draw: object) -> float:
        times = []
        for _ in range(15):
            start = time.perf_counter()
            draw()  # type: ignore[operator]
            times.append(time.perf_counter() - start)
        return min(times)

    masks = fastest(lambda: mask_of(own, ready, 64, 128))
    uniform = fastest(lambda: torch.rand(16, 64, 128))
    assert masks < 1.5 * uniform


def test_python_and_numpy_draw_by_a_seed_too() -> None:
    def drawn(seed: int) -> tuple[float, float]:
        seed_python_and_numpy(seed)
        return random.random(), np.random.rand()

    assert drawn(2**63 + 5) == drawn(2**63 + 5) != drawn(2**63 + 6)
