"""What fits models other than networks, references and checks of the data: loaded in pieces.

It takes 0.7 s on a core that has nothing else to do, and twice that beside training. The server
that forks workers has nothing to do while the coordinator reads the data: it loads as many pieces
as there is time for, and the processes that fit something, which are forks of it, the rest. A
piece takes 0.3 s at most, so that nobody who needs a worker waits for longer.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PIECES = (
    "scipy.special",
    "scipy.linalg",
    "scipy.spatial",
    "scipy.optimize",
    "scipy.interpolate",
    "scipy.ndimage",
    "scipy.stats",
    "sklearn.base",
    "sklearn.metrics",
    "sklearn.ensemble",
    "automl.data.baselines",
    "automl.data.boosted_trees",
    "automl.data.references",
    "automl.data.table.leaks",
    "automl.data.table.probing",
)
"""Modules, each of which needs those before it."""


def load_pieces() -> Iterator[str]:
    """Load what is not loaded yet, and name each piece once it is."""
    for name in PIECES:
        with _without_pandas():
            importlib.import_module(name)
        yield name


@contextmanager
def _without_pandas() -> Iterator[None]:
    """Import as if it were not installed: scikit-learn would load it, for 0.3 s of 1.1.

    It asks for no more than its version, and nothing here is a frame.
    """
    modules: dict[str, Any] = sys.modules
    if "pandas" in modules:
        yield
        return
    modules["pandas"] = None  # what is None here cannot be imported
    try:
        yield
    finally:
        del modules["pandas"]
