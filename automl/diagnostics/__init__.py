"""Verdicts from records: why a network is as good as it is, and what to do next.

`diagnose_trial` judges one trial's curve and gradients, `diagnose_study` the best trial, the
search and the data. Both read `StudyRecords` only, so that old studies can be judged again;
neither torch nor the data is needed. The first diagnosis is the main verdict.
"""

from automl.diagnostics.gradient_flow import hopeless
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
    "hopeless",
]
