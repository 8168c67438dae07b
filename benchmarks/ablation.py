"""What each value of a hyperparameter is worth beside the default: same tables, same seeds.

    python -m benchmarks.ablation FOLDER --results FILE.jsonl [--tables NAME,...] [--seeds 3]
        [--max-epochs 50] [--base NAME=VALUE ...] [--change NAME=VALUE[,NAME=VALUE] ...]

A base configuration is trained on each table with each seed, and so is each change of it, every
one with three learning rates, of which the best counts: a value that wants another rate is not
held against for it. Told is the lowest validation loss with the change over that of the base, as a
geometric mean over tables (the mean logarithm over seeds is a table's) with its 95 % interval, for
classes and quantities apart, and the processor time over the base's.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loss_ratios import log_ratio, mean_ratio
from benchmarks.quality_tables import names_in
from benchmarks.recorded_runs import Asked, Params, Recorded, record, written
from search_spaces import FixedParameter, SearchSpaceError
from search_spaces.hyperparameters import hyperparameter
from search_spaces.narrowing import narrow_parameter, read_assignments
from storage.records import ParameterValue

BASE = (
    *("n_layers=3", "hidden_size=128", "activation=silu", "initialization=he_fan_in"),
    *("optimizer=adamw", "learning_rate=0.003", "batch_size=128", "schedule=cosine"),
    *("dropout=0.1", "weight_decay=0.001", "scaling=quantile"),
)
"""A configuration that does well on most tables; a change is beside it."""

RATES = (1 / 3, 1.0, 3.0)
"""What the base's learning rate is multiplied by."""


@dataclass(frozen=True, slots=True)
class Worth:
    """A change beside the base, over tables of one kind."""

    change: str
    kind: str
    n_tables: int
    ratio: float
    low: float
    high: float
    seconds: float


def read_params(assignments: Iterable[str]) -> dict[str, ParameterValue]:
    """`name=value` texts as params.

    Raises:
        SearchSpaceError: a hyperparameter cannot take its value.
    """
    params: dict[str, ParameterValue] = {}
    for name, text in read_assignments(list(assignments)).items():
        parameter = narrow_parameter(hyperparameter(name), text, None)
        if not isinstance(parameter, FixedParameter):
            raise SearchSpaceError(f"A change has one value for {name}, but got {text!r}.")
        params[name] = parameter.value
    return params


def with_rates(params: Params) -> list[Params]:
    """The same with each of three learning rates."""
    rate = params["learning_rate"]
    assert isinstance(rate, float)
    return [{**params, "learning_rate": rate * factor} for factor in RATES]


def worth_of(
    change: str, changed: Sequence[Recorded], base: Sequence[Recorded], kind: str
) -> Worth:
    """A change over the base, both with all of their rates, tables and seeds.

    Args:
        kind: "classes" or "quantities": which tables count.
    """
    of_both = [_by_run(runs, kind) for runs in (changed, base)]
    logs: dict[str, list[float]] = {}
    for run in of_both[0]:
        ours, theirs = (min(one.loss for one in each[run]) for each in of_both)
        if math.isfinite(ours) and math.isfinite(theirs):
            logs.setdefault(run[0], []).append(log_ratio(ours, theirs))
    means = [statistics.fmean(each) for each in logs.values()]
    ratio = mean_ratio(means)  # no number where all failed
    seconds = [sum(one.seconds for each in side.values() for one in each) for side in of_both]
    own = seconds[0] / seconds[1]
    return Worth(change, kind, len(means), ratio.mean, ratio.low, ratio.high, own)


def _by_run(runs: Sequence[Recorded], kind: str) -> Mapping[tuple[str, int], list[Recorded]]:
    found: dict[tuple[str, int], list[Recorded]] = {}
    for one in runs:
        if (one.task == "regression") == (kind == "quantities"):
            found.setdefault((one.table, one.seed), []).append(one)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="of CSV files")
    parser.add_argument("--results", type=Path, required=True, help="file of runs, gone on with")
    parser.add_argument("--tables", help="names, by commas; default: all")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--max-epochs", type=int, default=50)
    parser.add_argument("--base", nargs="*", default=[], help="NAME=VALUE: beside the script's")
    parser.add_argument("--change", nargs="*", default=[], help="NAME=VALUE[,NAME=VALUE]")
    options = parser.parse_args()
    folder = options.folder.resolve()
    tables = options.tables.split(",") if options.tables else names_in(folder)
    base = {**read_params(BASE), **read_params(options.base)}
    changes = {text: {**base, **read_params(text.split(","))} for text in options.change}
    wanted = [with_rates(params) for params in (base, *changes.values())]
    asked = [
        Asked(folder, table, seed, [one for each in wanted for one in each], options.max_epochs)
        for table in tables
        for seed in range(options.seeds)
    ]
    found = record(asked, options.results)
    of_base = chosen(found, wanted[0])
    for change, params in zip(changes, wanted[1:], strict=True):
        for kind in ("classes", "quantities"):
            own = chosen(found, params)
            if not _by_run(own, kind):
                continue
            worth = worth_of(change, own, of_base, kind)
            print(
                f"{change}, {kind}: loss {worth.ratio:.3f} times ({worth.low:.3f} to "
                f"{worth.high:.3f}, {worth.n_tables} tables), time {worth.seconds:.2f} times"
            )


def chosen(runs: Iterable[Recorded], params: Sequence[Params]) -> list[Recorded]:
    """The runs of some params."""
    texts = {written(each) for each in params}
    return [one for one in runs if written(one.params) in texts]


if __name__ == "__main__":
    main()
