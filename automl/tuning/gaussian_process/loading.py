"""What decisions take and the first trials do not wait for: loaded beside these, in a thread.

SciPy's optimizers and linear algebra took 0.37 s of a processor to be loaded. The coordinator of
a search has nothing to do while its workers begin, but to hear that they have: so a thread does
it. Whoever asks before it is done waits for the rest.
"""

from __future__ import annotations

import functools
import importlib
import threading

from automl.system.threads import libraries


@functools.cache
def load_beside() -> threading.Thread:
    """Begin to load, once for each process; the thread that does."""
    thread = threading.Thread(target=_load, name="automl-decisions")
    thread.start()
    return thread


def _load() -> None:
    for name in ("belief", "batch", "fitting"):
        importlib.import_module(f"automl.tuning.gaussian_process.{name}")
    libraries()
