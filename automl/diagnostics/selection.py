"""Do validation rows tell what test rows tell? The best trial's score on both, with their errors.

Validation rows chose the trial and its epoch, so that its score there is too good, the more so
the fewer rows and the more trials. Rows from elsewhere, or labels that do not belong to them, make
the two differ either way. Test rows chose nothing: where they disagree, they are believed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl.diagnostics.advice import MORE_VALIDATION_ROWS
from automl.diagnostics.data_quality import is_shift
from automl.diagnostics.evidence import find_references, trial_facts
from automl.diagnostics.standing import compared_score
from automl.diagnostics.thresholds import (
    MIN_VALID_ROWS,
    MISMATCH_ERRORS,
    MISMATCH_SHARE,
    NOT_LEARNING_SHARE,
    SELECTION_ERRORS,
    SELECTION_SHARE,
    Z_95,
)
from automl.wording.counts import count, listing
from automl.wording.numbers import number, percent
from automl.wording.references import is_plural, reference_words
from storage.answers import evaluation_of, single_answer
from storage.records import Advice, Diagnosis, StudyRecords
from storage.score_records import EvaluationRecord, PairedDifference, ReferenceName
from storage.titles import title_of, titled

SHARED_LOSS = 0.5
"""A reference that loses this share of what the network loses shows that most is in the rows."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """One score on the validation rows and on the test rows; higher gains are better."""

    score: str
    valid: float
    test: float
    errors: float  # of the difference of the scores: above 0 validation rows look better
    valid_gain: PairedDifference  # over guessing
    test_gain: PairedDifference

    @property
    def gain_errors(self) -> float:
        """The gain on validation rows minus that on test rows, in standard errors."""
        error = math.hypot(self.valid_gain.standard_error, self.test_gain.standard_error)
        return (self.valid_gain.value - self.test_gain.value) / error if error > 0 else 0.0

    @property
    def share(self) -> float:
        """How much less is gained on the worse rows, as a share of the gain on the better ones."""
        better = max(self.valid_gain.value, self.test_gain.value)
        worse = min(self.valid_gain.value, self.test_gain.value)
        return 1 - worse / better if better > 0 else 0.0


def diagnose_selection(records: StudyRecords) -> Diagnosis | None:
    """Say that validation rows and test rows disagree by more than chance."""
    compared = _compare(records)
    if compared is None:
        return None
    is_mismatch = compared.gain_errors < -MISMATCH_ERRORS and compared.share > MISMATCH_SHARE
    if is_mismatch and compared.test_gain.is_better and _has_learned(records):
        return _mismatch(records, compared)
    is_gap = min(compared.errors, compared.gain_errors) > SELECTION_ERRORS
    return _gap(records, compared) if is_gap and compared.share > SELECTION_SHARE else None


def _compare(records: StudyRecords) -> _Compared | None:
    valid, test = _scores(records, "valid"), _scores(records, "test")
    if valid is None or test is None or 0 < _n_valid_rows(records) < MIN_VALID_ROWS:
        return None
    score = compared_score(records.settings)
    gains = [one.gain("guessing", score) for one in (valid, test)]
    error = math.hypot(_error(valid, score), _error(test, score))
    if gains[0] is None or gains[1] is None or not error > 0:
        return None
    difference = valid.scores[score] - test.scores[score]
    better = -difference if score == "loss" else difference
    return _Compared(
        score, valid.scores[score], test.scores[score], better / error, gains[0], gains[1]
    )


def _scores(records: StudyRecords, split: str) -> EvaluationRecord | None:
    """The best trial's, whatever the answer is: the words are about that trial."""
    best = records.best_trial
    return evaluation_of(records, single_answer(records, best.number), split) if best else None


def _has_learned(records: StudyRecords) -> bool:
    """Whether the best trial learned its train rows: else no rows are told right but by chance."""
    best = records.best_trial
    facts = trial_facts(records, best.number) if best else None
    limit = (1 - NOT_LEARNING_SHARE) * find_references(records).baseline_loss
    return facts is not None and facts.lowest_train_loss < limit


def _error(record: EvaluationRecord, score: str) -> float:
    low, high = record.intervals.get(score, (0.0, 0.0))
    return (high - low) / (2 * Z_95)


