"""What a storage costs: ours against Optuna's, as the excess over keeping trials in memory.

    python -m benchmarks.storage [--quick] [--json]

Every storage gets the same study: a sampler that reads all finished trials and keeps one
attribute, as TPE does, but then draws at random; a pruner that reads all complete trials at
every epoch, as the median pruner does, but prunes none (their own 8 to 200 ms would drown
the difference); 32 running trials with 8 parameters. What samplers and pruners cost by
themselves, and how that grows, is printed beside.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.pruners import BasePruner, MedianPruner, SuccessiveHalvingPruner
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from automl.tuning.pruners import make_pruner
from storage import OptunaStorage, open_optuna_storage, open_store
from storage.optuna_schema import TRIALS, to_utc
from storage.records import EpochRecord, LayerGradientRecord
from storage.trial_writes import TrialWrites

N_RUNNING = 32
N_PARAMS = 8
N_EPOCHS = 50
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    f"parameter_{i}": FloatDistribution(0.0, 1.0) for i in range(N_PARAMS)
}
SPACE_PARAMS = 18  # parameters of the MLP space, for the size of the file


class ReadingSampler(optuna.samplers.RandomSampler):
    """Uses the storage as TPE does, and draws at random."""

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Read what TPE reads, keep what it keeps."""
        study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        study._storage.set_trial_system_attr(trial._trial_id, "tpe:relative_params:0", "{}")
        return super().sample_relative(study, trial, search_space)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Read what TPE reads; no parameter is drawn jointly."""
        study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        return {}


class ReadingPruner(BasePruner):
    """Uses the storage as the median pruner does, and prunes nothing."""

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Read all complete trials."""
        study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return False


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds per call."""

    ask: float
    report: float
    tell: float

    @property
    def life(self) -> float:
        """A trial of 50 epochs, from ask to tell."""
        return self.ask + N_EPOCHS * self.report + self.tell

    def above(self, other: Cost) -> Cost:
        """The excess over another cost."""
        return Cost(self.ask - other.ask, self.report - other.report, self.tell - other.tell)


def finished_trial(number: int, n_params: int = N_PARAMS) -> FrozenTrial:
    """A complete trial of 50 epochs that successive halving has let through three rungs."""
    names = [f"parameter_{i}" for i in range(n_params)]
    return create_trial(
        params={name: ((number * 37 + i) % 101) / 101 for i, name in enumerate(names)},
        distributions={name: FloatDistribution(0.0, 1.0) for name in names},
        value=1.0 / (number + 1),
        intermediate_values={e: 1.0 / e + number % 7 for e in range(1, N_EPOCHS + 1)},
        system_attrs={f"completed_rung_{rung}": 1.0 / 4**rung + number % 7 for rung in range(3)},
    )


def fill(storage: BaseStorage, n_trials: int) -> None:
    """Put a study of finished trials into a storage."""
    study_id = storage.create_new_study([StudyDirection.MINIMIZE], "benchmark")
    for number in range(n_trials):
        storage.create_new_trial(study_id, finished_trial(number))


def filled_file(n_trials: int, n_params: int = N_PARAMS, journal: str = "wal") -> Path:
    """A database of finished trials, written a thousand at a time."""
    file = Path(tempfile.mkdtemp(prefix="benchmark-")) / "study.db"
    storage = open_optuna_storage(f"sqlite:///{file}")
    study_id = storage.create_new_study([StudyDirection.MINIMIZE], "benchmark")
    for first in range(0, n_trials, 1000):
        trials = [finished_trial(n, n_params) for n in range(first, min(first + 1000, n_trials))]
        writes = TrialWrites("sqlite")
        with storage.database.write() as connection:
            for number, trial in enumerate(trials, first):
                trial._trial_id = number + 1
                row = {
                    "trial_id": number + 1,
                    "number": number,
                    "study_id": study_id,
                    "state": trial.state,
                    "datetime_start": to_utc(trial.datetime_start),
                    "datetime_complete": to_utc(trial.datetime_complete),
                }
                connection.execute(TRIALS.insert(), row)
                writes.add_whole(trial)
            writes.write(connection)
    storage.close()
    with sqlite3.connect(file) as plain:
        plain.execute(f"PRAGMA journal_mode = {journal}")
    plain.close()
    return file


def one_transaction(storage: BaseStorage) -> contextlib.AbstractContextManager[None]:
    """A round of epochs: one transaction where the storage knows such a thing."""
    if isinstance(storage, OptunaStorage):
        return storage.database.transaction()
    return contextlib.nullcontext()


def measure(storage: BaseStorage, n_rounds: int, n_epochs: int) -> Cost:
    """Ask 32 trials, train them side by side, tell them; the median of the rounds."""
    study = optuna.load_study(
        study_name="benchmark",
        storage=storage,
        sampler=ReadingSampler(seed=0),
        pruner=ReadingPruner(),
    )
    costs = [_measure_round(study, storage, n_epochs) for _ in range(n_rounds)]
    return Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))


def _measure_round(
    study: optuna.Study, storage: BaseStorage, n_epochs: int
) -> tuple[float, float, float]:
    start = time.perf_counter()
    trials = []
    for _ in range(N_RUNNING):
        trial = study.ask(DISTRIBUTIONS)
        if isinstance(storage, OptunaStorage):
            storage.database.flush()  # what is asked is in the file before it trains
        trials.append(trial)
    asked = time.perf_counter()
    for epoch in range(1, n_epochs + 1):
        with one_transaction(storage):
            for trial in trials:
                trial.report(1.0 / epoch, epoch)
        for trial in trials:
            trial.should_prune()
    reported = time.perf_counter()
    for trial in trials:
        study.tell(trial, 1.0)
    told = time.perf_counter()
    per_trial = 1000.0 / N_RUNNING
    return (
        (asked - start) * per_trial,
        (reported - asked) * per_trial / n_epochs,
        (told - reported) * per_trial,
    )


def set_write_ahead_log(connection: Any, record: object) -> None:
    """What a careful user of Optuna sets by hand."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def storages() -> Mapping[str, Callable[[], BaseStorage]]:
    """Makers of a storage with a study of 100 trials, by the name in the table."""
    tuned = {"pool_events": [(set_write_ahead_log, "connect")]}
    journal = Path(tempfile.mkdtemp(prefix="benchmark-")) / "journal.log"
    return {
        "in memory": lambda: _with_trials(InMemoryStorage(), 100),
        "ours": lambda: open_optuna_storage(f"sqlite:///{filled_file(100)}"),
        "SQLite, default": lambda: RDBStorage(f"sqlite:///{filled_file(100, journal='delete')}"),
        "SQLite, WAL + NORMAL": lambda: RDBStorage(f"sqlite:///{filled_file(100)}", tuned),
        "journal": lambda: _with_trials(JournalStorage(JournalFileBackend(str(journal))), 100),
    }


