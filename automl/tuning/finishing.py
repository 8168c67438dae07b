"""What becomes of the best trial where a search ends and it is unfinished.

People are owed the best that was found, so it is complete as it is: where it rests, since how far
ahead of the order a trial is depends on its worker. One in training comes to the next epoch at
which it would be judged, or to its end; one that pauses rests already. What its process has taken
with it is trained again up to there, and no further (`SearchState.start`).

Where the clock ends the search, what is held is complete at once. The best of a killed call is
held by nobody: it is trained again while there is time (`needs_the_time`), else it is left to the
next call, and the end of this one says so.
"""

from __future__ import annotations

import math

from automl.tuning.adoption import AdoptedTrial, adopt_told_trials
from automl.tuning.beginnings import go_on
from automl.tuning.ending_time import reckoned
from automl.tuning.endings import leave
from automl.tuning.search_state import SearchState
from automl.tuning.trial_in_training import TrialInTraining

TIMES_LONGER, MORE_SECONDS = 2.0, 1.0
"""Training again is given so much more time than it took: other runs may have left the workers the
faster then, and a state is read or a worker begins, which takes longer on a busy machine."""


def begin_to_finish(state: SearchState, best: int | None) -> TrialInTraining | None:
    """The trial that is to be complete, on its way there; None where there is none here.

    All others in training are left to a later call.
    """
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


def needs_the_time(state: SearchState, seconds_left: float) -> int | None:
    """The best trial, if it pauses, nobody holds its runs, and it needs the time that is left.

    None where it needs less, and where that does not suffice.
    """
    if math.isinf(seconds_left):
        return None
    resting = map(state.trials.paused.get, state.decider.stopping.standing.ahead)
    if not any(isinstance(one, AdoptedTrial) for one in resting):
        return None
    best = state.best_unfinished
    paused = None if best is None else state.trials.paused.get(best[0])
    if not isinstance(paused, AdoptedTrial):
        return None
    seconds = sum(_seconds_again(paused, fold) for fold in paused.run_ids)
    more = MORE_SECONDS * reckoned(state.executor.busyness or 1.0)
    is_due = seconds <= seconds_left <= TIMES_LONGER * seconds + more
    return paused.number if is_due else None


def _seconds_again(adopted: AdoptedTrial, fold: int) -> float:
    """What a fold's run had taken since its last state."""
    curve = adopted.epochs.get(adopted.run_ids[fold], ())
    return sum(record.seconds for record in curve[adopted.epochs_of_state(fold) :])


def _told(state: SearchState, number: int) -> AdoptedTrial | None:
    """A trial that an earlier call told as pruned while it paused; of another process, none.

    It may have told of it, or have reopened it, since this one has looked.
    """
    if not state.study.get_trials(deepcopy=False)[number].state.is_finished():
        return None
    settings = state.problem.settings
    adopted = adopt_told_trials(state.study, state.store, settings, [number])
    return adopted[0] if adopted else None
