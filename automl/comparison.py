"""Studies side by side: which network is better, how each one stands, and what differs.

Terminal and page draw what is here, so that they cannot disagree. Networks are held against each
other row by row, where both were scored on the same test rows: they are wrong on the same hard
rows, so that the paired difference is known far better than either score. Whether their own
intervals overlap says less, and is not asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.diagnostics.headline import Headline, headline
from automl.diagnostics.standing import WORDS
from automl.training.decisions import Decided
from automl.training.metrics import Weighted, resample
from automl.wording.counts import count, counted
from automl.wording.numbers import duration
from automl.wording.references import reference_words
from automl.wording.scores import (
    HIGHER_IS_BETTER,
    difference_text,
    read_score,
    score_and_interval,
    score_name,
    score_text,
)
from automl.wording.settings import differing_settings, parameter_text
from search_spaces.space import completed
from storage.answers import study_answer, study_evaluation
from storage.effort import search_effort
from storage.records import Json, Outcome, StudyRecords, StudySettings
from storage.score_records import EvaluationRecord, PairedDifference
from storage.titles import title

ABSENT = "–"
OF_ROWS = ("test_targets", "test_weights")
OF_VALIDATION = frozenset({"n_folds", "valid", "valid_fraction"})

Predictions: TypeAlias = Mapping[str, NDArray[Any]]
Rows: TypeAlias = Mapping[str, tuple[str, ...]]
"""Texts by the name of what they say: one for each study."""


@dataclass(frozen=True, slots=True, eq=False)
class ComparedStudy:
    """One study of a comparison."""

    name: str  # by which it is told from the others
    records: StudyRecords
    headline: Headline
    evaluation: EvaluationRecord | None  # of the answer on test rows
    predictions: (
        Predictions | None
    )  # likewise: test_targets, test_weights if any, test_predictions

    @property
    def best_loss(self) -> float:
        """The lowest validation loss; infinite where no trial has completed."""
        best = self.records.best_trial
        return math.inf if best is None or best.value is None else best.value


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two or more studies side by side, in words."""

    studies: tuple[ComparedStudy, ...]
    findings: tuple[str, ...]  # sentences
    results: Rows
    settings: Rows  # those that are not alike
    configurations: Rows  # of the best trials, where they are not alike
    alike: str  # what these have in common

    @property
    def names(self) -> list[str]:
        """The studies' names, each another."""
        return [study.name for study in self.studies]


def compare_studies(given: Sequence[tuple[StudyRecords, Predictions | None]]) -> Comparison:
    """Put studies side by side.

    Args:
        given: each study with what its answer predicts of the test rows, where that is kept.
    """
    names = _distinct([records.settings.study_name for records, _ in given])
    studies = tuple(
        ComparedStudy(name, records, headline(records), study_evaluation(records, "test"), kept)
        for name, (records, kept) in zip(names, given, strict=True)
    )
    configurations = [_configuration(study.records) for study in studies]
    differing = _differing(
        {
            name: tuple(each.get(name, ABSENT) for each in configurations)
            for name in dict.fromkeys(name for each in configurations for name in each)
        }
    )
    common = [f"{n} {v}" for n, v in configurations[0].items() if n not in differing]
    return Comparison(
        studies=studies,
        findings=tuple(findings(studies)),
        results={name: tuple(map(describe, studies)) for name, describe in RESULTS.items()},
        settings=_settings(studies),
        configurations=differing,
        alike=", ".join(common),
    )


# Which network is better


def findings(studies: Sequence[ComparedStudy]) -> list[str]:
    """Whether the network with the lowest validation loss is better than each of the others."""
    settings = [study.records.settings for study in studies]
    if len({_meaning(one) for one in settings}) > 1:
        return [
            "These studies differ in data, target, loss or weights of rows: their scores do not "
            "mean the same, so that none is better than another."
        ]
    if all(one.is_objective for one in settings):
        return [_finding_of_objectives(studies)]
    said = []
    scored = [study for study in studies if study.evaluation]
    if len(scored) < 2:
        said.append("Fewer than two of these studies have a scored network to compare.")
    else:
        first, *others = sorted(scored, key=lambda study: study.best_loss)
        said += [_finding(first, other) for other in others]
    empty = [study.name for study in studies if study.records.best_trial is None]
    return [*said, *(f"{name} has no complete trial yet." for name in empty)]


def _meaning(settings: StudySettings) -> tuple[Json, ...]:
    """What scores are of."""
    weight = settings.data_options.get("weight")
    return settings.data_fingerprint, settings.target, settings.loss, weight


def _finding_of_objectives(studies: Sequence[ComparedStudy]) -> str:
    """Objectives have no rows on which they could be held against each other."""
    if all(study.records.best_trial is None for study in studies):
        return "None of these studies has a complete trial yet."
    best = min(studies, key=lambda study: study.best_loss)
    return (
        f"{best.name} has the lowest validation loss. Whether that is more than chance, the "
        "losses alone cannot tell."
    )


def _finding(first: ComparedStudy, second: ComparedStudy) -> str:
    metric = read_score(first.records.settings)
    gain = paired_gain(first, second, metric)
    names = f"{first.name} (the lower validation loss) and {second.name}"
    if gain is None:
        return (
            f"{names} were not scored on the same test rows, or these predictions were not kept, "
            "so that their scores can only be compared with both intervals in mind."
        )
    verdict = "cannot be told apart"
    if gain.is_better or gain.is_worse:
        better = first if gain.is_better else second
        verdict = f"differ: {better.name} is better"
    n_rows = first.records.settings.n_rows.get("test", 0)
    return (
        f"On the same {count(n_rows, 'test row')} {names} {verdict}: {score_name(metric)} is "
        f"{difference_words(metric, gain, first.name)}."
    )


