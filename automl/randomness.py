"""Every random number of a training, as a function of (seed, purpose, layer, counter, row, unit).

There is no generator whose state moves along. A *stream* is a 64-bit number made once from
seed, purpose and layer; its *key* at a counter (step or epoch) is a 32-bit hash; a mask or a
shuffle hashes the key with row and unit. So a run draws the same numbers alone, as one slice
of a stack, after its neighbours left, with padded units, in another process, or continued
from a checkpoint. Integer operations only: the same bits on the CPU and on CUDA.
"""

from __future__ import annotations

import contextlib
import functools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

PURPOSES: Final = {
    "weights": 1,
    "shuffle": 2,
    "dropout": 3,
    "rows": 4,
    "measurement": 5,
    "objective": 6,
    "mixup": 7,
}
"""What streams are for. The numbers are part of every stored curve: append, never change."""

RESOLUTION: Final = 1 << 16
"""A drop probability is rounded to a multiple of 1 / RESOLUTION: each decision uses 16 bits."""

_GOLDEN = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: the increment of SplitMix64
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_ALL_64 = (1 << 64) - 1
_ALL_32 = (1 << 32) - 1


def _signed(value: int, bits: int) -> int:
    """The two's complement reading of an unsigned number, which torch's integers want."""
    return value - (1 << bits) if value >> (bits - 1) else value


_GOLDEN_SIGNED, _MIX_1_SIGNED, _MIX_2_SIGNED = (
    _signed(value, 64) for value in (_GOLDEN, _MIX_1, _MIX_2)
)
_FACTORS = (_signed(0x21F0AAAD, 32), _signed(0xD35A2D97, 32))


def _mixed(value: int) -> int:
    """The output function of SplitMix64 on a Python integer."""
    value = ((value ^ (value >> 30)) * _MIX_1) & _ALL_64
    value = ((value ^ (value >> 27)) * _MIX_2) & _ALL_64
    return value ^ (value >> 31)


def stream(seed: int, purpose: str, layer: int = 0) -> int:
    """Name a stream of random numbers: a 64-bit number, signed so that a tensor can hold it.

    Args:
        seed: the run's seed, any integer; it counts modulo 2^64.
        purpose: a key of `PURPOSES`.
        layer: 0 for the inputs, l for hidden layer l; 0 where layers do not matter.

    Source:
        Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators" (SplitMix64).
    """
    state = _mixed((seed + _GOLDEN) & _ALL_64)
    for word in (PURPOSES[purpose], layer):
        state = _mixed((state ^ word) + _GOLDEN & _ALL_64)
    return _signed(state, 64)


def streams(
    seeds: Sequence[int], purpose: str, layer: int = 0, device: torch.device | str = "cpu"
) -> Tensor:
    """Name one stream per run.

    Shape:
        result: (K,) int64.
    """
    named = [stream(seed, purpose, layer) for seed in seeds]
    return torch.tensor(named, dtype=torch.int64, device=device)


