"""Networks as people write them into a file of their own, and a folder that holds them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

RESIDUAL = """
from blocks import Residual
from torch import nn


def build(params, dataset):
    width = params["width"]
    blocks = [Residual(width, params["dropout"]) for _ in range(params["blocks"])]
    return nn.Sequential(
        nn.Linear(dataset.n_features, width), *blocks, nn.Linear(width, dataset.n_outputs)
    )
"""

BLOCKS = """
from torch import nn


class Residual(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width)
        )

    def forward(self, x):
        return x + self.layers(x)
"""

SPACE = """
family = "own"

[width]
type = "int"
low = 8
high = 32
log = true
meaning = "width of the residual blocks"
role = "width"

[blocks]
type = "int"
low = 1
high = 3
meaning = "number of residual blocks"
role = "depth"

[dropout]
type = "float"
low = 0.0
high = 0.3

[learning_rate]
type = "float"
low = 1e-3
high = 1e-2
log = true
"""

BROKEN = """
import time

from torch import nn


class Broken(nn.Linear):
    def __init__(self, how, dataset):
        super().__init__(dataset.n_features, dataset.n_outputs + (how == "wrong shape"))
        self.how = how

    def forward(self, x):
        if self.how == "raises":
            raise ValueError("no such block: 7")
        while self.how == "hangs":
            time.sleep(0.05)
        outputs = super().forward(x)
        return outputs * float("nan") if self.how == "nan" else outputs


def raises(params, dataset):
    return Broken("raises", dataset)


def wrong_shape(params, dataset):
    return Broken("wrong shape", dataset)


def hangs(params, dataset):
    return Broken("hangs", dataset)


def nan(params, dataset):
    return Broken("nan", dataset)
"""

DIGITS = '''
import automl
from sklearn.datasets import load_digits
from torch import nn

digits = load_digits()
images = digits.images[:, None] / 16  # (1797, 1, 8, 8)


def block(n_in, n_out):
    return [nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU()]


def build(params, dataset):
    n = params["channels"]
    assert dataset.input_shape == (1, 8, 8)
    return nn.Sequential(
        *block(1, n), *block(n, n), nn.MaxPool2d(2), *block(n, 2 * n), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(params["dropout"]), nn.Linear(8 * n, dataset.n_outputs),
    )


SPACE = """
family = "own"

[channels]
type = "int"
low = 8
high = 32
meaning = "channels of the first layers"
role = "width"

[dropout]
type = "float"
low = 0.0
high = 0.5

[learning_rate]
type = "float"
low = 1e-3
high = 1e-2
log = true

[batch_size]
type = "fixed"
value = 32

[schedule]
type = "fixed"
value = "one_cycle"
"""
open("convolutional.toml", "w").write(SPACE)
'''
"""Cells of a notebook, or the beginning of a script."""


def folder_with_networks(folder: Path) -> Path:
    """Write the files into a folder outside of the repository."""
    for name, text in {
        "my_network.py": RESIDUAL,
        "blocks.py": BLOCKS,
        "my_space.toml": SPACE,
        "broken.py": BROKEN,
    }.items():
        (folder / name).write_text(text)
    return folder


def run(folder: Path, *command: str, timeout: float = 200) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder as somebody would who has installed the product."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
