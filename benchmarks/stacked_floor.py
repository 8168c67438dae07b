"""The least time that training could take: products at their peak, one pass over memory.

Per step: the batched matrix products of forward and backward, each at the peak measured for
its shape on one thread; one pass over parameters, moments and gradients, and one read of the
batch, at the bandwidth measured for a buffer of 4 MiB. Per epoch: the products that measure
train and validation loss. Nothing for activations, normalization, dropout, losses, shuffling.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

_PASSES = {"sgd": 3, "momentum": 5, "nesterov": 5, "adagrad": 5, "rmsprop": 5}
"""Numbers read or written per parameter: value twice, gradient, each moment twice; Adam 7."""

EVALUATION_ROWS = 256


def floor_seconds(
    params: Mapping[str, Any],
    n_rows: Mapping[str, int],
    n_features: int,
    n_classes: int,
    n_epochs: int,
) -> float:
    """The floor of one trial; `n_rows` of "train" and "valid"."""
    sizes = [n_features]
    for layer in range(params["n_layers"]):
        narrowed = max(8, params["hidden_size"] >> layer)
        sizes.append(narrowed if params["shape"] == "funnel" else params["hidden_size"])
    maps = [*itertools.pairwise(sizes), (sizes[-1], n_classes)]
    batch = params["batch_size"]
    products = sum(_trained(batch, n_in, n_out, n_in == n_features) for n_in, n_out in maps)
    n_parameters = sum((n_in + 1) * n_out for n_in, n_out in maps)
    numbers = n_parameters * _PASSES.get(params["optimizer"], 7) + batch * n_features
    n_steps = n_rows["train"] / batch
    measured = sum(_product("forward", EVALUATION_ROWS, n_in, n_out) for n_in, n_out in maps)
    n_measured = (n_rows["train"] + n_rows["valid"]) / EVALUATION_ROWS
    step = products + numbers * 4 / bandwidth()
    seconds: float = n_epochs * (n_steps * step + n_measured * measured)
    return seconds


def _trained(batch: int, n_in: int, n_out: int, is_first: bool) -> float:
    kinds = ("forward", "weights") if is_first else ("forward", "weights", "inputs")
    return sum(_product(kind, batch, n_in, n_out) for kind in kinds)


def _product(kind: str, batch: int, n_in: int, n_out: int) -> float:
    """Seconds of a product of this shape, at the rate measured for the next multiples of 8."""
    n_in_8, n_out_8 = (-(-size // 8) * 8 for size in (n_in, n_out))
    return 2 * batch * n_in * n_out / _rate(kind, batch, n_in_8, n_out_8)


@functools.lru_cache(maxsize=4096)
def _rate(kind: str, batch: int, n_in: int, n_out: int) -> float:
    """Operations per second of a batched product: the best of several, in cache."""
    n_runs = max(2, min(32, (1 << 17) // max(n_in * n_out, batch * n_in, batch * n_out)))
    x = torch.randn(n_runs, batch, n_in)
    weights = torch.randn(n_runs, n_in, n_out)
    signal = torch.randn(n_runs, batch, n_out)
    left, right = {
        "forward": (x, weights),
        "weights": (x.mT, signal),
        "inputs": (signal, weights.mT),
    }[kind]
    out = torch.bmm(left, right)
    return 2 * n_runs * batch * n_in * n_out / _best(lambda: torch.bmm(left, right, out=out))


@functools.lru_cache(maxsize=1)
def bandwidth() -> float:
    """Bytes per second of one pass over memory."""
    a, b = torch.randn(1 << 20), torch.randn(1 << 20)
    out = torch.empty_like(a)
    return 12 * a.numel() / _best(lambda: torch.add(a, b, out=out))


def _best(call: Callable[[], object], n_times: int = 5) -> float:
    call()
    seconds = []
    for _ in range(n_times):
        started = time.perf_counter()
        call()
        call()
        seconds.append((time.perf_counter() - started) / 2)
    return min(seconds)
