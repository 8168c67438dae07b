"""A search of a world by `automl.tune`: a person's loop whose losses are looked up.

All that a search has is there, the database, the worker, the virtual order, its rounds; only the
training is not. It is for worlds that give any params a curve: in a table of recorded runs a
policy must be told which run it was given, and a person's loop cannot change its params.
"""

from __future__ import annotations

import json
import math
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import automl
from benchmarks.policy_replay import Step
from benchmarks.policy_worlds import Params, World

_EPOCHS = (
    "select number, step, intermediate_value from trial_intermediate_values "
    "join trials using (trial_id) order by trial_intermediate_value_id"
)
_TURNS = "select value_json from trial_system_attributes where key = 'turn'"


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a search came to.

    Attributes:
        steps: epochs in the virtual order, in which an epoch takes a second. One that diverges
            is not reported, and not here.
        params: of the trials, by number.
        n_decisions: turns that were decided.
    """

    steps: list[Step]
    params: Mapping[int, Params]
    n_decisions: int


def tune(world: World, policy: str, n_slots: int, seed: int, n_epochs: int) -> Tuned:
    """Search a world for so many epochs in all."""
    asked = policy == "promotion"  # a replay draws at random what a policy leaves to samplers
    sampler: dict[str, Any] = {"sampler": "random"} if asked else {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "automl.db"
        result = automl.tune(
            objective_of(world),
            dict(world.space.parameters),
            policy=policy,
            **sampler,
            slots=n_slots,
            seed=seed,
            max_epochs=world.max_epochs,
            patience=world.max_epochs,
            max_epochs_total=n_epochs,
            workers=1,
            storage=f"sqlite:///{place}",
        )
        params = {trial.number: trial.params for trial in result.trials}
        with closing(sqlite3.connect(place)) as connection:
            turns = [json.loads(value) for (value,) in connection.execute(_TURNS)]
            steps = list(_steps(connection))
    return Tuned(steps, params, len(params) + max((turn[1] for turn in turns), default=0))


def objective_of(world: World) -> Callable[[Params], Iterator[float]]:
    """The loop of a person whose network is as good as the world says."""

    def train(params: Params) -> Iterator[float]:
        _, losses, _ = world.begin(params, set())
        yield from losses.tolist()

    return train


def _steps(connection: sqlite3.Connection) -> Iterator[Step]:
    best = math.inf
    for place, (number, epoch, loss) in enumerate(connection.execute(_EPOCHS), 1):
        best = min(best, loss)
        yield Step(number, epoch, loss, float(place), best)
