"""A model predicts the rows of a table of any size into a file, and is scored where it can be.

Rows come, are predicted and are written piece by piece; whoever calls sees how far it has got
after each. What the last one says is what there is to say of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from automl.data.files.prediction_files import writing_predictions
from automl.data.reading_notes import ReadingNotes
from automl.training.target_scores import ScoredRows, TargetScorer
from automl.training.trained_model import TrainedModel


@dataclass(frozen=True, slots=True)
class PredictedRows:
    """How far it has got."""

    notes: ReadingNotes  # of all rows so far
    columns: tuple[str, ...]  # that are written
    scored: ScoredRows | None = None  # at the end, where the target is among the columns

    @property
    def n_rows(self) -> int:
        """Rows that are written."""
        return self.notes.n_rows


def predict_rows(
    model: TrainedModel,
    data: Any,
    file: BinaryIO,
    name: str,
    metric: str | None = None,
    keep: Sequence[str] = (),
) -> Iterator[PredictedRows]:
    """Predict rows into an open file.

    Args:
        data: as for `TrainedModel.predict`.
        name: of the file, by whose ending it is written.
        metric: that the rows are scored by; None: the accuracy, or the RMSE.
        keep: columns of the rows that are written in front.

    Raises:
        DataError: as `predict`; behind some of the rows, too. There is no column to keep.
    """
    scorer, far = TargetScorer(model, metric), PredictedRows(ReadingNotes(), ())
    with writing_predictions(file, name) as writer:
        for piece in model.predict_pieces(data):
            columns = piece.beside(keep)
            writer.write(columns)
            scorer.add(piece)
            far = PredictedRows(piece.notes, tuple(columns))
            yield far
    yield replace(far, scored=scorer.scored())
