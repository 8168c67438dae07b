"""Where a search is, in one line: what terminals and notebooks show of its progress."""

from __future__ import annotations

from collections.abc import Mapping

from automl.tuning.progress import SearchProgress
from automl.wording.counts import count
from automl.wording.numbers import duration
from automl.wording.scores import score_text
from automl.wording.settings import parameter_text
from storage.records import ParameterValue


def progress_line(progress: SearchProgress) -> str:
    """One line that says where the search is."""
    parts = [
        _tried(progress),
        f"{progress.n_complete:,} complete",
        *([f"{progress.n_pruned:,} pruned"] if progress.n_pruned or not progress.pauses else []),
        *([f"{progress.n_paused:,} paused"] if progress.n_paused or progress.pauses else []),
        f"{progress.n_failed:,} failed",
    ]
    if progress.n_refused:
        parts.append(f"{progress.n_refused} refused")
    if progress.best_value is not None:
        best = score_text("loss", progress.best_value)
        parts.append(f"best {best} (trial {progress.best_number})")
    parts.append(f"{duration(progress.seconds)} elapsed")
    if (left := progress.time_left) is not None:
        seconds = duration(left.seconds)
        parts.append(f"about {seconds} left" if left.is_estimate else f"time is up in {seconds}")
    return ", ".join(parts)


def _tried(progress: SearchProgress) -> str:
    """How many trials of the total were tried; a study may have more than that."""
    if progress.n_trials is None:
        return count(progress.n_tried, "trial")
    if progress.n_tried > progress.n_trials:
        return f"{progress.n_tried} trials, more than the {progress.n_trials} asked for"
    return f"{progress.n_tried}/{progress.n_trials} trials"


def described_params(params: Mapping[str, ParameterValue]) -> str:
    """The hyperparameters in one line, the most telling first."""
    first = ("optimizer", "learning_rate", "batch_size", "n_layers", "hidden_size", "activation")
    names = [name for name in first if name in params]
    names += [name for name in params if name not in first]
    return ", ".join(f"{name}={parameter_text(params[name])}" for name in names)
