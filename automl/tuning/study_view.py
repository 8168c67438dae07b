"""A stored study as a policy sees it.

Trials of this process are kept up to date by the search, in the virtual order. Those of other
coordinators are read again when the file says that something has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from automl.tuning.order import Turn
from automl.tuning.policies.policy import TrialState, TrialView, View
from automl.tuning.problem import Problem
from storage.records import PAUSED

TURN = "turn"
"""System attribute of a trial that has gone on after a pause: its `Turn`."""


def turn_of(trial: FrozenTrial) -> Turn:
    """Since when a trial is in training."""
    number, n_before = trial.system_attrs.get(TURN, (trial.number, 0))
    return number, n_before


def n_continued(trials: Iterable[FrozenTrial]) -> int:
    """How many times trials of a study have gone on after a pause."""
    return max((turn_of(trial)[1] for trial in trials), default=0)


def is_paused(trial: FrozenTrial) -> bool:
    """Whether it pauses: it runs, or was told as pruned when a search ended."""
    is_open = trial.state in (OptunaState.RUNNING, OptunaState.PRUNED)
    return is_open and trial.user_attrs.get(PAUSED) is not None


def has_been_tried(trial: FrozenTrial) -> bool:
    """Whether it has ended, or has paused, gone on though it may have since."""
    return trial.state.is_finished() or is_paused(trial) or turn_of(trial)[1] > 0


def view_of(study: optuna.Study, problem: Problem) -> View:
    """A study as it is stored; whose trials run, pause or not, is not known yet."""
    view = View(problem.space, problem.settings.seed, problem.settings.max_epochs, problem.cost)
    if problem.limits is not None:
        view.is_allowed = problem.limits.allows
    trials = study.get_trials(deepcopy=False)
    look_at(view, trials)
    started = sum(trial.state is not OptunaState.WAITING for trial in trials)
    view.turn = started + n_continued(trials)
    return view


def look_at(view: View, trials: Sequence[FrozenTrial]) -> None:
    """Take over trials as they are stored."""
    for trial in trials:
        if trial.state is OptunaState.WAITING:
            continue
        params = view.space.complete(trial.params)
        losses = [loss for _, loss in sorted(trial.intermediate_values.items())]
        view.trials[trial.number] = TrialView(trial.number, params, _state(trial), losses)


def _state(trial: FrozenTrial) -> TrialState:
    if trial.state is OptunaState.RUNNING:
        return "training"  # one that pauses is its coordinator's, who alone goes on with it
    if trial.state is OptunaState.FAIL or "cause" in trial.user_attrs:
        return "failed"
    if trial.state is OptunaState.COMPLETE:
        return "complete"
    return "paused" if is_paused(trial) else "pruned"
