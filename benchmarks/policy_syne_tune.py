"""Schedulers of Syne Tune as peers: their own objects decide, in the replay's virtual order.

They are there where `syne-tune` can be imported, which is no dependency of this project; its ASHA
is adapted from that of Ray Tune. Defaults are theirs: they stop trials, two of three at a rung.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from automl.errors import ConfigError
from automl.tuning.policies.policy import TrialState as ViewState
from automl.tuning.policies.policy import TrialView
from benchmarks.loss_ratios import log_loss
from benchmarks.policy_peers import Peer
from search_spaces import FloatParameter, IntParameter, SearchSpace
from storage.records import ParameterValue

SCHEDULERS: Mapping[str, str] = {
    "syne_tune_asha": "ASHA",
    "syne_tune_bohb": "BOHB",
    "syne_tune_asha_bore": "ASHABORE",
    "syne_tune_asha_cqr": "ASHACQR",
}
"""Names here -> classes of `syne_tune.optimizer.baselines`."""

LOSS, EPOCH = "loss", "epoch"


class SyneTunePeer(Peer[Any]):
    """A scheduler of Syne Tune that stops trials. Losses are told as logarithms.

    Raises:
        ConfigError: Syne Tune is not there.
    """

    def __init__(self, name: str, space: SearchSpace, max_epochs: int, seed: int) -> None:
        super().__init__()
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

    def ask(self, number: int) -> tuple[Any, Mapping[str, ParameterValue]]:
        """What the scheduler suggests."""
        from syne_tune.backend.trial_status import Trial

        peer_trial = Trial(number, self._scheduler.suggest().config, datetime.now())
        self._scheduler.on_trial_add(peer_trial)
        return peer_trial, peer_trial.config

    def stops(self, peer_trial: Any, trial: TrialView) -> bool:
        """What the scheduler says."""
        said: str = self._scheduler.on_trial_result(peer_trial, _result(trial))
        return said == "STOP"

    def tell(self, peer_trial: Any, trial: TrialView, state: ViewState) -> None:
        """A complete trial is told with its last epoch."""
        if state == "complete":
            self._scheduler.on_trial_complete(peer_trial, _result(trial))
        elif state == "pruned":
            self._scheduler.on_trial_remove(peer_trial)
        else:
            self._scheduler.on_trial_error(peer_trial)


def _result(trial: TrialView) -> dict[str, float]:
    return {LOSS: log_loss(trial.losses[-1]), EPOCH: trial.epoch}


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
