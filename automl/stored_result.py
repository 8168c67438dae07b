"""What is stored of a search, to be read: all that summaries, verdicts and tables of it show.

Models, files and figures of it are `automl.result.SearchResult`'s, which is one of these.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from automl.diagnostics.headline import shown_diagnoses
from automl.errors import StudyError
from automl.options.spoken import spoken_diagnosis
from automl.wording.data_notes import data_notes, noted
from automl.wording.scores import read_score
from storage.answers import study_answer, study_evaluation, study_importances
from storage.records import CAUSES, Diagnosis, StudyRecords, TrialRecord
from storage.score_records import AnswerRecord, ColumnImportance, EvaluationRecord


@dataclass(frozen=True, slots=True, repr=False)
class StoredResult:
    """A study with its best configuration, its answer, scores and verdict."""

    records: StudyRecords
    storage: str
    seconds: float = 0.0  # of the call that gave this result, from its beginning
    n_ended_before: int = 0  # trials that had come to an end when that call began
    n_epochs_in_call: int | None = None  # its trials had in that call; None: it was loaded
    lacked_time: bool = False  # that call's time was up before any trial had an epoch

    @property
    def study_name(self) -> str:
        """The study's name in the database, for Optuna and Optuna Dashboard too."""
        return self.records.settings.study_name

    @property
    def trials(self) -> tuple[TrialRecord, ...]:
        """All trials, in the order of their numbers."""
        return self.records.trials

    @property
    def has_best(self) -> bool:
        """Whether a trial has completed; where none has, there is no answer either."""
        return self.records.best_trial is not None

    @property
    def best(self) -> TrialRecord:
        """The complete trial of the lowest validation loss.

        Raises:
            StudyError: no trial has completed.
        """
        best = self.records.best_trial
        if best is None:
            raise none_complete(self.records)
        return best

    @property
    def answer(self) -> AnswerRecord:
        """What the study hands over: runs whose networks predict together.

        Raises:
            StudyError: no trial has completed.
        """
        answer = study_answer(self.records)
        if answer is None:
            raise none_complete(self.records)
        return answer

    @property
    def evaluation(self) -> EvaluationRecord | None:
        """The answer's scores on the test rows; None before they were taken."""
        return study_evaluation(self.records, "test")

    @property
    def column_importances(self) -> tuple[ColumnImportance, ...]:
        """How much worse the answer predicts with each column shuffled, the worst first.

        Measured on validation rows; () where it was not: the report says why.
        """
        found = study_importances(self.records)
        return () if found is None else found.columns

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """The verdict first, then all else that was noticed; options as the reader names them."""
        return tuple(map(spoken_diagnosis, shown_diagnoses(self.records, self.storage)))

    @property
    def data_notes(self) -> tuple[str, ...]:
        """What to know of the data: columns left out, and why; whose the rows may be."""
        return data_notes(self.records.data_checks)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.study_name!r}, trials={len(self.trials)}, "
            f"{found_in_brief(self.records)}, storage={self.storage!r}{noted(self.data_notes)})"
        )


def none_complete(records: StudyRecords) -> StudyError:
    """What is raised, or told, where a study has no complete trial: why, and what to do."""
    failed = [trial for trial in records.trials if trial.outcome == "failed"]
    if failed and len(failed) == len(records.trials):
        causes = Counter(CAUSES.get(str(trial.cause), str(trial.cause)) for trial in failed)
        why = "; ".join(f"{n}: {cause}" for cause, n in causes.most_common())
        fix = f"all have failed ({why})"
    else:
        fix = "continue it with the same call, or with more time"
    return StudyError(
        f"a best trial needs one that is complete, but {records.settings.study_name!r} has none "
        f"of {len(records.trials)}; {fix}"
    )


def found_in_brief(records: StudyRecords) -> str:
    """What a study has found, for a line: the test score of its metric, if it has one, first."""
    best, evaluation = records.best_trial, study_evaluation(records, "test")
    if best is None:
        return "no trial complete"
    found = f"valid_loss={best.value:.4g}"
    if records.settings.metric is None or evaluation is None:
        return found
    score = read_score(records.settings)
    return f"test_{score}={evaluation.scores[score]:.4g}, {found}"
