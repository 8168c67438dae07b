"""Stacked training against one trial after another, on one core and on one list of trials.

    python -m benchmarks.stacked [--quick] [--seed N] [--json] [--trials N] [--epochs N]

Both sides train the same trials for as many epochs without pruning, measure train and
validation loss every epoch and keep the best weights:

    expert      tensors in memory, torch.optim's fastest implementation (expert_loop.py)
    dataloader  the style of Optuna's PyTorch example (dataloader_loop.py)
    plain       this project's PlainTrainer
    stacked     this project's StackedTrainer
    floor       products at their peak and one pass over memory (stacked_floor.py)

`small`: widths 8 to 64, batches 16 to 64. `full`: the built-in space as shipped.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
import torch
from sklearn.datasets import load_digits, make_classification
from sklearn.preprocessing import (
    MinMaxScaler,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from torch import Tensor

import search_spaces
from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling, TableEncoding, TableInputs, table_inputs
from automl.executors.choosing import make_executor
from automl.executors.executor import Executor
from automl.stacked.trainer import StackedTrainer
from automl.training.config import RunConfig, configure
from automl.training.plain import PlainTrainer
from automl.training.trainer import Trainer
from benchmarks import dataloader_loop, expert_loop
from benchmarks.expert_loop import Arrays
from benchmarks.plain_space import PLAIN
from benchmarks.stacked_floor import floor_seconds

Params = Mapping[str, Any]
SIDES = ("expert", "dataloader", "plain", "stacked", "floor")
SPACES = {"small": ["hidden_size=8..64", "batch_size=16,32,64"], "full": []}


@dataclass(frozen=True)
class Case:
    """One data set with a list of drawn trials."""

    space: str
    data: str
    dataset: Dataset
    arrays: Arrays
    trials: tuple[Params, ...]
    n_epochs: int

    def runs(self, trials: Sequence[Params]) -> list[RunConfig]:
        """The trials as this project's trainers take them."""
        runs = []
        for number, params in enumerate(trials):
            model, training = configure(
                params, family="mlp", max_epochs=self.n_epochs, patience=self.n_epochs
            )
            runs.append(RunConfig(number, number, "mlp", model, training, seed=number))
        return runs


def draw_trials(space: str, n_trials: int, seed: int) -> tuple[Params, ...]:
    """Trials drawn at random from a space."""
    drawn_from = search_spaces.load("mlp").narrow([*PLAIN, *SPACES[space]]).for_task("multiclass")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    return tuple(drawn_from.suggest(study.ask()) for _ in range(n_trials))


def digits() -> tuple[Dataset, Arrays]:
    """The digits that scikit-learn ships: 1,797 rows, 64 columns, 10 classes."""
    x, y = load_digits(return_X_y=True)
    return prepared(torch.tensor(x), torch.tensor(y))


def synthetic(n_rows: int = 20_000) -> tuple[Dataset, Arrays]:
    """Made-up rows with 20 columns and 5 classes."""
    x, y = make_classification(
        n_rows, 20, n_informative=12, n_classes=5, n_clusters_per_class=3, random_state=0
    )
    return prepared(torch.tensor(x), torch.tensor(y))


def prepared(x: Tensor, y: Tensor) -> tuple[Dataset, Arrays]:
    """Split 60/20/20 and scale in all four ways, for this project and for the others."""
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    stops = [round(0.6 * len(x)), round(0.8 * len(x)), len(x)]
    parts = {"train": order[: stops[0]], "valid": order[stops[0] : stops[1]]}
    parts["test"] = order[stops[1] :]
    train = x[parts["train"]]
    quantile = QuantileTransformer(n_quantiles=100, output_distribution="normal").fit(train)
    standard, min_max, robust = (
        scaler.fit(train) for scaler in (StandardScaler(), MinMaxScaler(), RobustScaler())
    )
    scalings = {
        "standard": _affine(standard.mean_, standard.scale_),
        "min_max": _affine(min_max.data_min_, 1 / min_max.scale_),
        "robust": _affine(robust.center_, robust.scale_),
        "quantile": _affine(torch.zeros(x.shape[1]), torch.ones(x.shape[1])),
    }
    splits = {
        name: Split(
            TableInputs(
                x[rows].float(),
                torch.tensor(quantile.transform(x[rows])).float(),
                torch.zeros(len(rows), 0, dtype=torch.int64),
            ),
            y[rows].long(),
        )
        for name, rows in parts.items()
    }
    fold = Fold(splits["train"], splits["valid"], splits["test"], TableEncoding(scalings))
    n_classes = int(y.max()) + 1
    scaled = {
        name: {
            scaling: (table_inputs(split.inputs).before(scaling) - affine.shift) * affine.scale
            for scaling, affine in scalings.items()
        }
        for name, split in splits.items()
    }
    arrays = Arrays(
        scaled["train"], scaled["valid"], fold.train.targets, fold.valid.targets, n_classes
    )
    return Dataset("multiclass", "cross_entropy", n_classes, (fold,)), arrays


