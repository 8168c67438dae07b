"""Freeze-thaw: a Gaussian process over configuration and epoch decides what is tried and goes on.

    start:   a dozen configurations spread over the space beside the portfolio, one epoch each
    then:    turns of paused trials and of new ones (`gaussian_process/batch.py`)
    pauses:  at epochs 1, 2, 3, 5, 8, 12, 18, 27, 38, ..., where it is asked for again
    late:    in the last part of the time, or of the epochs in all, only paused trials
    ends:    where no trial is expected to lower the best loss by what is worth it, and none of
             the younger half of the trials has

The process is described in `gaussian_process/kernel.py`, what it is told in `curves.py` beside it.
All that is decided is a function of the study as it is seen, its seed, the turn's number and the
last fit, which is kept with the study.
"""

from __future__ import annotations

from collections.abc import Sequence

import optuna

from automl.options.search_options import PolicyOptions
from automl.system.threads import one_thread
from automl.tuning import gaussian_process as process
from automl.tuning.gaussian_process.curves import Seen
from automl.tuning.gaussian_process.kernel import Hyperparameters
from automl.tuning.policies.policy import (
    Decision,
    Judgement,
    Policy,
    Start,
    TrialView,
    View,
)
from automl.tuning.problem import Problem
from storage.records import Json

TAKES: frozenset[str] = frozenset()

GRID = (1, 2, 3, 5, 8, 12, 18, 27, 38)
"""Epochs at which trials pause, and of which the process is told: each half as many again."""

MOST_POINTS = 300
"""What the process is told at most. A decision costs what grows with its square. On the curves of
LCBench and TaskSet, where searches have 200 trials, 160 were no worse; where they have a thousand
(segment, credit_g, concrete, digits; 24 core-seconds, two seeds), 300, two for each leading trial,
brought the best loss to .94 of that of TPE with successive halving, 160 of all to 1.01."""

GROWTH = 1.5
N_STEPS = 12
"""By which factor the points grow before the process is fitted again, and in how many steps."""

WORTH = 0.0001
"""A search ends where no trial, if trained to its end, is expected to lower the best loss by more
than this part of it."""

N_CHECKED, FEWEST_TRIALS = 32, 64
"""Among so many turns it is asked once whether any is worth it, while trials may be started, and
not before there are so many."""


LAST_PART = 0.15
"""In this last part of the epochs or the time no trial is started: it would not get far. Searches
of segment, credit_g, concrete and digits for 24 core-seconds, two seeds, came to .90 of the loss
of TPE with successive halving, and to .93 where trials were started to the end (standard error
.07); of letter, magic, kin8nm and churn for 48, to .97 both."""


class FreezeThaw(Policy):
    """Freeze-thaw Bayesian optimization.

    Args:
        max_epochs: of a trial.
    """

    n_at_once = 16
    last_part = LAST_PART

    def __init__(self, max_epochs: int) -> None:
        self._grid = (*(epoch for epoch in GRID if epoch < max_epochs), max_epochs)
        self._models: process.Models | None = None
        self._belief: Json = None

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        """Trials spread over the space at first, then what the process recommends."""
        if self._models is None:
            self._models = process.Models(view, self._grid)
        models = self._models
        models.curves.read(view.trials)
        seen = models.curves.seen(MOST_POINTS)
        n_new = min(n_free, view.n_startable)
        if view.is_late and seen is not None and models.curves.is_paused[seen.trials].any():
            n_new = 0
        begun = len(view.trials) - view.n_given
        n_first = n_new if seen is None else max(0, min(n_new, process.N_START - begun))
        decisions: list[Decision] = [
            Start(models.first(view.seed, begun + place)) for place in range(n_first)
        ]
        if seen is None or n_first == n_free:
            return decisions
        with one_thread():
            at = self._hyperparameters(seen)
            batch = process.Batch(models, view, seen, at, n_free - n_first)
            if (
                n_first == 0
                and self._asks_for_worth(view, n_free)
                and batch.most_improvement() < WORTH
            ):
                return []
            return [*decisions, *batch.decide(n_free - n_first, n_new - n_first)]

    def prepare(self) -> None:
        """Let the process be loaded beside the first trials."""
        process.load_beside()

    def judge(self, trial: TrialView) -> Judgement:
        """It pauses: whether it goes on is decided when a slot is free."""
        return Judgement.PAUSE

    def next_judged(self, epoch: int) -> int | None:
        """The next epoch of the grid."""
        return next((each for each in self._grid if each > epoch), None)

    @property
    def belief(self) -> Json:
        """The last fit, as a `Belief` is kept."""
        return self._belief

    def believe(self, belief: Json) -> None:
        """Take over the last fit of an earlier call.

        Raises:
            DamagedError: it is none.
        """
        self._belief = process.Belief.of_json(belief).to_json()

    def _hyperparameters(self, seen: Seen) -> Hyperparameters:
        """Fitted again where there is much more to fit them to."""
        assert self._models is not None
        known, cube = None, self._models.cube
        if self._belief is not None:
            belief = process.Belief.of_json(self._belief)
            known = belief.hyperparameters(cube)
            if seen.n_points < belief.n_points * GROWTH:
                return known
        fit = process.Fit(*self._models.fitted_to(seen))
        found = fit.most_probable(known, N_STEPS)
        self._belief = process.Belief.of(found, cube, seen.n_points).to_json()
        return found

    def _asks_for_worth(self, view: View, n_free: int) -> bool:
        """Not before one has been trained to its end: curves may be flat at first, all of them.

        Nor, while trials may be started, where the best is of the younger half of them: a search
        that still finds better ones is not over, whatever the process believes.
        """
        is_due = (view.turn + n_free) // N_CHECKED > view.turn // N_CHECKED
        if view.n_startable and (not is_due or len(view.trials) < FEWEST_TRIALS):
            return False
        if not any(trial.state == "complete" for trial in view.trials.values()):
            return False
        assert self._models is not None
        (best,) = self._models.curves.best(1)
        return not view.n_startable or best < len(view.trials) / 2


def make_policy(study: optuna.Study, problem: Problem, options: PolicyOptions) -> Policy:
    """The policy of one call."""
    return FreezeThaw(problem.settings.max_epochs)
