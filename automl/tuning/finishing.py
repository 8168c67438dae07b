"""What becomes of the best trial where the order ends a search and leaves it unfinished.

People are owed the best that was found, so it is complete as it is: where it rests, since how far
ahead of the order a trial is depends on its worker. One in training comes to the next epoch at
which it would be judged, or to its end; one that pauses rests already. What its process has taken
with it is trained again up to there, and no further (`SearchState.start`).
"""

from __future__ import annotations

from automl.tuning.adoption import AdoptedTrial, adopt_told_trials
from automl.tuning.beginnings import go_on
from automl.tuning.endings import leave
from automl.tuning.search_state import SearchState
from automl.tuning.trial_in_training import TrialInTraining


def begin_to_finish(state: SearchState) -> TrialInTraining | None:
    """The trial that is to be complete, on its way there; None where no unfinished one is better.

    All others in training are left to a later call.
    """
    best = state.decider.stopping.best_unfinished(state.tally.best_value)
    leave(state, [trial for number, trial in state.trials.items() if number != best])
    if best is None:
        return None
    if best in state.trials:
        return state.trials[best]
    paused = state.trials.paused.get(best) or _told(state, best)
    if isinstance(paused, AdoptedTrial):
        state.trials.paused.add(paused)
        state.take_up(best)
        return go_on(state, paused)
    return paused


def _told(state: SearchState, number: int) -> AdoptedTrial | None:
    """A trial that an earlier call told as pruned while it paused; of another process, none.

    It may have told of it, or have reopened it, since this one has looked.
    """
    if not state.study.get_trials(deepcopy=False)[number].state.is_finished():
        return None
    settings = state.problem.settings
    adopted = adopt_told_trials(state.study, state.store, settings, [number])
    state.tally.n_paused -= len(adopted)
    return adopted[0] if adopted else None
