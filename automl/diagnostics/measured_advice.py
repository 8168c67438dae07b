"""Advice in the order of what it did: what helped comes first, what harmed comes last.

`automl diagnose --confirm` trains what is advised and keeps an answer for each change (see
`automl/investigation/confirmation.py`). From then on the verdicts that gave the advice are said in
agreement with the answers: an advice that was tried says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from automl.wording.numbers import number
from storage.records import Advice, Diagnosis, Json

ON_ADVICE = frozenset(
    {
        "advice_helps",
        "advice_harms",
        "advice_no_difference",
        "advice_undecided",
        "advice_failed",
        "advice_left_out",
    }
)
"""Kinds of the answers to "does the advice help?"."""

RANKS: Mapping[str, int] = {"advice_helps": 0, "advice_no_difference": 2, "advice_harms": 3}
"""Advice that was not tried, or of which nothing can be said, stands between help and none."""

NOT_KNOWN = 1


def order_by_measurement(
    diagnoses: Sequence[Diagnosis], answers: Sequence[Diagnosis], best_trial: int | None
) -> tuple[Diagnosis, ...]:
    """Put each verdict's advice in the order of what was measured, and say what that was.

    Args:
        answers: of a confirmation; those on another trial than the best one say nothing.
        best_trial: the number of the trial that the verdicts are about.
    """
    measured = {
        changes: answer
        for answer in answers
        if answer.kind in ON_ADVICE and answer.trial_number == best_trial
        for changes in [_changes(answer.evidence.get("changes"))]
        if changes
    }
    return tuple(
        replace(one, advice=_ordered(one.advice, measured)) if one.advice else one
        for one in diagnoses
    )


def _ordered(
    advice: Sequence[Advice], measured: Mapping[frozenset[tuple[str, str]], Diagnosis]
) -> tuple[Advice, ...]:
    tried = [
        (one, measured.get(frozenset((change.parameter, change.set) for change in one.changes)))
        for one in advice
    ]
    tried.sort(key=lambda pair: _rank(pair[1]))  # stable: else as it was
    return tuple(
        one if answer is None else replace(one, text=f"{one.text} {_said(answer)}".rstrip())
        for one, answer in tried
    )


def _rank(answer: Diagnosis | None) -> tuple[int, float]:
    if answer is None:
        return NOT_KNOWN, 0.0
    rank = RANKS.get(answer.kind, NOT_KNOWN)
    return rank, 0.0 if rank == NOT_KNOWN else -_gain(answer)


def _said(answer: Diagnosis) -> str:
    by = number(abs(_gain(answer)), 2)
    return {
        "advice_helps": f"(Tried: it lowered the validation loss by {by}.)",
        "advice_harms": f"(Tried: it raised the validation loss by {by}.)",
        "advice_no_difference": "(Tried: it made no difference that matters.)",
        "advice_undecided": "(Tried: whether it helps could not be told.)",
        "advice_failed": "(Tried: its runs failed.)",
    }.get(answer.kind, "")


def _gain(answer: Diagnosis) -> float:
    gain = answer.evidence.get("gain")
    return float(gain) if isinstance(gain, int | float) else 0.0


def _changes(stored: Json) -> frozenset[tuple[str, str]]:
    if not isinstance(stored, Mapping):
        return frozenset()
    return frozenset((str(name), str(text)) for name, text in stored.items())
