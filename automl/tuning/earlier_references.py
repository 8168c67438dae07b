"""References of an earlier look at the same rows: which still hold, and what of the others does.

Where a call cannot fit them again, for lack of time or since a person wants none, those that an
earlier call has fitted stay beside the network. They were scored by the metric that the study had
then. Of two classes they may have decided by thresholds that were the best by it; scores of such
decisions are left out where the answer now decides otherwise. What remains is as good as new: the
networks and the rows are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from automl.training.decisions import OF_DECISIONS
from storage.score_records import (
    AnswerRecord,
    EvaluationRecord,
    ReferenceName,
    ReferenceRecord,
    score_of,
    score_to_choose_by,
)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Deciding:
    """How references are scored beside an answer.

    Attributes:
        metric: the study's.
        by_thresholds: whether they decide by thresholds of their own, as the answer does.
    """

    metric: str | None
    by_thresholds: bool

    @classmethod
    def beside(cls, answer: AnswerRecord, metric: str | None) -> Deciding:
        """Beside an answer of a study with this metric."""
        return cls(metric, answer.threshold is not None and metric is not None)

    def holds(self, earlier: EvaluationRecord) -> bool:
        """Whether an earlier evaluation has the study's metric, and nothing that is wrong."""
        is_scored = self.metric is None or score_of(self.metric) in earlier.scores
        return is_scored and not any(map(self._is_wrong, earlier.references))

    def names(self, earlier: EvaluationRecord) -> frozenset[ReferenceName]:
        """The references of an earlier evaluation that were scored in this way."""
        return frozenset(one.name for one in earlier.references if self._is_alike(one))

    def with_earlier(
        self, scored: EvaluationRecord, earlier: EvaluationRecord | None
    ) -> EvaluationRecord:
        """An evaluation with what is left of the references that it lacks.

        Args:
            earlier: of the same answer on the same rows.
        """
        if earlier is None:
            return scored
        known = {one.name for one in scored.references}
        left = [
            self._left(one, scored.scores) for one in earlier.references if one.name not in known
        ]
        return replace(scored, references=(*scored.references, *left))

    def _left(self, reference: ReferenceRecord, known: Mapping[str, float]) -> ReferenceRecord:
        dropped = OF_DECISIONS if self._decides_otherwise(reference) else frozenset[str]()

        def left(values: Mapping[str, Value]) -> dict[str, Value]:
            return {
                name: one for name, one in values.items() if name in known and name not in dropped
            }

        return replace(
            reference,
            scores=left(reference.scores),
            intervals=left(reference.intervals),
            network_gains=left(reference.network_gains),
            guessing_gains=left(reference.guessing_gains),
        )

    def _is_alike(self, reference: ReferenceRecord) -> bool:
        by = score_to_choose_by(reference.metric)
        is_by_threshold = reference.threshold is not None
        return by == score_to_choose_by(self.metric) and is_by_threshold == self.by_thresholds

    def _decides_otherwise(self, reference: ReferenceRecord) -> bool:
        """Whether its classes are others than they would be now, or may be."""
        is_even = reference.threshold is None and not self.by_thresholds
        return not self._is_alike(reference) and not is_even

    def _is_wrong(self, reference: ReferenceRecord) -> bool:
        return self._decides_otherwise(reference) and not OF_DECISIONS.isdisjoint(reference.scores)
