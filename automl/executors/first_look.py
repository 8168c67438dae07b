"""Whether a network may and can learn, judged where it trains, before its first epoch."""

from __future__ import annotations

from automl.diagnostics.hopeless import hopeless
from automl.diagnostics.layer_signals import are_finite
from automl.executors.executor import RunFailure
from automl.models.family import find_family
from automl.training.config import RunConfig
from automl.training.trainer import RunBegan
from automl.wording.numbers import brief_time
from storage.records import OVER_LIMIT


def judge_size(began: RunBegan, run: RunConfig) -> RunFailure | None:
    """Why a run is not to train, since its network is larger or slower than the study allows."""
    limits = run.limits
    if limits is None:
        return None
    words = []
    most = limits.max_parameters
    if most is not None and began.n_parameters > most:
        words.append(f"{began.n_parameters:,} parameters are more than {most:,}")
    longest = limits.max_latency
    if longest is not None and began.latency is not None and began.latency > longest:
        words.append(f"a call of {brief_time(began.latency)} is longer than {brief_time(longest)}")
    return RunFailure(began.run_id, OVER_LIMIT, ", and ".join(words)) if words else None


def judge_first_look(began: RunBegan, run: RunConfig) -> RunFailure | None:
    """Why a run is not to train, by its layers' signals on one batch; None where there is hope.

    A network of ours that gives no finite numbers is ill designed, and its trial hopeless. Of one
    that nothing is known of, this alone is known: it has diverged.
    """
    if not find_family(run.family).is_trusted and not are_finite(began.layers):
        words = "its outputs are no finite numbers on the first batch"
        return RunFailure(began.run_id, "diverged", words)
    reason = hopeless(began.layers)
    if reason is None:
        return None
    words = f"{reason.replace('_', ' ')} on the first batch"
    return RunFailure(began.run_id, "hopeless", words)
