"""Why a search ended, in one sentence: the same in the terminal, the report and notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automl.wording.counts import count
from automl.wording.numbers import duration
from automl.wording.scores import score_text
from storage.call_records import StopReason


def stop_sentence(reason: StopReason) -> str:
    """One sentence, without a full stop: "it ended because the time of 60 s was up"."""
    return f"it ended because {_clause(reason.because, reason.details)}"


def unfinished_sentence(reason: StopReason) -> str:
    """What to do about a trial that is better than all that are complete; "" where none is."""
    said: Mapping[str, Any] = reason.details
    if "unfinished_trial" not in said:
        return ""
    return (
        f"Trial {said['unfinished_trial']} has come to a lower validation loss, "
        f"{score_text('loss', said['unfinished_loss'])}, and is not complete: the same command, "
        "with enough time, completes it."
    )


def _clause(because: str, said: Mapping[str, Any]) -> str:
    if because == "n_trials":
        return f"all of {count(said['n_trials'], 'trial')} have ended"
    if because == "timeout":
        return f"the time of {duration(said['timeout'])} was up"
    if because == "max_epochs_total":
        return f"its trials have had the {count(said['max_epochs_total'], 'epoch')} in all"
    if because == "target_loss":
        loss, target = (score_text("loss", said[name]) for name in ("valid_loss", "target_loss"))
        number = said["trial_number"]
        return f"trial {number} reached a validation loss of {loss}, and {target} was enough"
    if because == "patience_trials":
        return f"{count(said['n_since'], 'trial')} in a row brought no better validation loss"
    if because == "nothing_to_gain":
        return "nothing that could be tried promised to be better"
    if because == "repeated_failure":
        return "its first trials all failed alike"
    return "it was interrupted"
