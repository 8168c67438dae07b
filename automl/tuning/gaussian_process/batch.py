"""Decisions that are made together: which of the paused trials and of new ones have a turn.

For each turn a horizon and a threshold below the best loss are drawn, and the candidate goes on
that is most likely to be below the threshold when it has trained for the horizon, for its cost. A
short horizon asks who improves at once, a long one who will be best; a near threshold who surely
improves, a far one who could improve much: drawn at random, they need no tuning (MFPI-random).
At first every other turn goes to a paused trial: new ones are always the less certain, and there
are always more of them. Where a study has hundreds of trials most turns do, and new trials are
tried nearer to the best. What was decided is believed to come as expected when the next turn is
decided.

Source: Rakotoarison et al. 2024, "In-Context Freeze-Thaw Bayesian Optimization for Hyperparameter
Optimization", arXiv 2404.16795, section 4.2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import log_ndtr, ndtr

from automl.tuning.gaussian_process.curves import Seen
from automl.tuning.gaussian_process.kernel import (
    Covariance,
    Floats,
    Hyperparameters,
    Numbers,
    Points,
    distances,
    matern,
)
from automl.tuning.gaussian_process.models import Models
from automl.tuning.gaussian_process.posterior import Outlook, Posterior
from automl.tuning.policies.policy import Continue, Decision, Start, View
from automl.tuning.seeds import derive_seed

MOST_PAUSED = 40
N_RANDOM, N_NEAR = 24, 64
"""Candidates: paused trials, new ones anywhere, and new ones near the best. Four times as many
were no better by more than chance on 6 development tasks of LCBench, two seeds."""

N_BEST = 10
WIDTHS, FINEST = (0.1, 0.6), 0.03
"""Near how many of the best trials, and how near, as parts of a parameter's range: not nearer
than 0.1 in a young study, than 0.03 at last. Widths from 0.02 to 0.3 left a regret of .04 / -.06 /
-.10 on the development tasks of LCBench (16 slots, two seeds), these -.04 / -.14 / -.19; from 0.2
to 1 it was -.03 / -.13 / -.18."""

SHARE_OF_NEW, FEWEST_NEW = 0.5, 0.2
"""How many turns may start a trial: in a young study, and at last."""

N_YOUNG = 100
"""Trials of a study that is young. Beyond, both change with the root of their number.

Source: `benchmarks/policies.py`, 6 development tasks of LCBench and 2 of TaskSet, 3 seeds; and
searches of segment, credit_g, concrete and digits for 24 core-seconds, two seeds, whose best loss
is told over that of TPE with successive halving after 3 / 6 / 12 / 24 of them (standard errors
over the eight searches .03 to .07):

    always as in a young study    -.04 -.13 -.18    .05 .05 -.09    .92 .91 .96 1.01
    always as at last              .09  .00 -.07    .19 .11 -.06    .92 .85 .85  .93
    falling                       -.03 -.10 -.15    .03 -.01 -.06   .93 .85 .88  .93

The first row has 160 points, too, and all of a leading trial's."""

THRESHOLDS = (-4.0, 0.0)
"""Powers of ten, between which the distance of the threshold from the best is drawn. Its unit is
the standard deviation of the values seen. Source: Rakotoarison et al. 2024, section 4.2, whose
unit is the distance from the best to perfection and whose end is 0.1."""

N_HORIZONS = 3
"""How many different horizons there are in one batch of decisions, one of each third of the
range of their logarithms: each is as much work as many decisions."""

COST_POWER = 1.0
"""The likelihood is divided by this power of the cost of an epoch: it is the likelihood for a
second of training. Searches of letter, magic, kin8nm, churn, segment and concrete for 30 s, with
1.5 (seed 0) and 1 (seed 1), had 1.6 times the epochs and .96 times the lowest loss of those with
0.5 (standard error .03), with which a search now and then kept to networks five times as large.
By time on LCBench (development tasks, five seeds) 0.5, 1 and 1.5 are alike, 0 is worse early."""