def _affine(shift: Any, width: Any) -> InputScaling:
    width = torch.as_tensor(width).float()
    return InputScaling(
        torch.as_tensor(shift).float(), 1 / torch.where(width == 0, torch.ones(()), width)
    )


CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
"""The processor time of this process is for machines that are busy with other work."""
clock = CLOCKS["wall"]


def seconds_of(train: Callable[[], object]) -> float:
    """How long a call takes."""
    started = clock()
    train()
    return clock() - started


def train_with(trainer: Trainer, runs: Sequence[RunConfig], n_epochs: int) -> None:
    """Train all runs to the end, as many at once as they are."""
    trainer.add(runs)
    for _ in range(n_epochs):
        trainer.train_round()


def loop_seconds(case: Case, loop: Callable[..., float]) -> list[float]:
    """Seconds of each trial in a loop over trials."""
    return [
        seconds_of(lambda params=params, n=n: loop(params, case.arrays, case.n_epochs, n))  # type: ignore[misc]
        for n, params in enumerate(case.trials)
    ]


def stacked_seconds(case: Case, trials: Sequence[Params]) -> float:
    """Seconds of a list of trials in one StackedTrainer, its set-up included."""
    runs = case.runs(trials)
    return seconds_of(lambda: train_with(StackedTrainer(case.dataset), runs, case.n_epochs))


def warm_up(case: Case) -> None:
    """Let both trainers import and choose what they do once per process."""
    runs = case.runs(case.trials[:2])
    for trainer in (StackedTrainer(case.dataset), PlainTrainer(case.dataset)):
        train_with(trainer, runs, 1)
    for params in case.trials:
        expert_loop.prepare(params, case.arrays)


def measure(case: Case, sides: Sequence[str]) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Total seconds of each side, and each trial's where trials run one by one."""
    per_trial: dict[str, list[float]] = {}
    warm_up(case)
    per_trial["expert"] = loop_seconds(case, expert_loop.train)
    if "dataloader" in sides:
        per_trial["dataloader"] = loop_seconds(case, dataloader_loop.train)
    n_rows = {"train": len(case.arrays.train_y), "valid": len(case.arrays.valid_y)}
    n_features = case.arrays.train_x["standard"].shape[1]
    per_trial["floor"] = [
        floor_seconds(params, n_rows, n_features, case.arrays.n_classes, case.n_epochs)
        for params in case.trials
    ]
    totals = {side: sum(seconds) for side, seconds in per_trial.items()}
    totals["stacked"] = stacked_seconds(case, case.trials)
    if "plain" in sides:
        runs = case.runs(case.trials)
        totals["plain"] = seconds_of(
            lambda: train_with(PlainTrainer(case.dataset), runs, case.n_epochs)
        )
    return totals, per_trial


def width_class(params: Params) -> int:
    """The next power of two, at least 16."""
    return max(16, 1 << (int(params["hidden_size"]) - 1).bit_length())


