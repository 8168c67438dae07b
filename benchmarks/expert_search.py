"""A whole search as an expert would write it: Optuna, one process per core, nothing of ours.

    python -m benchmarks.expert_search FOLDER TARGET TASK --until TIME --out FILE [--seed N]

Rows are read and scaled once and stay in memory; processes are forked from there, train one
trial at a time with one thread (`expert_loop.py`) and share an Optuna study by its journal. TPE
is multivariate and lies constantly of running trials; successive halving judges each epoch.
A trial ends after 50 epochs, or 15 without a gain. The space is that of `search_spaces/mlp.toml`
without what takes a network of its own (`plain_space.py`).
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from numpy.typing import NDArray
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from torch import nn

from benchmarks.expert_loop import Arrays, Training, make_optimizer
from benchmarks.expert_table import read_arrays

MAX_EPOCHS = 50
PATIENCE = 15
optuna.logging.set_verbosity(optuna.logging.ERROR)
_ZERO = nn.Parameter(torch.zeros(1))


def draw(trial: optuna.Trial, task: str) -> dict[str, Any]:
    """The params of a trial."""
    words = trial.suggest_categorical
    params: dict[str, Any] = {
        "n_layers": trial.suggest_int("n_layers", 1, 5),
        "hidden_size": trial.suggest_int("hidden_size", 16, 256, log=True),
        "shape": words("shape", ["constant", "funnel"]),
        "activation": words("activation", ["tanh", "relu", "leaky_relu", "elu", "gelu", "silu"]),
        "initialization": words("initialization", ["xavier", "he", "he_fan_in", "orthogonal"]),
        "normalization": words("normalization", ["none", "batch_norm", "layer_norm"]),
        "optimizer": words(
            "optimizer",
            ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"],
        ),
        "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        "batch_size": words("batch_size", [16, 32, 64, 128, 256, 512]),
        "schedule": words("schedule", ["constant", "exponential", "cosine", "one_cycle"]),
    }
    if params["optimizer"] in ("momentum", "nesterov"):
        params["momentum"] = trial.suggest_float("momentum", 0.7, 0.99)
    if params["schedule"] == "exponential":
        params["decay_fraction"] = trial.suggest_float("decay_fraction", 0.3, 2.0)
    params["dropout"] = trial.suggest_float("dropout", 0.0, 0.5)
    params["weight_decay"] = trial.suggest_float("weight_decay", 1e-6, 1e-2, log=True)
    if task != "regression":
        params["label_smoothing"] = trial.suggest_float("label_smoothing", 0.0, 0.1)
    params["scaling"] = words("scaling", ["standard", "min_max", "robust", "quantile"])
    return params


@dataclass
class Seen:
    """What one process has seen of a trial: when which validation loss was known."""

    params: dict[str, Any]
    losses: list[tuple[float, float]]
    is_complete: bool = False


@dataclass
class Best:
    """The lowest validation loss of one process, and what its network predicts of test rows."""

    loss: float = math.inf
    predicted: NDArray[np.float32] | None = None  # (N, C); None: no test rows


class Searching:
    """One process of the search."""

    def __init__(self, arrays: Arrays, task: str, until: float) -> None:
        self._arrays, self._task, self._until = arrays, task, until
        self.seen: list[Seen] = []
        self.best = Best()

    def run(self, journal: Path, seed: int) -> None:
        """Train trials until time is up."""
        study = optuna.create_study(
            study_name="expert",
            storage=JournalStorage(JournalFileBackend(str(journal))),
            sampler=make_sampler(seed),
            pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=4),
            load_if_exists=True,
        )
        while time.monotonic() < self._until:
            study.optimize(self._objective, n_trials=1)

    def _objective(self, trial: optuna.Trial) -> float:
        params = draw(trial, self._task)
        seen = Seen(params, [])
        self.seen.append(seen)
        training = Training(params, self._arrays, MAX_EPOCHS, trial.number)
        best, best_epoch, weights = math.inf, 0, {}
        for epoch in range(1, MAX_EPOCHS + 1):
            if not training.train_epoch(self._until):
                raise optuna.TrialPruned
            (loss,) = training.losses()
            seen.losses.append((time.monotonic(), loss))
            if not math.isfinite(loss):
                raise optuna.TrialPruned
            if loss < best:
                best, best_epoch = loss, epoch
                weights = {
                    name: values.clone() for name, values in training.network.state_dict().items()
                }
                self._keep_if_best(loss, training)
            trial.report(loss, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
            if epoch - best_epoch >= PATIENCE:
                break
        del weights  # of the best epoch: what would be kept
        seen.is_complete = True
        return best

    def _keep_if_best(self, loss: float, training: Training) -> None:
        if loss >= self.best.loss:
            return
        x = self._arrays.test_x.get(training.scaling)
        self.best = Best(loss, None if x is None else training.outputs(x).numpy())


def search(arrays: Arrays, task: str, until: float, seed: int) -> tuple[list[Seen], Best]:
    """One process per core until `until`, as `time.monotonic` counts.

    Returns:
        The trials of all processes, and the best network of any.

    Raises:
        EOFError: a process has died.
    """
    _load_what_is_loaded_late()
    forked = multiprocessing.get_context("fork")
    n_processes = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"

        def work(number: int, sender: Connection) -> None:
            torch.set_num_threads(1)
            torch.set_flush_denormal(True)
            searching = Searching(arrays, task, until)
            searching.run(journal, seed * n_processes + number)
            sender.send((searching.seen, searching.best))

        receivers = []
        for number in range(n_processes):
            receiver, sender = forked.Pipe(duplex=False)
            forked.Process(target=work, args=(number, sender)).start()
            sender.close()  # so that the end of the process is the end of what it sends
            receivers.append(receiver)
        found = [receiver.recv() for receiver in receivers]
    seen = [one for of_process, _ in found for one in of_process]
    return seen, min((best for _, best in found), key=lambda best: best.loss)


def make_sampler(seed: int) -> optuna.samplers.BaseSampler:
    """TPE that models all parameters together, and counts running trials as bad."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(multivariate=True, constant_liar=True, seed=seed)


def _load_what_is_loaded_late() -> None:
    """Once, and not in every process: torch loads a second's modules with the first optimizer."""
    make_optimizer({"optimizer": "adam", "learning_rate": 0.0, "weight_decay": 0.0}, [_ZERO])
    study = optuna.create_study(sampler=make_sampler(0))
    for _ in range(11):  # the first ten are drawn at random
        study.tell(trial := study.ask(), trial.suggest_float("x", 0.0, 1.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("target")
    parser.add_argument("task", choices=("binary", "multiclass", "regression"))
    parser.add_argument("--until", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arrays = read_arrays(arguments.folder, arguments.target, arguments.task)
    seen, _ = search(arrays, arguments.task, arguments.until, arguments.seed)
    found = {
        "n_inputs": arrays.train_x["standard"].shape[1],
        "n_outputs": arrays.n_outputs,
        "trials": [asdict(one) for one in seen],
    }
    arguments.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