_RIDGE, _SMALLEST_WEIGHT, _SHARPER = 0.1, 1e-12, 4


class Batch:
    """Decisions that are made together.

    The trials that it speaks of are numbered by rows: those that the process has seen, the new
    candidates, and those in training that it has not seen.
    """

    def __init__(
        self, models: Models, view: View, seen: Seen, at: Hyperparameters, n_turns: int
    ) -> None:
        self._models, self._view, self._seen = models, view, seen
        self._random = np.random.default_rng(derive_seed(view.seed, "policy", view.turn))
        curves, cube = models.curves, models.cube
        n_seen = len(seen.trials)
        paused = np.flatnonzero(curves.is_paused[seen.trials])[:MOST_PAUSED]
        covariance = Covariance(models.axes, at)
        new = np.empty((0, cube.n_parameters))
        if view.n_startable:
            new = self._that_may_work(self._new_places(), covariance)
        training = self._rows_in_training()
        row_of = {row: place for place, row in enumerate(seen.trials.tolist())}
        unseen = [row for row in training if row not in row_of]
        row_of |= {row: n_seen + len(new) + place for place, row in enumerate(unseen)}
        self._places = np.concatenate([curves.places[seen.trials], new, curves.places[unseen]])

        self._row = np.concatenate([paused, n_seen + np.arange(len(new))])
        self._epoch = np.concatenate(
            [curves.epoch[seen.trials[paused]], np.zeros(len(new), np.intp)]
        )
        self._n_paused = len(paused)
        points = cube.points(self._places)
        self._log_costs = self._estimated_costs(points)
        in_training = Points(
            np.array([row_of[row] for row in training], np.intp),
            models.next_pause(curves.epoch[training]),
        )
        self._posterior = Posterior(
            covariance,
            points,
            seen.points,
            seen.values,
            in_training,
            n_turns,
        )

    def most_improvement(self) -> float:
        """By which part of it any candidate is expected to lower the best loss (`Seen.scale`).

        Source:
            Expected improvement: Jones, Schonlau and Welch 1998, equation 15.
        """
        outlook = self._outlook(self._view.max_epochs)
        deviation = np.sqrt(outlook.variance)
        ahead = (self._seen.best - outlook.mean) / deviation
        density = np.exp(-0.5 * ahead * ahead) / math.sqrt(2.0 * math.pi)
        improvement = deviation * (ahead * ndtr(ahead) + density)
        return float(improvement.max(initial=0.0)) * self._seen.scale

    def decide(self, n_turns: int, n_new: int) -> list[Decision]:
        """So many turns of the candidates, at most so many of new ones."""
        decisions: list[Decision] = []
        is_open = np.ones(len(self._row), bool)
        is_paused = np.arange(len(self._row)) < self._n_paused
        for horizon, n_with_it in self._horizons(n_turns):
            outlook = self._outlook(horizon)
            for _ in range(n_with_it):
                threshold = self._seen.best - 10.0 ** self._random.uniform(*THRESHOLDS)
                may_start = self._random.random() < self._later(SHARE_OF_NEW, FEWEST_NEW)
                allowed = is_open if n_new else is_open & is_paused
                if not may_start and (is_open & is_paused).any():
                    allowed = is_open & is_paused
                if not allowed.any():
                    return decisions
                chosen = self._most_likely(outlook, threshold, np.flatnonzero(allowed))
                is_open[chosen] = False
                n_new -= not is_paused[chosen]
                decisions.append(self._decision(chosen))
                next_pause = self._models.next_pause(self._epoch[chosen : chosen + 1])
                self._posterior.believe(int(self._row[chosen]), int(next_pause[0]))
        return decisions

    def _horizons(self, n_turns: int) -> list[tuple[int, int]]:
        """Epochs ahead, one of each part of the range of their logarithms; for how many turns."""
        n_horizons = min(n_turns, N_HORIZONS)
        parts = (
            self._random.permutation(n_horizons) + self._random.random(n_horizons)
        ) / n_horizons
        horizons = np.exp(parts * math.log(self._view.max_epochs + 1)).astype(int)
        ends = np.arange(n_horizons + 1) * n_turns // n_horizons
        return list(zip(horizons.tolist(), np.diff(ends).tolist(), strict=True))

    def _outlook(self, horizon: int) -> Outlook:
        epochs = np.minimum(self._epoch + horizon, self._view.max_epochs)
        return self._posterior.outlook(Points(self._row, epochs))

    def _most_likely(self, outlook: Outlook, threshold: float, candidates: Numbers) -> int:
        """Which of the candidates is most likely to be below a threshold, for its cost."""
        ahead = (threshold - outlook.mean[candidates]) / np.sqrt(outlook.variance[candidates])
        scores = log_ndtr(ahead) - COST_POWER * self._log_costs[candidates]
        return int(candidates[np.argmax(scores)])

    def _estimated_costs(self, points: Floats) -> Floats:
        """Logarithms of what an epoch of each candidate costs: linear in the cube, by the trials.

        Asking what each would cost takes as long as all else; of a trial it is asked once.
        """
        known = self._models.log_costs(self._view, self._seen.trials)
        table = np.column_stack([points, np.ones(len(points))])
        of_trials = table[: len(known)]
        squares = of_trials.T @ of_trials + _RIDGE * np.eye(table.shape[1])
        costs: Floats = table @ np.linalg.solve(squares, of_trials.T @ known)
        costs[: len(known)] = known
        of_candidates: Floats = costs[self._row]
        return of_candidates

    def _params(self, candidate: int) -> dict[str, Any]:
        return self._models.cube.params(self._places[self._row[candidate]])

    def _decision(self, candidate: int) -> Decision:
        if candidate >= self._n_paused:
            return Start(self._params(candidate))
        return Continue(self._models.curves.numbers[self._seen.trials[self._row[candidate]]])

    def _new_places(self) -> Floats:
        """New candidates: anywhere and near the best, none of which is a trial already."""
        cube, random = self._models.cube, self._random
        anywhere = cube.draws(random.random((N_RANDOM, cube.n_parameters)))
        best = self._models.curves.places[self._models.curves.best(N_BEST)]
        if len(best):
            near = best[random.integers(0, len(best), N_NEAR)]
            nearest = self._later(WIDTHS[0], FINEST)
            logs = random.uniform(math.log(nearest), math.log(WIDTHS[1]), (N_NEAR, 1))
            anywhere = np.concatenate([anywhere, cube.neighbours(near, random, np.exp(logs))])
        distinct = {place.tobytes(): place for place in anywhere}
        untried = [distinct[key] for key in distinct if key not in self._models.curves.tried]
        return np.array(untried).reshape(-1, cube.n_parameters)

    def _that_may_work(self, places: Floats, covariance: Covariance) -> Floats:
        """Those left when each goes with the chance that it fails, as trials near it have failed.

        To the process a failure is a bad loss, and bad losses do not keep it from where it is
        uncertain.

        Source:
            A kernel regression (Nadaraya 1964, Watson 1964) with the process's own nearness.
        """
        failed = self._models.curves.has_failed[self._seen.trials]
        if not failed.any() or not len(places):
            return places
        known = self._models.cube.points(self._models.curves.places[self._seen.trials])
        points = self._models.cube.points(places) / covariance.lengths
        weights = matern(distances(points, known / covariance.lengths)) ** _SHARPER
        chance = weights @ failed / (weights.sum(1) + _SMALLEST_WEIGHT)
        left: Floats = places[self._random.random(len(places)) >= chance]
        return left

    def _later(self, at_first: float, at_last: float) -> float:
        """What falls from one value to another, as a study grows."""
        n_trials = max(len(self._view.trials), N_YOUNG)
        return max(at_first * math.sqrt(N_YOUNG / n_trials), at_last)

    def _rows_in_training(self) -> list[int]:
        trials = self._view.trials
        return [
            row
            for row, number in enumerate(self._models.curves.numbers)
            if trials[number].state == "training"
        ]
