"""Is there anything to learn? Network and references against guessing, on the same rows.

Guessing is the class frequencies, or the mean. A search whose target has nothing to do with
its inputs ends with the trial that guesses best, and its curve looks like a good fit. What
tells it is the gain over guessing against that gain's own standard error: taken row by row,
since a row with a far target costs both alike. Validation rows chose the network and the
penalty of the linear model, so that there the best of many counts; test rows chose nothing. What
both say of one model is put together, and one model that does better than guessing is enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

from automl.diagnostics.evidence import trial_facts
from automl.diagnostics.thresholds import (
    CHANCE_GAIN,
    LEAST_GAP_SHARE,
    NOISE_MULTIPLE,
    PROBED_SHARE,
)
from automl.wording.counts import count, listing
from automl.wording.numbers import number
from automl.wording.references import is_plural, reference_words
from automl.wording.scores import SPLIT_NAMES
from storage.answers import latest_evaluation, study_evaluation
from storage.records import TRAINED, Json, StudyRecords
from storage.score_records import EvaluationRecord, PairedDifference, ReferenceName

NETWORK = "network"

CHOSEN_AMONG: Mapping[str, int] = {"linear_model": 6, "boosted_trees": 1}
"""Of how many chances a reference is the best on the validation rows: the penalties of the linear
model (`automl/data/baselines.py`). The iterations of trees count as one: where nothing can be
learned each further tree does worse, and of 800 tables of noise (half with two classes) the best
iteration's gain seemed to have a chance below 5 % in 1.4 %, without any correction."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What a trial has on guessing, on the same rows."""

    trial_number: int
    split: str  # "valid", or "test" in studies that compared nothing on validation rows
    loss: float
    baseline_loss: float
    noise: float  # standard error of the gain
    is_paired: bool  # row by row; else that of the trial's loss alone, which is larger
    n_trials: int = 1  # the trial is the best of so many
    references: tuple[ReferenceName, ...] = ()  # those that do no better than guessing either

    @property
    def value(self) -> float:
        """Loss of guessing minus loss of the trial."""
        return self.baseline_loss - self.loss

    @property
    def is_certain(self) -> bool:
        """Whether the gain is beyond chance; with a loose error, one worth naming is."""
        beyond = self.value > _multiple(self.n_trials) * self.noise
        worth_naming = self.value > LEAST_GAP_SHARE * self.baseline_loss
        return self.value > 0 and (beyond or (worth_naming and not self.is_paired))


def missing_signal(records: StudyRecords) -> Gain | None:
    """The best trial's gain over guessing where nothing shows that there is one.

    None also where this cannot be known: without a measured baseline, and with class weights
    where the network has not been scored.
    """
    best = records.best_trial
    if best is None or _is_probed(records):
        return None
    # Pruned and paused trials ran in the same contest for the lowest validation loss.
    n_trials = sum(trial.outcome in TRAINED for trial in records.trials)
    source = latest_evaluation(records, "valid") or latest_evaluation(records, "test")
    if source and "loss" not in source.reference_scores("guessing"):
        return None
    gain = _measured(records, best.number, source, n_trials) if source else None
    chances = list(_chances(records, n_trials))
    if source is None or gain is None or (records.settings.class_weights and not chances):
        return None
    if not gain.is_paired and not records.settings.class_weights and gain.is_certain:
        return None
    if chances and min(chances) * len(chances) < CHANCE_GAIN:
        return None
    fitted = [one for one in source.references if one.name != "guessing"]
    guessed = source.reference_scores("guessing")["loss"]
    if any(
        not one.guessing_gains
        and guessed - one.scores.get("loss", guessed) > LEAST_GAP_SHARE * guessed
        for one in fitted
    ):
        return None  # measured without its error: a gain worth naming is one
    return replace(gain, references=tuple(one.name for one in fitted))


