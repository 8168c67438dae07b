"""Which configurations a search should try first: chosen greedily from real runs on many tables.

    python -m benchmarks.portfolio FOLDER --results FILE.jsonl [--space FILE.toml] [--draws 48]
        [--near 48] [--size 16] [--tables NAME,...] [--seeds 1] [--max-epochs 50]
        [--write FILE.toml]

Configurations are drawn at random from a space (default: `portfolio_space.toml`, around what is
known to do well), the same on every table, and trained to their ends (`recorded_runs.py`). What
one is worth on a table is where its loss lies between that of the best configuration there, 0,
and the median's, 1, on a logarithmic scale; above 1 it counts as 1. The first of a portfolio has
the lowest mean over tables; each next one lowers the mean of the best of all so far the most (as
auto-sklearn 2.0 does: Feurer et al. 2022, arXiv 2007.04074). Tables of classes and of quantities
have portfolios of their own. With `--near`, as many more are drawn near the entries of a first
one.

Told is the mean after each entry, beside that of as many random draws; and, with each table left
out of the choice, the mean on the tables that were left out: what a new table may expect. With
`--near` that is a little too good, since the first portfolio has seen all tables.
"""

from __future__ import annotations

import argparse
import math
import textwrap
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
from search_spaces import FixedParameter, SearchSpace
from search_spaces.mapping import mapped
from storage.records import Task

Floats = NDArray[np.float64]

SPACE = Path(__file__).with_name("portfolio_space.toml")

KINDS: Mapping[str, Sequence[Task]] = {
    "classification": ("binary", "multiclass"),
    "regression": ("regression",),
}
N_RANDOM = 200  # random portfolios, whose mean is told

SHARE_NEW = 0.3
"""Of the parameters of a neighbour: so many are not those of the entry that it is near."""


def draw(space: SearchSpace, n: int, seed: int = 0) -> list[Params]:
    """So many configurations of a space, all params of each."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    return [space.complete(space.suggest(study.ask())) for _ in range(n)]


def neighbours(entries: Sequence[Params], space: SearchSpace, n: int) -> list[Params]:
    """So many configurations, each an entry with a part of its params from a fresh draw."""
    generator = np.random.default_rng(0)
    found: dict[str, Params] = {}
    for number, fresh in enumerate(draw(space, 2 * n, seed=1)):
        entry = entries[number % len(entries)]
        new = {name for name in fresh if generator.random() < SHARE_NEW}
        mixed = {**fresh, **{name: entry[name] for name in entry.keys() - new}}
        params = mapped(mixed, space).params
        if params not in entries:
            found[written(params)] = params
    return list(found.values())[:n]


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

    Where none of the others is worth more on any table, the choice begins again among them: so the
    second best of each table are there too, for a table that is like none of these.

    Shape:
        worth: (T, N).
    """
    chosen: list[int] = []
    best = np.ones(len(worth))
    for _ in range(min(size, worth.shape[1])):
        means = np.minimum(worth, best[:, None]).mean(axis=0)
        means[chosen] = math.inf
        if means.min() >= best.mean():
            best = np.ones(len(worth))
            means = worth.mean(axis=0)
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
    parser.add_argument("--space", default=str(SPACE), help="built-in space or TOML file")
    parser.add_argument("--draws", type=int, default=48, help="configurations")
    parser.add_argument("--near", type=int, default=0, help="further ones, near the best")
    parser.add_argument("--size", type=int, default=16, help="of a portfolio")
    parser.add_argument("--seeds", type=int, default=1, help="divisions of the rows")
    parser.add_argument("--max-epochs", type=int, default=50)
    parser.add_argument("--tables", help="names, by commas; default: all")
    parser.add_argument("--write", type=Path, help="the portfolios as TOML")
    options = parser.parse_args()
    folder = options.folder.resolve()
    tables = options.tables.split(",") if options.tables else names_in(folder)
    space = search_spaces.load(options.space)

    def recorded(names: Sequence[str], params: Sequence[Params]) -> list[Recorded]:
        return record(
            [
                Asked(folder, name, seed, params, options.max_epochs)
                for seed in range(options.seeds)
                for name in names
            ],
            options.results,
        )

    drawn = draw(space, options.draws)
    runs = recorded(tables, drawn)
    portfolios = {}
    for kind, tasks in KINDS.items():
        own, params = [one for one in runs if one.task in tasks], drawn
        if own and options.near:
            names, losses = table_of(own, params)
            first = [params[n] for n in greedy(worths(losses), options.size)]
            more = neighbours(first, space, options.near)
            own += recorded([each for each in tables if each.partition(":")[0] in names], more)
            params = [*params, *more]
        if own:
            chosen = tell(kind, own, params, options.size)
            portfolios[kind] = [_searched(params[n], tasks) for n in chosen]
    if options.write is not None:
        how = (
            f"Made by benchmarks.portfolio from {options.draws} draws and {options.near} near the "
            f"best of them, on {len(tables)} tables: {', '.join(sorted(tables))}."
        )
        options.write.write_text(as_toml(portfolios, "\n".join(textwrap.wrap(how, 96))))


def tell(kind: str, runs: Sequence[Recorded], params: Sequence[Params], size: int) -> list[int]:
    """Choose a portfolio of a kind of tables, and print what it is worth."""
    names, losses = table_of(runs, params)
    worth = worths(losses)
    chosen = greedy(worth, size)
    print(f"{kind}, {len(names)} tables: 0 is the best draw of a table, 1 the median one")
    print("  entries   chosen  left out  at random")
    several = curve(worth, chosen), left_out(worth, size), at_random(worth, size)
    for n, (of_all, without, of_drawn) in enumerate(zip(*several, strict=True), 1):
        print(f"  {n:7}  {of_all:7.3f}  {without:8.3f}  {of_drawn:9.3f}")
    return chosen


def _searched(params: Params, tasks: Sequence[Task]) -> Params:
    """The params that the built-in space searches for these tasks, moved into its ranges."""
    space = search_spaces.load("mlp").for_task(tasks[0])
    return {
        name: value
        for name, value in mapped(params, space).params.items()
        if not isinstance(space.parameters[name], FixedParameter)
    }


if __name__ == "__main__":
    main()
