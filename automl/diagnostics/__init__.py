"""Verdicts from records: why a network is as good as it is, and what to do next.

`diagnose_trial` judges one trial's curve and gradients, `diagnose_study` the best trial, the
search and the data. Both read `StudyRecords` only, so that old studies can be judged again;
neither torch nor the data is needed. The first diagnosis is the main verdict.

Names are loaded when they are first used: a worker process judges its networks by `hopeless`
alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.diagnostics.study_verdict import (
        FIT_KINDS,
        agree_with_verdict,
        diagnose_study,
        diagnose_trial,
        fit_verdict,
    )

__all__ = [
    "FIT_KINDS",
    "agree_with_verdict",
    "diagnose_study",
    "diagnose_trial",
    "fit_verdict",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'automl.diagnostics' has no attribute {name!r}")
    return getattr(importlib.import_module("automl.diagnostics.study_verdict"), name)
