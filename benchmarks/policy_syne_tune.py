"""Schedulers of Syne Tune as peers: their own objects decide, in the replay's virtual order.

They are there where `syne-tune` can be imported, which is no dependency of this project; its ASHA
is adapted from that of Ray Tune. Defaults are theirs: they stop trials, two of three at a rung.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from automl.errors import ConfigError
from automl.tuning.policies.policy import Decision, Judgement, Policy, Start, TrialView, View
from search_spaces import FloatParameter, IntParameter, SearchSpace

SCHEDULERS: Mapping[str, str] = {
    "syne_tune_asha": "ASHA",
    "syne_tune_bohb": "BOHB",
    "syne_tune_asha_bore": "ASHABORE",
    "syne_tune_asha_cqr": "ASHACQR",
}
"""Names here -> classes of `syne_tune.optimizer.baselines`."""

LOSS, EPOCH = "loss", "epoch"


class SyneTunePeer(Policy):
    """A scheduler of Syne Tune that stops trials. Losses are told as logarithms.

    Raises:
        ConfigError: Syne Tune is not there.
    """

    pauses = False

    def __init__(self, name: str, space: SearchSpace, max_epochs: int, seed: int) -> None:
        try:
            from syne_tune.optimizer import baselines
        except ImportError:
            raise ConfigError(f"{name} needs Syne Tune: pip install syne-tune") from None
        logging.getLogger("syne_tune").setLevel(logging.ERROR)  # it warns of its own defaults
        self._scheduler: Any = getattr(baselines, SCHEDULERS[name])(
            _domains(space),
            metric=LOSS,
            time_attr=EPOCH,
            max_t=max_epochs,
            do_minimize=True,
            random_seed=seed,
        )
        self._trials: list[Any] = []
        self._open: set[int] = set()

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        """New trials only."""
        from syne_tune.backend.trial_status import Trial

        self._tell_ends(view)
        decisions: list[Decision] = []
        for _ in range(min(n_free, view.n_startable)):
            number = len(self._trials)
            config = self._scheduler.suggest().config
            self._trials.append(Trial(number, config, datetime.now()))
            self._scheduler.on_trial_add(self._trials[number])
            self._open.add(number)
            decisions.append(Start(config))
        return decisions

    def judge(self, trial: TrialView) -> Judgement:
        """What the scheduler says."""
        said = self._scheduler.on_trial_result(self._trials[trial.number], _result(trial))
        if said != "STOP":
            return Judgement.GO
        self._scheduler.on_trial_remove(self._trials[trial.number])
        self._open.remove(trial.number)
        return Judgement.END

    def next_judged(self, epoch: int) -> int | None:
        """Every epoch: a scheduler is told all of them."""
        return epoch + 1

    def _tell_ends(self, view: View) -> None:
        for number in sorted(self._open):
            trial = view.trials[number]
            if trial.state == "failed":
                self._scheduler.on_trial_error(self._trials[number])
            elif trial.state == "complete":
                self._scheduler.on_trial_complete(self._trials[number], _result(trial))
            else:
                continue
            self._open.remove(number)


def _result(trial: TrialView) -> dict[str, float]:
    return {LOSS: math.log(trial.losses[-1]), EPOCH: trial.epoch}


def _domains(space: SearchSpace) -> dict[str, Any]:
    """The space in Syne Tune's words."""
    from syne_tune import config_space

    domains: dict[str, Any] = {}
    for name, parameter in space.parameters.items():
        assert isinstance(parameter, FloatParameter | IntParameter), "worlds have numbers only"
        log, whole = parameter.log, isinstance(parameter, IntParameter)
        kind = ("log" if log else "") + ("randint" if whole else "uniform")
        domains[name] = getattr(config_space, kind)(parameter.low, parameter.high)
    return domains
