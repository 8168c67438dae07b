"""Which configurations a search should try first: chosen greedily from real runs on many tables.

    python -m benchmarks.portfolio FOLDER --results FILE.jsonl [--draws 100] [--size 16]
        [--space FILE.toml] [--tables NAME,...] [--seeds 1] [--max-epochs 50] [--write FILE.toml]

Configurations are drawn at random from a space, the same on every table, and trained to their ends
(`recorded_runs.py`). What one is worth on a table is where its loss lies between that of the best
configuration there, 0, and the median's, 1, on a logarithmic scale; above 1 it counts as 1. The
first of a portfolio has the lowest mean over tables; each next one lowers the mean of the best of
all so far the most (as auto-sklearn 2.0 does: Feurer et al. 2022, arXiv 2007.04074). Tables of
classes and of quantities have portfolios of their own.

Told is the mean after each entry, beside that of as many random draws; and, with each table left
out of the choice, the mean on the tables that were left out: what a new table may expect.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray

import search_spaces
from benchmarks.loss_ratios import LEAST_LOSS, log_loss
from benchmarks.quality_tables import names_in
from benchmarks.recorded_runs import Asked, Params, Recorded, record, written
from search_spaces import SearchSpace
from storage.records import Task

Floats = NDArray[np.float64]

KINDS = {"classification": ("binary", "multiclass"), "regression": ("regression",)}
N_RANDOM = 200  # random portfolios, whose mean is told


def draw(space: SearchSpace, n: int, seed: int = 0) -> list[Params]:
    """So many configurations of a space, all params of each."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    return [space.complete(space.suggest(study.ask())) for _ in range(n)]


def worths(losses: Floats) -> Floats:
    """Of losses what they are worth: 0 the best of the table, 1 the median or worse.

    Shape:
        losses: (T, N), infinite where a run failed; result alike.
    """
    logs = np.log(np.maximum(losses, LEAST_LOSS))
    best, middle = logs.min(axis=1, keepdims=True), np.median(logs, axis=1, keepdims=True)
    width = np.where(np.isfinite(middle) & (middle > best), middle - best, 1.0)
    worth: Floats = np.nan_to_num((logs - best) / width, nan=1.0, posinf=1.0)
    return np.clip(worth, 0.0, 1.0)


def greedy(worth: Floats, size: int) -> list[int]:
    """The configurations of a portfolio, in their order; the first of equals.

    Shape:
        worth: (T, N).
    """
    chosen: list[int] = []
    best = np.ones(len(worth))
    for _ in range(min(size, worth.shape[1])):
        means = np.minimum(worth, best[:, None]).mean(axis=0)
        means[chosen] = math.inf
        chosen.append(int(np.argmin(means)))
        best = np.minimum(best, worth[:, chosen[-1]])
    return chosen


def curve(worth: Floats, chosen: Sequence[int]) -> Floats:
    """The mean over tables of the best of the first 1, 2, ... configurations, (len(chosen),)."""
    return np.asarray(np.minimum.accumulate(worth[:, chosen], axis=1).mean(axis=0))


def left_out(worth: Floats, size: int) -> Floats:
    """The same, where each table has a portfolio that was chosen without it."""
    rows = []
    for table in range(len(worth)):
        others = np.delete(worth, table, axis=0)
        rows.append(np.minimum.accumulate(worth[table, greedy(others, size)]))
    return np.asarray(np.mean(rows, axis=0))


def at_random(worth: Floats, size: int) -> Floats:
    """The same of portfolios that are drawn."""
    generator = np.random.default_rng(0)
    several = [
        curve(worth, generator.permutation(worth.shape[1])[:size].tolist())
        for _ in range(N_RANDOM)
    ]
    return np.asarray(np.mean(several, axis=0))


def table_of(runs: Sequence[Recorded], params: Sequence[Params]) -> tuple[list[str], Floats]:
    """The losses (T, N) by table and configuration, means over seeds of their logarithms."""
    names = sorted({one.table for one in runs})
    places = {written(each): n for n, each in enumerate(params)}
    sums, counts = np.zeros((len(names), len(params))), np.zeros((len(names), len(params)))
    for one in runs:
        at = names.index(one.table), places[written(one.params)]
        sums[at] += log_loss(one.loss)
        counts[at] += 1
    return names, np.exp(sums / counts)


def as_toml(portfolios: Mapping[str, Sequence[Params]], how: str) -> str:
    """Portfolios as a file of `search_spaces`, a table for each entry."""
    lines = [*(f"# {line}".rstrip() for line in how.splitlines()), ""]
    for kind, entries in portfolios.items():
        for entry in entries:
            lines.append(f"[[{kind}]]")
            lines += [f"{name} = {_literal(value)}" for name, value in entry.items()]
            lines.append("")
    return "\n".join(lines)


def _literal(value: Any) -> str:
    if isinstance(value, float):
        return f"{float(f'{value:.3g}')!r}"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="of CSV files")
    parser.add_argument("--results", type=Path, required=True, help="file of runs, gone on with")
    parser.add_argument("--space", default="mlp", help="built-in space or TOML file")
    parser.add_argument("--draws", type=int, default=100, help="configurations")
    parser.add_argument("--size", type=int, default=16, help="of a portfolio")
    parser.add_argument("--seeds", type=int, default=1, help="divisions of the rows")
    parser.add_argument("--max-epochs", type=int, default=50)
    parser.add_argument("--tables", help="names, by commas; default: all")
    parser.add_argument("--write", type=Path, help="the portfolios as TOML")
    options = parser.parse_args()
    folder = options.folder.resolve()
    tables = options.tables.split(",") if options.tables else names_in(folder)
    params = draw(search_spaces.load(options.space), options.draws)
    asked = [
        Asked(folder, table, seed, params, options.max_epochs)
        for seed in range(options.seeds)
        for table in tables
    ]
    runs = record(asked, options.results)
    portfolios = {}
    for kind, tasks in KINDS.items():
        own = [one for one in runs if one.task in tasks]
        if not own:
            continue
        names, losses = table_of(own, params)
        worth = worths(losses)
        chosen = greedy(worth, options.size)
        portfolios[kind] = [_of_kind(params[n], tasks) for n in chosen]
        print(f"{kind}, {len(names)} tables: 0 is the best draw of a table, 1 the median one")
        print("  entries   chosen  left out  at random")
        several = (
            curve(worth, chosen),
            left_out(worth, options.size),
            at_random(worth, options.size),
        )
        for n, (of_all, without, drawn) in enumerate(zip(*several, strict=True), 1):
            print(f"  {n:7}  {of_all:7.3f}  {without:8.3f}  {drawn:9.3f}")
    if options.write is not None:
        how = f"Made by benchmarks.portfolio: {options.draws} draws on {len(tables)} tables."
        options.write.write_text(as_toml(portfolios, how))


def _of_kind(params: Params, tasks: Sequence[Task | str]) -> Params:
    """The params that networks of these tasks have."""
    known = search_spaces.hyperparameters.HYPERPARAMETERS
    return {
        name: value
        for name, value in params.items()
        if not known[name].tasks or set(known[name].tasks) & set(tasks)
    }


if __name__ == "__main__":
    main()
