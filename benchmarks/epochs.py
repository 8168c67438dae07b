"""How long an epoch of a large table should be: searches replayed on recorded curves.

    python -m benchmarks.epochs FILE:TARGET ... [--trials 32] [--seconds 30,60,120] [--json]

Configurations drawn from the built-in space train for as long as 50 epochs of 256 updates, without
a stop, and are measured every 64 updates. Searches with successive halving are then replayed on
these curves, drawn with replacement: with epochs of other lengths, after the first of which trials
are judged, and with other patience. Told is the loss of the trial that would be the answer when
the processor time is up.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import optuna

from automl.data.dataset import Dataset
from automl.executors.numerics import training_arithmetic
from automl.options.data_options import DataOptions
from automl.options.loading import load_data
from automl.stacked.trainer import StackedTrainer
from automl.training.batches import batch_size_of, epochs_of
from automl.training.config import RunConfig, configure
from automl.tuning.pruners import REDUCTION_FACTOR
from search_spaces import SearchSpace, load

UNIT = 64
"""Updates between two measurements of a recorded curve."""

TOTAL_EPOCHS, TOTAL_STEPS = 50, 256
"""A configuration trains for so many epochs of at most so many updates, however they are cut."""

LENGTHS = (64, 128, 256, 512, None)
"""Most updates of an epoch; None: a pass."""

PATIENCES = (5, 10, 15, 20)
N_SLOTS = 16
N_REPLAYS = 100


@dataclass(frozen=True, slots=True)
class Recorded:
    """The curve of one configuration.

    Attributes:
        curve: validation losses, one per unit.
        unit: updates between two of them; pass_steps: of a pass through the train rows.
        step_seconds, measuring_seconds: processor time of an update, and of measuring once.
    """

    curve: tuple[float, ...]
    unit: int
    pass_steps: int
    batch_size: int
    step_seconds: float
    measuring_seconds: float

    def cut(self, length: int | None) -> tuple[list[float], float]:
        """The losses at the ends of epochs of this length, and the seconds of one epoch."""
        steps = min(length or self.pass_steps, self.pass_steps)
        total = TOTAL_EPOCHS * min(TOTAL_STEPS, self.pass_steps)
        ends = [round(n * steps / self.unit) for n in range(1, max(1, round(total / steps)) + 1)]
        losses = [self.curve[min(max(end, 1), len(self.curve)) - 1] for end in ends]
        return losses, steps * self.step_seconds + self.measuring_seconds


def record(dataset: Dataset, space: SearchSpace, n_trials: int) -> list[Recorded]:
    """Train drawn configurations one after the other; those that diverge are left out."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=5))
    recorded = []
    for number in range(n_trials):
        model, training = configure(
            space.suggest(study.ask()), family="mlp", max_epochs=1, patience=1
        )
        run = RunConfig(number, number, "mlp", model, training, seed=1000 + number)
        pass_steps = epochs_of(run, dataset).n_steps
        n_units = TOTAL_EPOCHS * min(TOTAL_STEPS, pass_steps) // min(UNIT, pass_steps)
        run = replace(run, training=replace(training, epoch_steps=UNIT, max_epochs=n_units))
        trainer, begun = StackedTrainer(dataset), time.process_time()
        with training_arithmetic():
            trainer.add([run])
            curve = [one.valid_loss for _ in range(n_units) for one in trainer.train_round()]
        if len(curve) == n_units:
            seconds = (time.process_time() - begun) / n_units
            recorded.append(_recorded(dataset, run, curve, seconds))
    return recorded


def _recorded(
    dataset: Dataset, run: RunConfig, curve: Sequence[float], seconds: float
) -> Recorded:
    """Divide a unit's seconds: a row that is measured costs a third of one that is trained."""
    fold, unit = dataset.folds[run.fold], epochs_of(run, dataset).n_steps
    whole = replace(run, training=replace(run.training, epoch_steps=None))
    n_trained, n_measured = unit * batch_size_of(run, dataset), len(fold.valid) + 2000
    per_row = seconds / (n_trained + n_measured / 3)
    return Recorded(
        tuple(curve),
        unit,
        epochs_of(whole, dataset).n_steps,
        batch_size_of(run, dataset),
        step_seconds=per_row * n_trained / unit,
        measuring_seconds=per_row * n_measured / 3,
    )