def gain_words(gain: Gain, loss: str) -> str:
    """What was compared, in one to three sentences."""
    rows, guessing = SPLIT_NAMES[gain.split], reference_words("guessing", loss)
    compared = (
        f"On {rows} rows the best of them, trial {gain.trial_number}, has a loss of "
        f"{number(gain.loss)}; {guessing} gives {number(gain.baseline_loss)} on the same rows"
    )
    if gain.value <= 0:
        ending = ", which is no worse."
    else:
        ending = f". The difference of {number(gain.value, 2)} may be chance"
        if gain.noise > 0:
            ending += f" (standard error {number(gain.noise, 2)}"
            ending += f", best of {count(gain.n_trials, 'trial')})" if gain.n_trials > 1 else ")"
        ending += "."
    if not gain.references:
        return compared + ending
    others = listing([reference_words(name, loss) for name in gain.references])
    verb = "are" if is_plural(*gain.references) else "is"
    others = f"{others[:1].upper()}{others[1:]} {verb} not certainly better than guessing either."
    return f"{compared}{ending} {others}"


def gain_evidence(gain: Gain) -> dict[str, Json]:
    """The numbers that the words rest on."""
    return {
        "gain_of_trial": gain.trial_number,
        "gain_over_guessing": gain.value,
        "gain_standard_error": gain.noise,
        "gain_is_paired": gain.is_paired,
        "gain_rows": SPLIT_NAMES[gain.split],
    }


def _multiple(n_trials: int) -> float:
    """Standard errors that the best of so many trials exceeds by chance in 5 % of studies."""
    return max(NOISE_MULTIPLE, NormalDist().inv_cdf(1 - CHANCE_GAIN / n_trials))


def _is_probed(records: StudyRecords) -> bool:
    """Whether a single column was seen to explain much of the target on held-out train rows."""
    return any(
        check.kind == "leakage" and check.value > PROBED_SHARE for check in records.data_checks
    )


def _chances(records: StudyRecords, n_trials: int) -> Iterator[float]:
    """For each model: the chance of its gain over guessing if there were none.

    By loss or accuracy, whichever shows more: they move together, so that they count as one.
    (Simulated with such correlations, 3 % of studies without a signal seem to have one.)
    Source: Fisher 1932, section 21.1: -2 times the sum of the logarithms of independent chances
    has a chi-squared distribution; of two, its tail is p (1 - ln p) with their product p.
    """
    scores = ("balanced_accuracy",) if records.settings.class_weights else ("loss", "accuracy")
    for model, best_of in {NETWORK: n_trials, **CHOSEN_AMONG}.items():
        by_score = [_chance_by(records, model, score, best_of) for score in scores]
        known = [chance for chance in by_score if chance is not None]
        if known:
            yield min(known)


def _chance_by(records: StudyRecords, model: str, score: str, best_of: int) -> float | None:
    """On validation rows, where it is the best of several, and test rows together."""
    found = []
    splits: tuple[tuple[Literal["valid", "test"], int], ...] = (("valid", best_of), ("test", 1))
    for split, times in splits:
        evaluation = study_evaluation(records, split)
        gain = _gain(evaluation, model, score) if evaluation else None
        if gain is not None:
            found.append(min(1.0, times * _chance(gain)))
    product = math.prod(found)
    if len(found) < 2 or product == 0:
        return product if found else None
    return product * (1 - math.log(product))


def _gain(record: EvaluationRecord, model: str, score: str) -> PairedDifference | None:
    """What a model has on guessing, by a score."""
    if model == NETWORK:
        return record.gain("guessing", score)
    fitted = next((one for one in record.references if one.name == model), None)
    return fitted.guessing_gains.get(score) if fitted else None


def _chance(gain: PairedDifference) -> float:
    """Of so large a gain where there is none."""
    if gain.standard_error <= 0:
        return 0.0 if gain.value > 0 else 1.0
    return 1 - NormalDist().cdf(gain.value / gain.standard_error)


def _measured(
    records: StudyRecords, number: int, source: EvaluationRecord, n_trials: int
) -> Gain | None:
    """From the scores of the answer; else from the trial's curve, on validation rows too."""
    guessing = source.reference_scores("guessing")
    known = source.gain("guessing", "loss")
    if known and source is study_evaluation(records, source.split):
        # Test rows chose no trial, so it does not matter of how many it is the best.
        best_of = n_trials if source.split == "valid" else 1
        loss, error = source.scores["loss"], known.standard_error
        return Gain(number, source.split, loss, guessing["loss"], error, True, best_of)
    facts = trial_facts(records, number)
    if facts is None or source.split == "test":
        return None
    return Gain(
        number, "valid", facts.valid_loss, guessing["loss"], facts.valid_noise, False, n_trials
    )
