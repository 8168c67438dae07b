"""How long a search goes on after its last epoch, so that its end can be planned.

What comes then: the rounds under way, the states of unfinished trials, the workers' end, the
scores with their bootstrap intervals, the importances of columns (`importance_effort.py`), the
verdict, and what Optuna Dashboard shows. Timed on
eight real tables of 683 to 53,940 rows, as seconds of work of one core (AMD EPYC); the machine's
other work makes all of it longer, by the factor by which it makes the workers' rounds longer of
late, and before there are any, by which it has made encoding the data longer.
References are fitted while trials train; while they are not there, a little is kept for them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from automl.training.rankings import MANY_ROWS
from automl.tuning.cross_fitting import most_rows
from automl.tuning.importance_effort import estimated_seconds

if TYPE_CHECKING:
    from automl.data.dataset import Dataset

FIXED_SECONDS = 0.8
"""What Optuna Dashboard shows took 0.45 s of work, weights and predictions 0.05; the rest is for
rounds that end, for the states of pruned trials, and for workers and the database to close."""

AFTER_SCORES_SECONDS = 0.7
"""What of them comes when the answer is scored and its importances are measured: the verdict, what
Optuna Dashboard shows, the end of workers and database."""

KEEPING_SECONDS, SHARE_OF_KEEPING = 0.3, 0.5
"""What of the fixed seconds, and of the candidates' share, is over once the runs have ended and
states and weights are kept."""

SECONDS_PER_TRIAL = 0.00025
"""Reading the study, verdict and joined curves took 0.19 s for 770 trials of 9,700 epochs."""

REFERENCE_SECONDS = 0.5
"""For references that are missing when time is up: linear models took 0.06 to 1.2 s to fit."""

SECONDS_PER_RUN = 0.005
"""Saving the state of a run that has not ended: 44 of them took 0.20 s."""

SECONDS_PER_CANDIDATE = 0.012
"""Fetching, writing and reading the weights of a run that the answer may be made of, and
predicting with it."""

CHOICE_SECONDS_PER_ROW = 2.2e-6
"""Of choosing among candidates, by cross-fitting, for each of them and each validation row: 0.35 s
for 32 of 5,000 rows."""

METRIC_SECONDS = 0.35
METRIC_SECONDS_PER_ROW, METRIC_SECONDS_PER_PROBABILITY = 3.1e-6, 0.94e-6
"""The same by a metric, with its bootstrap: for 32 candidates 0.4 s by 500 rows of two classes,
0.8 to 1.2 s by 5,000, by 5,000 of ten classes 1.2 to 2.2 s, by 2,500 of a hundred 4 to 9 s."""

SHARE_OF_SINGLE = 0.25
"""Of the intervals' time, for the best trial that is scored beside the answer."""

BOOTSTRAP_SECONDS_PER_QUANTITY = 1.8e-5
BOOTSTRAP_SECONDS_PER_LABEL, BOOTSTRAP_SECONDS_PER_PROBABILITY = 5e-5, 1.35e-5
"""Intervals of the network and three references, per row of validation and test: 0.20 s for
10,788 quantities, 0.78 s for 9,768 labels of 2 classes, 0.33 s for 2,000 of 10, 1.6 s for 4,000
of 26. Ranking, for the area under the ROC curve, is what labels cost more. Both splits are scored
in the time of the larger one where there are two cores, but what candidates predict of many rows
is counted nowhere else: of 20,000 rows each, of 5 classes, the one is 1.1 s less and the other
0.8 s more."""

SECONDS_PER_LABEL_OF_MANY, SECONDS_PER_PROBABILITY_OF_MANY = 2.2e-5, 6e-6
"""Where the area is taken to first order (`training/rankings.py`): 0.18 s for 9,768 labels of 2
classes, 1.0 s for 20,000 of 5, 0.53 s for 4,000 of 26."""

PRINTING_SECONDS, REPORT_SECONDS = 0.25, 0.85
"""What follows at the command line: the result is printed and the process ends; the report."""