@dataclass(slots=True)
class _Going:
    losses: list[float]
    seconds: float  # of an epoch
    epoch: int = 0
    best: float = math.inf
    best_epoch: int = 0


@dataclass(slots=True)
class Replay:
    """A search on recorded curves: what it has found when its time is up, and how many trials.

    Attributes:
        patience: epochs without gain that end a trial; None: nothing but its last epoch does.
    """

    patience: int | None
    answer: float = math.inf
    n_complete: int = 0
    n_trials: int = 0
    _rungs: dict[int, list[float]] = field(default_factory=dict)

    def run(self, cuts: Sequence[tuple[list[float], float]], seconds: float, seed: int) -> Replay:
        """Search until the processor time is spent, all slots in step."""
        source, going = random.Random(seed), list[_Going]()
        spent = 0.0
        while spent < seconds:
            while len(going) < N_SLOTS:
                going.append(_Going(*source.choice(cuts)))
                self.n_trials += 1
            spent += sum(one.seconds for one in going)
            going = [one for one in going if self._goes_on(one)]
        self.answer = min([self.answer, *(one.best for one in going)])
        return self

    def _goes_on(self, one: _Going) -> bool:
        one.epoch += 1
        value = one.losses[one.epoch - 1]
        if value < one.best:
            one.best, one.best_epoch = value, one.epoch
        if _is_rung(one.epoch):
            seen = self._rungs.setdefault(one.epoch, [])
            is_kept = bisect_left(seen, value) < max(1, (len(seen) + 1) // REDUCTION_FACTOR)
            insort(seen, value)
            if not is_kept:
                return False
        is_stuck = self.patience is not None and one.epoch - one.best_epoch >= self.patience
        if is_stuck or one.epoch == len(one.losses):
            self.answer, self.n_complete = min(self.answer, one.best), self.n_complete + 1
            return False
        return True


def _is_rung(epoch: int) -> bool:
    while epoch % REDUCTION_FACTOR == 0:
        epoch //= REDUCTION_FACTOR
    return epoch == 1


def replayed(recorded: Sequence[Recorded], seconds: float) -> list[dict[str, float | str | None]]:
    """What searches of so many seconds find, by the length of an epoch and by the patience."""
    rows: list[dict[str, float | str | None]] = []
    for length, patience in [*((each, None) for each in LENGTHS), *((256, p) for p in PATIENCES)]:
        cuts = [one.cut(length) for one in recorded]
        done = [Replay(patience).run(cuts, seconds, seed) for seed in range(N_REPLAYS)]
        rows.append(
            {
                "seconds": seconds,
                "epoch_steps": length or "full",
                "patience": patience,
                "answer": statistics.mean(one.answer for one in done),
                "complete": statistics.mean(one.n_complete for one in done),
                "trials": statistics.mean(one.n_trials for one in done),
            }
        )
    return rows


def main() -> None:
    """Measure and print."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", nargs="+", help="FILE:TARGET")
    parser.add_argument("--trials", type=int, default=32)
    parser.add_argument("--seconds", default="30,60,120", help="processor time of a search")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    for source in given.data:
        path, _, target = source.rpartition(":")
        data = load_data(path, DataOptions(target=target))
        space = load("mlp").for_task(data.goal.task)
        recorded = record(data.dataset, space, given.trials)
        found = {
            "data": path,
            "curves": [asdict(one) for one in recorded] if given.json else len(recorded),
            "searches": [
                row for each in given.seconds.split(",") for row in replayed(recorded, float(each))
            ],
        }
        if given.json:
            print(json.dumps(found))
            continue
        print(f"{path}: {len(recorded)} curves")
        for row in found["searches"]:
            print("  " + "  ".join(f"{name} {_text(value)}" for name, value in row.items()))


def _text(value: float | str | None) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