def _gap(records: StudyRecords, compared: _Compared) -> Diagnosis:
    return Diagnosis(
        kind="selection_gap",
        severity="warning",
        message=titled(
            title_of("selection_gap", "warning"),
            f"on validation rows {_words(compared)} ({percent(compared.share)} of what it gains "
            f"over guessing is missing there), beyond what chance does between two such sets of "
            f"rows. {_cause(records, compared)} Believe the test rows.",
        ),
        evidence=_evidence(records, compared),
        advice=_advice_for_gap(records),
    )


def _cause(records: StudyRecords, compared: _Compared) -> str:
    """Why validation rows look better: they are easier for all, or the search chose by them.

    A reference is chosen by them too, but out of few. One that loses most of what the network
    loses between the two sets of rows speaks for the rows, not for the choice.
    """
    is_shifted = any(is_shift(one) and one.subject == "train/test" for one in records.data_checks)
    shifted = "The test rows differ from the train rows. " if is_shifted else ""
    lost = compared.valid_gain.value - compared.test_gain.value
    alike = [
        name
        for name, lost_too in _lost_by_references(records, compared.score).items()
        if lost_too > SHARED_LOSS * lost
    ]
    if alike:
        words = listing([reference_words(name, records.settings.loss) for name in alike])
        lose = "lose" if is_plural(*alike) else "loses"
        return (
            f"{shifted}Most of it is in the rows and not in the choice of a trial: {words} {lose} "
            f"most of as much from the validation rows to the test rows."
        )
    return (
        f"{shifted}{count(len(records.trials), 'trial')} and their epochs were chosen on "
        f"{_n_valid_rows(records):,} validation rows, which makes the best look better than it is."
    )


def _lost_by_references(records: StudyRecords, score: str) -> dict[ReferenceName, float]:
    """What each fitted reference gains less over guessing on test rows than on validation rows."""
    valid, test = (
        {
            one.name: one.guessing_gains[score].value
            for one in (rows.references if rows else ())
            if score in one.guessing_gains
        }
        for rows in (_scores(records, "valid"), _scores(records, "test"))
    )
    return {name: valid[name] - test[name] for name in valid if name in test}


def _advice_for_gap(records: StudyRecords) -> tuple[Advice, ...]:
    """What the study has not done yet: choose by all rows, and split as test rows are apart."""
    split = records.settings.split
    steps = []
    if _n_folds(records) == 1 and not split.get("time"):
        steps.append(MORE_VALIDATION_ROWS)
    if not split.get("time") and not split.get("group"):
        steps.append(
            Advice(
                "If test rows come from another time or group than the others, split the others "
                "that way too: `--time COLUMN` or `--group COLUMN`."
            )
        )
    return tuple(steps)


def _n_folds(records: StudyRecords) -> int:
    best = records.best_trial
    return max(1, len(records.search_runs(best.number))) if best else 1


def _n_valid_rows(records: StudyRecords) -> int:
    """Of all folds, those by which epochs and trials are chosen."""
    return _n_folds(records) * records.settings.n_measured_rows


def _mismatch(records: StudyRecords, compared: _Compared) -> Diagnosis:
    return Diagnosis(
        kind="validation_mismatch",
        severity="problem",
        message=titled(
            title_of("validation_mismatch", "problem"),
            f"on validation rows {_words(compared)}. What was learned on the train rows holds for "
            f"the test rows, but not for the validation rows, by which trials and epochs were "
            f"chosen: their targets may be wrong, or they come from elsewhere.",
        ),
        evidence=_evidence(records, compared),
        advice=(
            Advice(
                "Check that each validation row has its own target, and that the rows are of the "
                "same kind as the train rows."
            ),
            Advice("Search again without rows of its own for validation, with `--folds 5`."),
        ),
    )


def _words(compared: _Compared) -> str:
    name = "loss" if compared.score == "loss" else "balanced accuracy"
    return (
        f"the best trial's {name} is {number(compared.valid)}, on test rows "
        f"{number(compared.test)}"
    )


def _evidence(records: StudyRecords, compared: _Compared) -> dict[str, float | int | str]:
    return {
        "score": compared.score,
        "valid_score": compared.valid,
        "test_score": compared.test,
        "difference_in_standard_errors": compared.errors,
        "gain_difference_in_standard_errors": compared.gain_errors,
        "n_trials": len(records.trials),
        "n_valid_rows": _n_valid_rows(records),
    }
