"""WIP."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from automl.tuning.gaussian_process.fitting import Fit, Prior
from automl.tuning.gaussian_process.kernel import Hyperparameters, Losses, epoch_distances, trend
from automl.tuning.gaussian_process.posterior import NEW, Posterior
from automl.tuning.gaussian_process.unit_cube import UnitCube
from automl.tuning.policies.policy import (
    Continue, Decision, Judgement, Policy, Start, TrialView, View,
)
from automl.tuning.seeds import derive_seed
from scipy.special import log_ndtr
from scipy.stats import qmc

GRID = (1, 2, 3, 5, 8, 12, 18, 27, 38)


class FreezeThaw(Policy):
    n_start = 12
    max_points = 300
    n_random = 128
    n_near = 128
    width_lo, width_hi = 0.02, 0.3
    n_best = 10
    n_strata = 4
    thr_lo, thr_hi = -4.0, 0.0
    thr_mult = 1.0
    growth = 1.25
    n_steps = 12
    cost_power = 0.0     # power of the cost per epoch
    step_power = 0.0     # power of number of epochs in the turn
    max_paused = 100
    h_lo = 0.0
    p_new = 1.0

    def __init__(self, max_epochs: int) -> None:
        self.grid = [e for e in GRID if e < max_epochs] + [max_epochs]
        self.max_epochs = max_epochs
        self.cube = None
        self.fitted = None  # (n_points, hyper)
        self._epochs = epoch_distances(max_epochs)
        self._places = {}

    def judge(self, trial):
        return Judgement.PAUSE

    def next_judged(self, epoch):
        return next((e for e in self.grid if e > epoch), None)

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        if self.cube is None:
            self.cube = UnitCube(view.space)
        decisions = []
        n_startable = view.n_startable
        while len(view.trials) + len(decisions) < self.n_start and n_free > len(decisions) and n_startable:
            index = len(view.trials) + len(decisions)
            n_startable -= 1
            decisions.append(Start(self.cube.params(self._sobol(view)[index])))
        if len(decisions) == n_free:
            return decisions
        if not any(t.losses for t in view.trials.values()):
            while n_free > len(decisions):
                index = len(view.trials) + len(decisions)
                decisions.append(Start(self.cube.params(self._sobol(view)[index])))
            return decisions
        return decisions + self._model_based(view, n_free - len(decisions), n_startable)

    def _sobol(self, view):
        sampler = qmc.Sobol(self.cube.n_parameters, seed=derive_seed(view.seed, "start"))
        return self.cube.draws(sampler.random(64))

    def _place(self, trial):
        if trial.number not in self._places:
            self._places[trial.number] = self.cube.place(trial.params)
        return self._places[trial.number]

    def _observe(self, view):
        # points per trial: grid epochs reached and last
        rows = []
        raw = {}
        allv = [l for t in view.trials.values() for l in t.losses if math.isfinite(l)]
        use_log = min(allv, default=1.0) > 0
        tr = np.log if use_log else (lambda v: v)
        pts = []
        for n, t in view.trials.items():
            if not t.losses and t.state != "failed":
                continue
            losses = np.array(t.losses + ([np.inf] if t.state == "failed" else []))
            losses[~np.isfinite(losses)] = np.inf
            best = np.minimum.accumulate(losses)
            last = len(losses)
            eps = [e for e in self.grid if e < last] + [last]
            vals = tr(best[np.array(eps) - 1])
            if t.state == "failed":
                vals[-1] = np.inf
            pts.append((n, eps, vals))
        # rank within the last epoch
        key = {}
        by = {}
        for n, eps, vals in pts:
            by.setdefault(eps[-1], []).append((vals[-1], n))
        for e, l in by.items():
            for r, (v, n) in enumerate(sorted(l)):
                key[n] = (r, v)
        pts.sort(key=lambda p: key[p[0]])
        kept, count = [], 0
        i = 0
        total = sum(len(p[1]) for p in pts)
        if total > self.max_points:
            while count + len(pts[i][1]) <= self.max_points * 0.6:
                kept.append(pts[i]); count += len(pts[i][1]); i += 1
            rest = pts[i:]
            left = self.max_points - count
            take = np.unique(np.linspace(0, len(rest) - 1, left).astype(int))
            for j in take:
                n, eps, vals = rest[j]
                kept.append((n, eps[-1:], vals[-1:]))
        else:
            kept = pts
        allvals = np.concatenate([p[2] for p in pts])
        fin = allvals[np.isfinite(allvals)]
        lo, q3 = fin.min(), np.quantile(fin, 0.75)
        cut = q3 + (q3 - lo)
        values = np.minimum(np.concatenate([p[2] for p in kept]), cut)
        mean, sd = values.mean(), max(values.std(), 1e-9)
        y = (values - mean) / sd
        trial = np.repeat(np.arange(len(kept)), [len(p[1]) for p in kept])
        epoch = np.concatenate([p[1] for p in kept]).astype(np.intp)
        places = np.array([self._place(view.trials[p[0]]) for p in kept])
        return Losses(self.cube.points(places), trial, epoch, y), [p[0] for p in kept], (lo - mean) / sd, sd

    def _fit(self, losses, total):
        prior = Prior.of(self.cube.n_parameters)
        if self.fitted and total < self.fitted[0] * self.growth:
            return self.fitted[1]
        at = self.fitted[1] if self.fitted else prior.most_probable
        hyper = Fit(losses, self.cube.parameter_of, self._epochs, prior, trend(self.max_epochs)).best(at, self.n_steps)
        self.fitted = (total, hyper)
        return hyper

    def _model_based(self, view, n_free, n_startable):
        rng = np.random.default_rng(derive_seed(view.seed, view.turn, "policy"))
        losses, numbers, best, sd = self._observe(view)
        hyper = self._fit(losses, sum(len(t.losses) > 0 for t in view.trials.values()) + sum(len([e for e in self.grid if e <= t.epoch]) for t in view.trials.values()))
        row = {n: i for i, n in enumerate(numbers)}
        paused = [n for n in numbers if view.trials[n].can_go_on and view.trials[n].epoch < self.max_epochs][: self.max_paused]
        training = [t for t in view.trials.values() if t.state == "training"]
        # new
        order = sorted((min(x for x in view.trials[n].losses), n) for n in numbers if view.trials[n].losses and np.isfinite(min(view.trials[n].losses)))
        tops = [self._place(view.trials[n]) for _, n in order[: self.n_best]]
        new = np.zeros((0, self.cube.n_parameters))
        if n_startable:
            near = np.array(tops)[rng.integers(0, len(tops), self.n_near)]
            new = np.concatenate([
                self.cube.draws(rng.random((self.n_random, self.cube.n_parameters))),
                self.cube.neighbours(near, rng, np.exp(rng.uniform(math.log(self.width_lo), math.log(self.width_hi), (self.n_near, 1)))),
            ])
        new = self.filter_new(new, view)
        places = [np.array([self._place(view.trials[n]) for n in paused]).reshape(-1, self.cube.n_parameters), new]
        places.append(np.array([self._place(t) for t in training]).reshape(-1, self.cube.n_parameters))
        places = np.concatenate(places)
        trial = np.array([row[n] for n in paused] + [NEW] * len(new) + [row.get(t.number, NEW) for t in training], np.intp)
        now = np.array([view.trials[n].epoch for n in paused] + [0] * len(new) + [t.epoch for t in training], np.intp)
        nxt = np.array([self.next_judged(e) or self.max_epochs for e in now], np.intp)
        post = Posterior(losses, hyper, self.cube.parameter_of, self._epochs, self.cube.points(places), trial, trend(self.max_epochs))
        n_c = len(paused) + len(new)
        for j in range(n_c, len(places)):
            post.believe(j, int(nxt[j]))
        allowed = np.ones(len(places), bool)
        allowed[n_c:] = False
        outlooks = {}
        decisions = []
        penalty = self.step_power * np.log(nxt - now)
        if self.cost_power:
            cost = np.array([view.trials[n].cost for n in paused] + [view.cost(self.cube.params(p)) for p in new] + [1.0] * len(training))
            penalty = penalty + self.cost_power * np.log(cost)
        n_strata = min(self.n_strata, n_free)
        shift = rng.random()
        for k in range(n_free):
            if not allowed.any():
                break
            s = k % n_strata
            if s not in outlooks:
                u = (s + rng.random()) / n_strata if n_strata > 1 else rng.random()
                h = int(math.exp(self.h_lo + u * (math.log(self.max_epochs + 1) - self.h_lo)))
                outlooks[s] = post.outlook(np.minimum(now + max(h, 1), self.max_epochs))
            o = outlooks[s]
            thr = best - self.thr_mult * 10 ** rng.uniform(self.thr_lo, self.thr_hi)
            z = (thr - o.mean) / np.sqrt(np.maximum(o.variance, 1e-9))
            score = log_ndtr(z) - penalty
            score[~allowed] = -np.inf
            if rng.random() > self.p_new and allowed[:len(paused)].any():
                score[len(paused):] = -np.inf
            j = int(np.argmax(score))
            allowed[j] = False
            if j < len(paused):
                decisions.append(Continue(paused[j]))
            else:
                decisions.append(Start(self.cube.params(places[j])))
                n_startable -= 1
                if not n_startable:
                    allowed[len(paused):] = False
            if k < n_free - 1:
                post.believe(j, int(nxt[j]))
        return decisions

    def filter_new(self, new, view):
        return new