def _shifted(values: Tensor, bits: int) -> Tensor:
    """Shift int64 to the right without copying the sign bit, which torch's `>>` does."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)


def keys_at(streams: Tensor, counters: Tensor | int) -> Tensor:
    """The keys of streams at counters (a step from 0, an epoch from 1).

    Shape:
        streams: int64 of any shape; counters: int64 that broadcasts with it; result: int32.
    """
    state = streams + counters * torch.tensor(_GOLDEN_SIGNED, device=streams.device)
    state = (state ^ _shifted(state, 30)) * _MIX_1_SIGNED
    state = (state ^ _shifted(state, 27)) * _MIX_2_SIGNED
    return (state >> 32).to(torch.int32)


@functools.lru_cache(maxsize=32)
def _table(n: int, salt: int, device: torch.device) -> Tensor:
    counting = torch.arange(n, dtype=torch.int64, device=device)
    return keys_at(torch.tensor(_signed(_mixed(salt), 64), device=device), counting)


def _offsets(n: int, salt: int, device: torch.device) -> Tensor:
    """A fixed hash of 0 .. n - 1, (n,) int32: what rows and units add to a key."""
    return _table(1 << max(n - 1, 1).bit_length(), salt, device)[:n]


@functools.lru_cache(maxsize=8)
def _multipliers(device: torch.device) -> tuple[Tensor, Tensor]:
    """The two odd factors of the 32-bit hash, as tensors: a bare number costs torch more."""
    return tuple(torch.tensor(factor, dtype=torch.int32, device=device) for factor in _FACTORS)  # type: ignore[return-value]


def _scramble_(bits: Tensor) -> Tensor:
    """Hash int32 in place: two rounds of shift, xor and multiply.

    torch's `>>` copies the sign bit. Before a multiplication that costs one bit of state and
    no uniformity. A last shift and xor, usual in such hashes, would mend only the lowest bits,
    which weigh 1 / 65536 in a decision; tests/automl/test_randomness.py checks both
    halves of the word for uniformity and for correlation along rows, units, steps and seeds.

    Source:
        The "lowbias32" factors found by the Hash Prospector project (C. Wellons and
        contributors), https://github.com/skeeto/hash-prospector.
    """
    first, second = _multipliers(bits.device)
    shifted = bits >> 16
    bits.bitwise_xor_(shifted).mul_(first)
    torch.bitwise_right_shift(bits, 15, out=shifted)
    return bits.bitwise_xor_(shifted).mul_(second)


def random_bits(keys: Tensor, n_rows: int, n_units: int) -> Tensor:
    """Sixteen random bits per key, row and unit.

    A number depends on its key, row and unit only, not on `n_rows` and `n_units`: a wider or
    longer request repeats the smaller one in its corner. One 32-bit hash serves two units.

    Shape:
        keys: int32 of any shape (...); result: (..., B, H) int16, uniform on [-2^15, 2^15).
    """
    rows, pairs = mask_offsets(n_rows, n_units, keys.device)
    bits = _scramble_((keys[..., None] + rows)[..., None] + pairs)
    return bits.view(torch.int16)[..., :n_units]


def mask_offsets(n_rows: int, n_units: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """What a row and a pair of units add to a key in `random_bits`, for kernels that hash.

    Shape:
        results: (B,) and (ceil(n_units / 2),) int32.
    """
    return _offsets(n_rows, 1, device), _offsets((n_units + 1) // 2, 2, device)


def dropout_mask(
    keys: Tensor, drop_probability: Tensor | float, n_rows: int, n_units: int, dtype: torch.dtype
) -> Tensor:
    """Inverted-dropout masks: 0 with the drop probability, else 1 / (1 - probability).

    The probability is rounded to a multiple of 1 / `RESOLUTION`, in the scale as well, so that
    the mask's mean is exactly 1. A probability of 0 gives ones.

    Shape:
        keys: (...) int32, for example (), (K,) or (S, K); drop_probability: a number or a
        tensor that broadcasts with keys; result: (..., B, H). Slice [k] is run k's own mask.

    Source:
        Srivastava et al. 2014, "Dropout", JMLR 15, with the scale moved to training time.
    """
    return mask_of(keys, decision_of(drop_probability, dtype, keys.device), n_rows, n_units)


@dataclass(frozen=True, slots=True)
class Decision:
    """Drop probabilities made ready: what a trainer computes once and uses at every step.

    Shape:
        threshold: (..., 1, 1) int16, bits below it are dropped; scale: (..., 1, 1).
    """

    threshold: Tensor
    scale: Tensor


def decision_of(
    drop_probability: Tensor | float, dtype: torch.dtype, device: torch.device | str = "cpu"
) -> Decision:
    """Round drop probabilities to the resolution and find the scale of what is kept."""
    probability = torch.as_tensor(drop_probability, dtype=torch.float64, device=device)
    dropped = (probability * RESOLUTION).round()[..., None, None]
    scale = RESOLUTION / (RESOLUTION - dropped)
    return Decision((dropped - RESOLUTION // 2).to(torch.int16), scale.to(dtype))


def n_dropped(drop_probability: float) -> int:
    """How many of the `RESOLUTION` values of a decision are dropped, for kernels that hash."""
    return round(drop_probability * RESOLUTION)


def mask_of(keys: Tensor, decision: Decision, n_rows: int, n_units: int) -> Tensor:
    """`dropout_mask` with a probability made ready before."""
    bits = random_bits(keys, n_rows, n_units)
    kept = torch.empty(bits.shape, dtype=decision.scale.dtype, device=bits.device)
    # Written as 0.0 and 1.0 at once: by way of a boolean tensor it takes five times as long.
    return torch.ge(bits, decision.threshold, out=kept).mul_(decision.scale)


def shuffle(keys: Tensor, n_rows: int) -> Tensor:
    """A random order of n rows per key: rows sorted by their hash.

    Ties of the 32-bit hash (one pair in 4 billion) keep the rows' order.

    Shape:
        keys: (...) int32; result: (..., N) int64, each a permutation of 0 .. N - 1.
    """
    hashes = _scramble_(keys[..., None] + shuffle_offsets(n_rows, keys.device))
    if keys.device.type != "cpu":
        return torch.argsort(hashes, dim=-1, stable=True)
    # One sort of numbers takes a tenth of a stable sort of places: hashes above, rows below.
    whole = (hashes.to(torch.int64) << 32).bitwise_or_(torch.arange(n_rows))
    whole.numpy().sort(axis=-1)
    return whole.bitwise_and_(_ALL_32)


def shuffle_offsets(n_rows: int, device: torch.device) -> Tensor:
    """What rows add to a key in `shuffle`, for kernels that hash, (N,) int32."""
    return _offsets(n_rows, 3, device)


def choices(key: Tensor, n_choices: int, n_draws: int) -> Tensor:
    """Draw with replacement from 0 .. n_choices - 1.

    Shape:
        key: () int32; result: (n_draws,) int64.
    """
    hashes = _scramble_(key + _offsets(n_draws, 4, key.device)).to(torch.int64) & 0xFFFFFFFF
    return (hashes * n_choices) >> 32


@contextlib.contextmanager
def seeded(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Let torch's own generators begin at a seed, and put them back as they were afterwards.

    For modules that draw by themselves, as `nn.Dropout` does: what they draw is then a function
    of the seed, and nobody else's random state moves.

    Args:
        seed: counts modulo 2^64.
        device: whose generator is seeded beside the CPU's.
    """
    device = torch.device(device)
    generators = [torch.default_generator]
    if device.type == "cuda":
        torch.cuda.init()
        generators.append(torch.cuda.default_generators[device.index or 0])
    states = [generator.get_state() for generator in generators]
    for generator in generators:
        generator.manual_seed(seed & _ALL_64)
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


@contextlib.contextmanager
def seeded_everywhere(seed: int) -> Iterator[None]:
    """Let the generators of torch, Python and NumPy that everybody shares begin at a seed.

    Afterwards they are as they were, but for those of CUDA, where that is in use.

    Args:
        seed: counts modulo 2^64.
    """
    states = random.getstate(), np.random.get_state()
    seed_python_and_numpy(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed & _ALL_64)
    try:
        with seeded(seed):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def seed_python_and_numpy(seed: int) -> None:
    """Let the generators of Python and NumPy that everybody shares begin at a seed, for good.

    For modules of people who draw with `random` or `np.random`. Only where nobody else's
    numbers come from there: in a process that trains.
    """
    random.seed(seed)
    np.random.seed(seed & _ALL_32)