def print_cells(case: Case, expert: Sequence[float]) -> None:
    """Time per trial and step in each cell of batch x width, stacked without its neighbours."""
    cells: dict[tuple[int, int], list[int]] = {}
    for number, params in enumerate(case.trials):
        cells.setdefault((params["batch_size"], width_class(params)), []).append(number)
    print(
        f"  {'batch':>5} {'width to':>8} {'trials':>6} {'expert':>9} {'stacked':>9} {'times':>6}"
    )
    for (batch, width), numbers in sorted(cells.items()):
        n_steps = -(-len(case.arrays.train_y) // batch) * case.n_epochs * len(numbers)
        alone = sum(expert[number] for number in numbers)
        stacked = stacked_seconds(case, [case.trials[number] for number in numbers])
        print(
            f"  {batch:5} {width:8} {len(numbers):6} {alone / n_steps * 1e6:6.0f} us "
            f"{stacked / n_steps * 1e6:6.0f} us {alone / stacked:6.1f}"
        )


def two_workers_vs_one(n_trials: int, n_epochs: int, seed: int) -> float:
    """How much sooner two worker processes train the same trials than one.

    The workers have loaded their libraries before the clock starts.
    """
    dataset, arrays = digits()
    trials = draw_trials("full", n_trials, seed)
    case = Case("full", "digits", dataset, arrays, trials, n_epochs)
    one, two = (_seconds_with_workers(case, n_workers) for n_workers in (1, 2))
    return one / two


def _seconds_with_workers(case: Case, n_workers: int) -> float:
    runs = case.runs(case.trials)
    with make_executor(case.dataset, workers=n_workers, engine="processes") as executor:
        _train_to_the_end(executor, runs[: 8 * n_workers], 1)
        began = time.perf_counter()
        _train_to_the_end(executor, runs, case.n_epochs)
        return time.perf_counter() - began


def _train_to_the_end(executor: Executor, runs: Sequence[RunConfig], n_epochs: int) -> None:
    executor.start(runs)
    while executor.active:
        for epoch in executor.next_round().epochs:
            if epoch.epoch == n_epochs:
                executor.stop(epoch.run_id)


def cuda_vs_expert_loop(case: Case) -> float | None:
    """The same comparison on a GPU; None without one."""
    if not torch.cuda.is_available():
        return None
    arrays = _on(case.arrays, "cuda")
    trials = case.trials[:8]  # one at a time is slow, and its time per trial is even
    for params in trials:
        expert_loop.train(params, arrays, 1, 0)
    alone = seconds_of(
        lambda: [expert_loop.train(params, arrays, case.n_epochs, 0) for params in trials]
    ) / len(trials)
    runs = case.runs(case.trials)
    stacked = seconds_of(
        lambda: train_with(StackedTrainer(case.dataset, device="cuda"), runs, case.n_epochs)
    ) / len(runs)
    return alone / stacked


def _on(arrays: Arrays, device: str) -> Arrays:
    return Arrays(
        {name: x.to(device) for name, x in arrays.train_x.items()},
        {name: x.to(device) for name, x in arrays.valid_x.items()},
        arrays.train_y.to(device),
        arrays.valid_y.to(device),
        arrays.n_classes,
    )


def run(arguments: argparse.Namespace) -> dict[str, float | None]:
    """Measure all cases; returns the numbers under the keys that the issue names."""
    plans = {
        "digits": (digits, arguments.trials, arguments.epochs),
        "synthetic": (synthetic, max(1, arguments.trials // 4), max(1, arguments.epochs // 3)),
    }
    numbers: dict[str, float | None] = {}
    for space in arguments.spaces:
        totals = dict.fromkeys(SIDES, 0.0)
        for name, (load, n_trials, n_epochs) in plans.items():
            if name not in arguments.data:
                continue
            trials = draw_trials(space, n_trials, arguments.seed)
            case = Case(space, name, *load(), trials, n_epochs)
            seconds, per_trial = measure(case, arguments.sides)
            print(f"{space}, {name}: {n_trials} trials x {n_epochs} epochs, one core")
            for side, value in sorted(seconds.items(), key=lambda item: -item[1]):
                times = seconds["expert"] / value
                print(f"  {side:10} {value:8.2f} s   expert / {side}: {times:.2f}")
                totals[side] += value
            if not arguments.quick and not arguments.no_cells:
                print_cells(case, per_trial["expert"])
        numbers |= {f"{space}.{side}_seconds": value for side, value in totals.items()}
        for side in ("expert", "dataloader", "plain"):
            key = f"{space}.vs_{side}" + ("" if side == "plain" else "_loop")
            numbers[key] = totals[side] / totals["stacked"] if totals[side] else None
        numbers[f"{space}.vs_floor"] = totals["stacked"] / totals["floor"]
    return numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under a minute, rougher")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "--trials", type=int, default=None, help="of digits; a fourth of synthetic"
    )
    parser.add_argument("--epochs", type=int, default=None, help="of digits; a third of synthetic")
    parser.add_argument("--sides", default="expert,dataloader,plain,stacked,floor")
    parser.add_argument("--spaces", default="small,full")
    parser.add_argument("--data", default="digits,synthetic")
    parser.add_argument("--no-cells", action="store_true", help="no table of batch x width")
    parser.add_argument("--no-workers", action="store_true", help="no two_workers_vs_one")
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall")
    arguments = parser.parse_args()
    global clock
    clock = CLOCKS[arguments.clock]
    arguments.trials = arguments.trials or (48 if arguments.quick else 160)
    # A default search of digits trains 5.5 epochs per trial: 1,642 in 300 trials.
    arguments.epochs = arguments.epochs or (2 if arguments.quick else 6)
    for name in ("sides", "spaces", "data"):
        setattr(arguments, name, getattr(arguments, name).split(","))
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)

    stdout = sys.stdout
    if arguments.json:
        sys.stdout = sys.stderr
    numbers = run(arguments)
    workers = None
    if not arguments.no_workers:
        workers = two_workers_vs_one(arguments.trials, arguments.epochs, arguments.seed)
    numbers["two_workers_vs_one"] = workers
    numbers["cuda.vs_expert_loop"] = None
    if torch.cuda.is_available():
        trials = draw_trials("full", 256, arguments.seed)
        case = Case("full", "digits", *digits(), trials, arguments.epochs)
        numbers["cuda.vs_expert_loop"] = cuda_vs_expert_loop(case)
    for key, value in numbers.items():
        print(f"{key:28} {'null' if value is None else f'{value:.2f}'}")
    if arguments.json:
        print(json.dumps(numbers), file=stdout)


if __name__ == "__main__":
    main()