MOST_BUSY = 8.0
"""Beyond, work is not slow but stands still, and how it goes on is anybody's guess."""

MOST_SHARE = 0.5
"""At least the other half of the time is for training, however short the time is."""


def ending_seconds(
    dataset: Dataset,
    n_runs: int,
    n_trials: int,
    n_candidates: int = 0,
    *,
    is_trained: bool = False,
    by_metric: bool = False,
    timeout: float | None = None,
) -> float:
    """What the end takes on a machine that has nothing else to do, once references are fitted.

    Args:
        n_runs: in training at once, folds counted.
        n_trials: of the study.
        n_candidates: trials that the answer may be made of; 0: it is the best one.
        is_trained: whether the runs have ended, and states and weights are kept.
        by_metric: whether a metric chooses among candidates, and not the loss.
        timeout: of the call, of which importances take a part; None: they are not counted.
    """
    n_valid = sum(len(fold.valid) for fold in dataset.folds)  # scored as one
    splits = (n_valid, *(len(fold.test) for fold in dataset.folds[:1]))
    bootstrap = sum(_bootstrap_seconds(dataset, n_rows) for n_rows in splits)
    counted = n_runs * SECONDS_PER_RUN + n_trials * SECONDS_PER_TRIAL
    fixed, of_candidate = FIXED_SECONDS, SECONDS_PER_CANDIDATE
    if is_trained:
        counted -= n_runs * SECONDS_PER_RUN
        fixed, of_candidate = fixed - KEEPING_SECONDS, of_candidate * (1 - SHARE_OF_KEEPING)
    if n_candidates:
        counted += n_candidates * len(dataset.folds) * of_candidate
        counted += _choice_seconds(dataset, n_candidates, n_valid, by_metric=by_metric)
        bootstrap *= 1 + SHARE_OF_SINGLE
    of_columns = 0.0
    if dataset.folds and timeout is not None:
        n_features, n_classes = dataset.describe(0).n_features, dataset.n_classes
        of_columns = estimated_seconds(
            n_valid, n_features, n_classes, timeout, by_metric=by_metric
        )
    return fixed + counted + bootstrap + of_columns


def _choice_seconds(
    dataset: Dataset, n_candidates: int, n_valid: int, *, by_metric: bool
) -> float:
    if not by_metric:
        return n_candidates * min(n_valid, most_rows()) * CHOICE_SECONDS_PER_ROW
    per_row = METRIC_SECONDS_PER_ROW + dataset.n_classes * METRIC_SECONDS_PER_PROBABILITY
    return METRIC_SECONDS + n_candidates * min(n_valid, most_rows(dataset.n_classes)) * per_row


def _bootstrap_seconds(dataset: Dataset, n_rows: int) -> float:
    if dataset.task == "regression":
        return n_rows * BOOTSTRAP_SECONDS_PER_QUANTITY
    per_label, per_probability = BOOTSTRAP_SECONDS_PER_LABEL, BOOTSTRAP_SECONDS_PER_PROBABILITY
    if n_rows >= MANY_ROWS:
        per_label, per_probability = SECONDS_PER_LABEL_OF_MANY, SECONDS_PER_PROBABILITY_OF_MANY
    return n_rows * (per_label + dataset.n_classes * per_probability)


def reckoned(busyness: float) -> float:
    """Seconds to reckon with for each second of work, where so many have passed: `MOST_BUSY`."""
    return min(max(1.0, busyness), MOST_BUSY)


@dataclass(frozen=True, slots=True)
class Moment:
    """When some work begins, to tell how long a second of work takes on this machine now."""

    wall: float = field(default_factory=time.monotonic)
    work: float = field(default_factory=time.process_time)

    def busyness(self) -> float:
        """Seconds that have passed since for each second of work, from 1 to `MOST_BUSY`.

        Work on several threads at once, or too little of it to tell, counts as undisturbed.
        """
        passed, worked = time.monotonic() - self.wall, time.process_time() - self.work
        if worked <= 0.0:
            return 1.0
        return reckoned(passed / worked)