def _with_trials(storage: BaseStorage, n_trials: int) -> BaseStorage:
    fill(storage, n_trials)
    return storage


def compare(quick: bool) -> dict[str, Cost]:
    """The cost of each storage with 100 trials before."""
    costs = {}
    for name, make in storages().items():
        storage = make()
        slow = name.startswith("SQLite")
        n_rounds, n_epochs = (1, 2 if quick else 5) if slow else (5, 10)
        costs[name] = measure(storage, n_rounds, n_epochs)
        _close(storage)
        _progress(f"measured: {name}")
    return costs


def life_excess(file: Path, n_trials: int, n_rounds: int) -> float:
    """Ours above memory, for the life of one trial, after so many trials."""
    memory = _with_trials(InMemoryStorage(), n_trials)
    ours = open_optuna_storage(f"sqlite:///{file}")
    excess = [measure(ours, 1, 10).above(measure(memory, 1, 10)).life for _ in range(n_rounds)]
    ours.close()
    _progress(f"measured: a trial's life after {n_trials:,} trials")
    return statistics.median(excess)


def opening(file: Path) -> tuple[float, float]:
    """Seconds to open a file and read all its trials: ours, Optuna's."""
    url = f"sqlite:///{file}"
    start = time.perf_counter()
    storage = open_optuna_storage(url)
    optuna.load_study(study_name="benchmark", storage=storage).get_trials(deepcopy=False)
    ours = time.perf_counter() - start
    storage.close()
    start = time.perf_counter()
    optuna.load_study(study_name="benchmark", storage=url).get_trials(deepcopy=False)
    theirs = time.perf_counter() - start
    _progress("measured: opening")
    return ours, theirs


def megabytes(n_trials: int) -> tuple[float, float]:
    """Size of a file of trials of 50 epochs: the whole, and what our tables take of it."""
    file = filled_file(n_trials, SPACE_PARAMS)
    before = file.stat().st_size
    with open_store(f"sqlite:///{file}") as store:
        for first in range(0, n_trials, N_RUNNING):  # side by side, as a stack trains them
            runs = [
                store.runs.begin("benchmark", trial_number=number, purpose="search", seed=number)
                for number in range(first, min(first + N_RUNNING, n_trials))
            ]
            for epoch in range(1, N_EPOCHS + 1):
                with store.transaction():
                    for run in runs if epoch == 1 else []:
                        store.runs.add_initial_layers(run.run_id, _layers(0))
                    store.runs.add_epochs([_epoch(run.run_id, epoch) for run in runs])
            with store.transaction():
                for run in runs:
                    store.runs.finish(run.run_id, "complete")
    _progress("measured: size")
    return file.stat().st_size / 1e6, (file.stat().st_size - before) / 1e6


def _progress(text: str) -> None:
    click.echo(text, err=True)


def _layers(seed: int) -> tuple[LayerGradientRecord, ...]:
    names = ("hidden 1", "hidden 2", "hidden 3", "output")
    return tuple(
        LayerGradientRecord(i, name, 0.1 * seed, 1.0 + i, 0.01, 0.0, 1.0, 0.0, 0.5)
        for i, name in enumerate(names)
    )


