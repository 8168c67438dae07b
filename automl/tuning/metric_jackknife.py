"""How much better a metric is by some predictions than by others of the same rows, surely.

A metric is no mean over rows, so that its difference has no error that follows from theirs. It is
taken without each of some groups of the rows in turn, by the same groups for both, and its
interval is that of a delete-a-group jackknife.

Source: Efron and Tibshirani 1993, An introduction to the bootstrap, chapter 11; of groups Shao
and Tu 1995, The jackknife and bootstrap, section 2.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from automl.data.dataset import Dataset
from automl.training.decisions import Decided
from automl.training.metrics import Weighted, without_each
from automl.wording.scores import HIGHER_IS_BETTER
from storage.score_records import PairedDifference

Floats: TypeAlias = NDArray[np.float64]

N_GROUPS: Final = 20

STUDENT_95: Final = 2.093
"""Standard errors of a 95 % interval from 20 groups: Student's t with 19 degrees of freedom."""


class MetricJackknife:
    """A metric of the same rows by any predictions of them.

    Args:
        metric: its score, any but the loss.
        threshold: by which two classes are decided between.
        seed: which rows are left out together.

    Shape:
        targets: (N,), with their weights; scales: (N,).
    """

    def __init__(
        self,
        metric: str,
        dataset: Dataset,
        targets: Weighted,
        scales: Floats,
        threshold: float | None,
        seed: int,
    ) -> None:
        self.metric = metric
        self._dataset = dataset
        self._targets, self._scales = targets, scales
        self._threshold = threshold
        drawn = np.random.default_rng(seed).permutation(len(scales))
        self._groups = drawn % min(N_GROUPS, len(scales))

    def scores(self, predicted: ArrayLike) -> Floats:
        """The metric of all rows, and without each group, (N,) or (N, C) -> (G + 1,)."""
        return without_each(
            Decided(predicted, self._threshold),
            self._targets,
            self._groups,
            task=self._dataset.task,
            loss=self._dataset.loss,
            target_scale=self._scales,
            metric=self.metric,
        )

    def gain(self, scores: Floats, others: Sequence[Floats]) -> PairedDifference | None:
        """How much better scores are than the mean of others; None where rows do not define it.

        Shape:
            scores, and each of the others: (G + 1,), see `scores`.
        """
        sign = 1.0 if self.metric in HIGHER_IS_BETTER else -1.0
        gains = sign * (scores - np.mean(others, axis=0))
        left = gains[1:][np.isfinite(gains[1:])]
        if not math.isfinite(gains[0]) or len(left) < 2:
            return None
        error = math.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
        value, margin = float(gains[0]), STUDENT_95 * error
        return PairedDifference(value, error, value - margin, value + margin)
