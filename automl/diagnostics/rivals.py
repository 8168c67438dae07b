"""The references beside a scored trial: which of them predicts better, and how surely.

Both are measured on the same rows, so the paired difference is known far better than either
loss. Validation rows chose the network and so flatter it; test rows chose nothing. A reference
that is better on either is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl.diagnostics.standing import compared_score
from automl.diagnostics.thresholds import (
    CERTAIN_ERRORS,
    LEAST_LEAD_SHARE,
    MIN_TEST_ROWS,
    NOISE_MULTIPLE,
)
from automl.wording.references import reference_words
from storage.answers import evaluation_of, single_answer
from storage.records import StudyRecords
from storage.score_records import PairedDifference, ReferenceName


@dataclass(frozen=True, slots=True)
class Rival:
    """A reference with what the network has on it: below 0 where the reference is better."""

    name: ReferenceName
    words: str  # "the linear model"
    loss: float  # on validation rows; NaN where it was not measured there
    score: str  # what is compared: "loss", with class weights "balanced_accuracy"
    valid: PairedDifference | None = None
    test: PairedDifference | None = None
    test_loss: float = math.nan  # on test rows
    is_final: bool = True  # False: it was still getting better when its effort was spent

    @property
    def is_measured(self) -> bool:
        """Whether the two were compared row by row."""
        return self.test is not None or self.valid is not None

    @property
    def is_better(self) -> bool:
        """Whether it predicts better than the network, beyond chance."""
        return any(gain is not None and gain.is_worse for gain in (self.test, self.valid))

    @property
    def split(self) -> str:
        """The rows on which its lead is shown: test rows if they show it."""
        return "test" if self.test is not None and self.test.is_worse else "valid"

    @property
    def shown_loss(self) -> float:
        """Its loss on the rows that show its lead."""
        return self.test_loss if self.split == "test" else self.loss

    @property
    def gain(self) -> PairedDifference | None:
        """Of the network over it, on the rows that show its lead."""
        return self.test if self.split == "test" else self.valid

    @property
    def is_certainly_better(self) -> bool:
        """Whether its lead is far beyond chance on one set of rows, and beyond it on each."""
        known = [_errors(gain) for gain in (self.test, self.valid) if gain is not None]
        return bool(known) and max(known) > CERTAIN_ERRORS and min(known) > NOISE_MULTIPLE

    def matters(self, baseline_loss: float) -> bool:
        """Whether its lead is worth an action: on test rows, if there are any, and on average."""
        known = [gain for gain in (self.test, self.valid) if gain is not None]
        if not known or not known[0].is_worse:
            return False
        lead = -sum(gain.value for gain in known) / len(known)
        return lead > LEAST_LEAD_SHARE * (baseline_loss if self.score == "loss" else 1.0)


def find_rivals(records: StudyRecords, trial_number: int) -> tuple[Rival, ...]:
    """The references that a trial was scored beside, guessing too; none if it was not scored."""
    answer = single_answer(records, trial_number)
    valid = evaluation_of(records, answer, "valid")
    test = evaluation_of(records, answer, "test")
    if records.settings.n_rows.get("test", MIN_TEST_ROWS) < MIN_TEST_ROWS:
        test = None
    score = compared_score(records.settings)
    known = [one for record in (valid, test) if record for one in record.references]
    names = {one.name: one.is_final for one in known}
    return tuple(
        Rival(
            name,
            reference_words(name, records.settings.loss),
            valid.reference_scores(name).get("loss", math.nan) if valid else math.nan,
            score,
            valid.gain(name, score) if valid else None,
            test.gain(name, score) if test else None,
            test.reference_scores(name).get("loss", math.nan) if test else math.nan,
            is_final,
        )
        for name, is_final in names.items()
    )


def best_rival(rivals: tuple[Rival, ...]) -> Rival | None:
    """Of those that are better than the network, the one with the largest lead."""
    leads = {one.name: -one.gain.value for one in rivals if one.is_better and one.gain}
    return max(
        (one for one in rivals if one.name in leads), key=lambda one: leads[one.name], default=None
    )


def _errors(gain: PairedDifference) -> float:
    return -gain.value / gain.standard_error if gain.standard_error > 0 else 0.0
