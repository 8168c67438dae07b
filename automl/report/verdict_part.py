"""The verdict in words: what it is, what it rests on, and what to type next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from automl.commands_to_type import next_command
from automl.diagnostics.headline import shown_diagnoses
from automl.options.values import DEFAULT_STORAGE
from automl.report.evidence_words import evidence_in_words
from automl.wording.counts import count, listing
from storage.records import Diagnosis, StudyRecords
from storage.titles import title

N_TRIAL_VERDICTS = 12  # of single trials; the rest is in `automl show STUDY --trial N`


@dataclass(frozen=True, slots=True)
class Verdict:
    """A diagnosis as the page shows it."""

    severity: str
    label: str  # the severity as a word, since colour alone does not carry
    kind: str
    message: str
    evidence: tuple[tuple[str, str], ...]
    advice: tuple[tuple[str, str], ...]  # sentence, command to type or ""
    trial_number: int | None


SEVERITY_LABELS = {"good": "Good", "info": "Note", "warning": "Warning", "problem": "Problem"}
SEVERITY_ORDER = ("problem", "warning", "info", "good")


def verdicts(
    records: StudyRecords, storage: str = DEFAULT_STORAGE
) -> tuple[list[Verdict], list[Verdict]]:
    """Verdicts on the study and its best trial, the main one first, and on other trials.

    Args:
        storage: the database that commands name.
    """
    best = records.best_trial
    of_study = (None, best.number if best else None)
    shown = shown_diagnoses(records, storage)
    study = [d for d in shown if d.trial_number in of_study]
    single = [d for d in shown if d.trial_number not in of_study and d.severity != "good"]
    single.sort(key=lambda d: SEVERITY_ORDER.index(d.severity))
    return (
        [_verdict(d, records, storage) for d in study],
        [_verdict(d, records, storage) for d in single[:N_TRIAL_VERDICTS]],
    )


def _verdict(diagnosis: Diagnosis, records: StudyRecords, storage: str) -> Verdict:
    kind = title(diagnosis)
    message = diagnosis.message.removeprefix(f"{kind}: ")  # the kind is its heading
    names = {name for trial in records.trials for name in trial.params}
    return Verdict(
        severity=diagnosis.severity,
        label=SEVERITY_LABELS[diagnosis.severity],
        kind=kind,
        message=sentence(message, names),
        evidence=evidence_in_words(diagnosis),
        advice=tuple(
            (advice.text, next_command(records, advice.changes, storage) or "")
            for advice in diagnosis.advice
        ),
        trial_number=diagnosis.trial_number,
    )


def more_words(further: Sequence[Verdict]) -> str:
    """The line behind which further verdicts are folded: how many, and their names."""
    names = listing(list(dict.fromkeys(verdict.kind for verdict in further)))
    return f"{count(len(further), 'more observation')}: {names}"


def sentence(message: str, names: Collection[str]) -> str:
    """The message with a capital at its beginning, unless it begins with a hyperparameter.

    Args:
        names: of hyperparameters, which are written as they are typed.
    """
    first = message.split(" ", 1)[0].strip("`,:;.")
    if "_" in first or first in names:
        return message
    return message[:1].upper() + message[1:]