def _epoch(run_id: int, epoch: int) -> EpochRecord:
    """An epoch whose losses have all their digits, and whose error rate counts rows."""
    noise = ((run_id * 7919 + epoch * 104729) % 1000003) / 1000003
    return EpochRecord(
        run_id=run_id,
        epoch=epoch,
        step=epoch * 157,
        train_loss=noise / epoch**0.5,
        valid_loss=(noise + 0.1) / epoch**0.3,
        valid_loss_standard_error=noise / 30**0.5,
        train_metric=int(noise * 10000) / 10000,
        valid_metric=int(noise * 2000) / 2000,
        learning_rate=0.001 * 0.97**epoch,
        gradient_norm=noise**0.5,
        seconds=0.01 + noise / 1000,
        layers=_layers(epoch) if epoch & (epoch - 1) == 0 else (),
    )


def own_growth(sizes: tuple[int, ...]) -> list[str]:
    """What samplers and pruners cost by themselves, in memory."""
    lines = []
    for n_trials in sizes:
        storage = InMemoryStorage()
        fill(storage, n_trials)
        study = optuna.load_study(study_name="benchmark", storage=storage)
        start = time.perf_counter()
        study.ask(DISTRIBUTIONS)
        parts = [f"TPE ask {1000 * (time.perf_counter() - start):.1f} ms"]
        pruners = {
            "median": MedianPruner(),
            "successive halving": SuccessiveHalvingPruner(min_resource=1),
            "our successive halving": make_pruner("successive_halving", N_EPOCHS),
        }
        for name, pruner in pruners.items():
            study.pruner, study.sampler = pruner, ReadingSampler(seed=0)
            first, trial = study.ask(DISTRIBUTIONS), study.ask(DISTRIBUTIONS)
            first.report(0.5, 1)
            first.should_prune()  # an incremental pruner reads all trials once
            start = time.perf_counter()
            for epoch in range(1, 11):
                trial.report(0.5, epoch)
                trial.should_prune()
            spent = 100 * (time.perf_counter() - start)
            parts.append(f"{name} {spent:.2f} ms")
        lines.append(f"  after {n_trials:6,} trials: " + ", ".join(parts))
    return lines


def _close(storage: BaseStorage) -> None:
    if isinstance(storage, OptunaStorage):
        storage.close()
    elif isinstance(storage, RDBStorage):
        storage.engine.dispose()


@click.command()
@click.option("--quick", is_flag=True, help="1,000 trials where the full run has 10,000.")
@click.option("--json", "as_json", is_flag=True, help="Print the key numbers as JSON.")
def main(quick: bool, as_json: bool) -> None:
    """Compare storages."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    many = 1000 if quick else 10000
    costs = compare(quick)
    memory = costs["in memory"]
    above = {name: cost.above(memory) for name, cost in costs.items()}
    few_file, many_file = filled_file(100), filled_file(many)
    ours_seconds, optuna_seconds = opening(many_file)
    few_excess, many_excess = life_excess(few_file, 100, 5), life_excess(many_file, many, 5)
    whole, ours = megabytes(many)
    scale = 10000 / many
    numbers = {
        "report_ms": above["ours"].report,
        "report_vs_sqlite_default": above["SQLite, default"].report / above["ours"].report,
        "ask_ms_above_memory": above["ours"].ask,
        "tell_ms_above_memory": above["ours"].tell,
        "growth_10000_vs_100": many_excess / few_excess,
        "open_10000_vs_optuna": optuna_seconds / ours_seconds,
        "megabytes_10000": whole * scale,
        "megabytes_10000_ours": ours * scale,
    }
    if as_json:
        click.echo(json.dumps({name: round(value, 4) for name, value in numbers.items()}))
        return
    click.echo(
        f"{N_RUNNING} running trials, {N_PARAMS} parameters, 100 trials before; "
        "a sampler that reads as TPE does, a pruner that reads as the median pruner does. "
        "Milliseconds above memory:"
    )
    click.echo(f"{'':24}{'ask':>10}{'report':>10}{'tell':>10}")
    for name, cost in above.items():
        shown = costs[name] if name == "in memory" else cost
        label = "in memory (itself)" if name == "in memory" else name
        click.echo(f"{label:24}{shown.ask:10.3f}{shown.report:10.4f}{shown.tell:10.3f}")
    click.echo(
        f"A trial's life of {N_EPOCHS} epochs, ours above memory: {few_excess:.2f} ms "
        f"after 100 trials, {many_excess:.2f} ms after {many:,}."
    )
    click.echo(
        f"Opening {many:,} trials: ours {ours_seconds:.2f} s, Optuna {optuna_seconds:.2f} s."
    )
    click.echo(
        f"File of {many:,} trials with {SPACE_PARAMS} parameters and {N_EPOCHS} epochs: "
        f"{whole:.1f} MB, of which our tables {ours:.1f} MB."
    )
    click.echo("Samplers and pruners by themselves, in memory:")
    click.echo("\n".join(own_growth((100, many))))


if __name__ == "__main__":
    main()
