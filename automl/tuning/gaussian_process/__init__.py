"""A Gaussian process over configuration and epoch: where unfinished learning curves lead to.

Names are loaded when they are first used: nothing of it is needed for a study's first trials, so
that these need not wait for SciPy's optimizers (`loading.py`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.tuning.gaussian_process.batch import Batch
    from automl.tuning.gaussian_process.belief import Belief
    from automl.tuning.gaussian_process.fitting import Fit
    from automl.tuning.gaussian_process.loading import load_beside
    from automl.tuning.gaussian_process.models import N_START, Models

__all__ = ["N_START", "Batch", "Belief", "Fit", "Models", "load_beside"]

_HOMES = {
    "N_START": "models",
    "Batch": "batch",
    "Belief": "belief",
    "Fit": "fitting",
    "Models": "models",
    "load_beside": "loading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'automl.tuning.gaussian_process' has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found  # so that it is asked for once
    return found
