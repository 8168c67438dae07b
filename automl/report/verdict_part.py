"""Part 2 of the report in words: the verdicts, what they rest on, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from automl import diagnostics
from automl.diagnostics.headline import title
from automl.report.figures import style
from storage.records import Diagnosis, Json, SpaceChange, StudyRecords

N_TRIAL_VERDICTS = 12  # of single trials; the rest is in `automl show STUDY --trial N`


@dataclass(frozen=True, slots=True)
class Verdict:
    """A diagnosis as the page shows it."""

    severity: str
    label: str  # the severity as a word, since colour alone does not carry
    kind: str
    message: str
    evidence: tuple[tuple[str, str], ...]
    advice: tuple[tuple[str, str], ...]  # sentence, `--set` options
    trial_number: int | None


SEVERITY_LABELS = {"good": "Good", "info": "Note", "warning": "Warning", "problem": "Problem"}
SEVERITY_ORDER = ("problem", "warning", "info", "good")


def verdicts(records: StudyRecords) -> tuple[list[Verdict], list[Verdict]]:
    """Verdicts on the study and its best trial, the main one first, and on other trials."""
    best = records.best_trial
    of_study = (None, best.number if best else None)
    stored = [d for d in records.diagnoses if d.trial_number in of_study]
    study = stored or list(diagnostics.diagnose_study(records))
    single = [d for d in records.diagnoses if d.trial_number not in of_study]
    single = [d for d in single if d.severity != "good"]
    single.sort(key=lambda d: SEVERITY_ORDER.index(d.severity))
    return [_verdict(d) for d in study], [_verdict(d) for d in single[:N_TRIAL_VERDICTS]]


def _verdict(diagnosis: Diagnosis) -> Verdict:
    kind = title(diagnosis)
    message = diagnosis.message.removeprefix(f"{kind}: ")  # the kind is its heading
    return Verdict(
        severity=diagnosis.severity,
        label=SEVERITY_LABELS[diagnosis.severity],
        kind=kind,
        message=message[:1].upper() + message[1:],
        evidence=tuple(
            (name.replace("_", " "), text)
            for name, value in diagnosis.evidence.items()
            if (text := evidence_text(value))
        ),
        advice=tuple(
            (advice.text, " ".join(option(change) for change in advice.changes))
            for advice in diagnosis.advice
        ),
        trial_number=diagnosis.trial_number,
    )


def option(change: SpaceChange) -> str:
    """A change as it is typed behind `automl search`."""
    if change.parameter in ("max_epochs", "patience", "n_trials"):
        return f"--{change.parameter.replace('_', '-')} {change.set}"
    return f"--set {change.parameter}={change.set}"


def evidence_text(value: Json) -> str:
    """A piece of evidence in a few words; empty for what is too long to be read."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int | float):
        return style.number(float(value))
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        parts = [f"{name} {evidence_text(item)}" for name, item in value.items()]
    else:
        parts = [evidence_text(item) for item in value]
    return ", ".join(parts) if len(parts) <= 12 else ""
