"""A learning curve in a line of blocks, and the few epochs of it that a table shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console

from storage.records import EpochRecord, best_epoch

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-=+*%#"  # where the stream cannot write the others
SPARKLINE_WIDTH = 50
LOSSES = ("train_loss", "valid_loss")
MOST_ROWS = 10


def curve_lines(curve: Sequence[EpochRecord], blocks: str = BLOCKS) -> list[str]:
    """Train and validation loss as a line of blocks each, with a mark below the best epoch.

    Without any train loss there is no line of it.

    Both are drawn on one logarithmic scale, so that the gap between them can be seen. A curve
    of more epochs than fit is thinned to that many of them.
    """
    best = best_epoch(curve)
    shown = _spread(len(curve), SPARKLINE_WIDTH)
    train, valid = ([getattr(curve[i], name) for i in shown] for name in LOSSES)
    heights = [math.log(value) for value in (*train, *valid) if _can_be_drawn(value)]
    low, high = min(heights, default=0.0), max(heights, default=0.0)
    lines = [
        f"{name}  {''.join(_block(value, low, high, blocks) for value in values)}"
        for name, values in (("train loss", train), ("valid loss", valid))
        if values is valid or not all(map(math.isnan, values))
    ]
    if best is not None:
        place = min(range(len(shown)), key=lambda i: abs(curve[shown[i]].epoch - best.epoch))
        lines.append(f"{' ' * (len('train loss  ') + place)}^ best")
    return lines


def _can_be_drawn(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _block(value: float, low: float, high: float, blocks: str) -> str:
    """The block of a value; `x` where the loss is no number, the lowest where it is 0."""
    if not _can_be_drawn(value):
        return blocks[0] if value == 0 else "x"
    share = (math.log(value) - low) / (high - low) if high > low else 0.0
    return blocks[min(int(share * len(blocks)), len(blocks) - 1)]


def blocks_of(console: Console) -> str:
    """The blocks that a console can write."""
    try:
        BLOCKS.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII_BLOCKS
    return BLOCKS


def _spread(n: int, most: int) -> list[int]:
    """At most so many of the numbers below n, evenly spread, the first and the last included."""
    if n <= most:
        return list(range(n))
    return sorted({round(i * (n - 1) / (most - 1)) for i in range(most)})


def shown_places(n_records: int, best: int | None, most: int = MOST_ROWS) -> list[int]:
    """The places in a curve, from 0 on, of a table's epochs: ever further apart, best and last.

    Places and not epochs: other people's loops may report every fifth epoch only.
    """
    if n_records <= most:
        return list(range(n_records))
    spaced = {round(n_records ** (i / (most - 2))) - 1 for i in range(most - 1)}
    return sorted(spaced | {0, n_records - 1} | (set() if best is None else {best}))