def paired_gain(
    first: ComparedStudy, second: ComparedStudy, metric: str
) -> PairedDifference | None:
    """By how much the first network is better, row by row; None where their rows are not the same.

    From the predictions that are kept with the studies, by the bootstrap of the scores.
    """
    mine, its = first.predictions, second.predictions
    if mine is None or its is None or _test_split(first) != _test_split(second):
        return None
    rows = [[each.get(name, ()) for name in OF_ROWS] for each in (mine, its)]
    if not all(map(np.array_equal, *rows)):
        return None
    settings = first.records.settings
    resampled = resample(
        {
            "first": Decided(mine["test_predictions"], _threshold(first)),
            "second": Decided(its["test_predictions"], _threshold(second)),
        },
        Weighted(mine["test_targets"], mine.get("test_weights")),
        task=settings.task,
        loss=settings.loss,
        metric=settings.metric,
    )
    return resampled["first"].gains(resampled["second"]).get(metric)


def _threshold(study: ComparedStudy) -> float | None:
    """By which its answer decides between two classes."""
    answer = study_answer(study.records)
    return None if answer is None else answer.threshold


def _test_split(study: ComparedStudy) -> dict[str, Json]:
    """What decides which rows are test rows: all of a split but its validation rows."""
    split = study.records.settings.split
    return {name: value for name, value in split.items() if name not in OF_VALIDATION}


def difference_words(metric: str, gain: PairedDifference, name: str) -> str:
    """By how much the score of a study is higher or lower than another's, with the interval.

    The sign is said in the word, so that what is 0.3 worse does not read as -0.3 better.
    """
    is_higher = (gain.value >= 0) == (metric in HIGHER_IS_BETTER)
    values = (gain.value, gain.low, gain.high)
    if gain.value < 0:
        values = (-gain.value, -gain.high, -gain.low)
    value, low, high = (difference_text(metric, one) for one in values)
    return (
        f"{value} {'higher' if is_higher else 'lower'} with {name} (95 % interval of the "
        f"paired difference {low} to {high})"
    )


# How each one stands


def _standing(study: ComparedStudy) -> str:
    found = study.headline.standing
    if found.kind == "unknown" or found.reference is None:
        return ABSENT
    loss = study.records.settings.loss
    return f"{WORDS[found.kind].lower()} {reference_words(found.reference, loss)}"


def _verdict(study: ComparedStudy) -> str:
    verdict = study.headline.verdict
    return ABSENT if verdict is None else title(verdict)


def _score(study: ComparedStudy) -> str:
    evaluation, metric = study.evaluation, read_score(study.records.settings)
    if evaluation is None or metric not in evaluation.scores:
        return ABSENT
    value, interval = evaluation.scores[metric], evaluation.intervals.get(metric)
    return f"{score_name(metric)} {score_and_interval(metric, value, interval)}"


def _valid_loss(study: ComparedStudy) -> str:
    best = study.records.best_trial
    return ABSENT if best is None else f"{score_text('loss', best.value)} (trial {best.number})"


def _trials(study: ComparedStudy) -> str:
    """How many, and how many of these were pruned, pause or have failed."""
    outcomes = [trial.outcome for trial in study.records.trials]
    kinds: tuple[Outcome, ...] = ("pruned", "paused", "failed", "refused")
    parts = counted({kind: outcomes.count(kind) for kind in kinds})
    return f"{len(outcomes):,}" + (f" ({parts})" if parts else "")


RESULTS: Mapping[str, Callable[[ComparedStudy], str]] = {
    "against references": _standing,
    "verdict": _verdict,
    "test score": _score,
    "validation loss": _valid_loss,
    "trials": _trials,
    "epochs": lambda study: f"{search_effort(study.records).n_epochs:,}",
    "time in training": lambda study: duration(search_effort(study.records).seconds),
}
"""What people hold side by side."""


# What differs


def _settings(studies: Sequence[ComparedStudy]) -> Rows:
    """What studies were made with, where it is not alike, in the words of the options."""
    records = [study.records for study in studies]
    settings = [one.settings for one in records]
    return _differing(
        {
            "data": tuple(one.data_source for one in settings),
            "content of the data": tuple(one.data_fingerprint[:12] for one in settings),
            **differing_settings(settings),
            "--policy": tuple(_policies(one, "policy") for one in records),
            "--sampler": tuple(_policies(one, "sampler") for one in records),
            "--pruner": tuple(_policies(one, "pruner") for one in records),
        }
    )


def _policies(records: StudyRecords, kind: str) -> str:
    """One after the other, where calls changed them."""
    calls = [one for one in records.policies if one.searches]
    names = dict.fromkeys(str(getattr(one, kind)) for one in calls)
    return ", then ".join(names) or ABSENT


def _configuration(records: StudyRecords) -> dict[str, str]:
    """All parameters of the best trial, what the space fixes included."""
    best = records.best_trial
    if best is None:
        return {}
    complete = completed(records.settings.space, best.params)
    return {name: parameter_text(value) for name, value in complete.items()}


def _differing(rows: Rows) -> Rows:
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that can serve as a legend: a second study of one name (another file) is numbered."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return distinct
