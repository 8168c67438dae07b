"""What one search policy is worth beside another on real tables, at equal time or equal work.

    python -m benchmarks.sampling [FOLDER] [--policies freeze_thaw,optuna] [--tables NAME,...]
        [--seconds 60 | --epochs N] [--seeds 3] [--workers N] [--results FILE.jsonl] [--json]

The tables are CSV files in FOLDER, the last column being the target (else NAME:TARGET), or
scikit-learn's own. For each table and seed the command searches once by each policy, in turns:
A then B, next time B then A, so that a noisy machine hurts both. A person's defaults hold but for
--folds 1 and --no-references (`sampling_search.py`). Two workers search for so many seconds of
the whole command; with --epochs one searches for so many epochs in all, and what comes out does
not depend on the machine's load. Told is the lowest validation loss of any epoch of any trial:

* of the first policy over the second, as a geometric mean with its 95 % interval. The unit is a
  table (the mean logarithm over its seeds), the interval Student's t. A loss of 0 counts as the
  least that can be told from it (`loss_ratios.py`).
* when either has what the other has at the end, in the median over pairs. A search that never
  has it counts as above the limit.

Searches are appended to the file of --results, and those that it has are not run again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.loss_ratios import Ratio, log_ratio, mean_ratio
from benchmarks.sampling_search import Data, Effort, Outcome, search

SKLEARN = ("digits", "breast_cancer", "diabetes", "wine", "iris")


@dataclass(frozen=True, slots=True)
class Pair:
    """One table and seed, searched by the first policy and by the second."""

    first: Outcome
    second: Outcome

    @property
    def log_ratio(self) -> float:
        """Logarithm of the first's loss over the second's: below 0, the first found better."""
        return log_ratio(self.first.loss, self.second.loss)


def ratio_over_tables(pairs: Iterable[Pair]) -> Ratio:
    """Of the first policy's loss over the second's; of one table the interval is unbounded."""
    logs: dict[str, list[float]] = {}
    for pair in pairs:
        logs.setdefault(pair.first.table, []).append(pair.log_ratio)
    return mean_ratio([statistics.fmean(each) for each in logs.values()])


def reached(pairs: Iterable[Pair]) -> tuple[list[float], list[float]]:
    """When the first has what the second has at the end, and the other way round; or never."""
    found = [(p.first.when(p.second.loss), p.second.when(p.first.loss)) for p in pairs]
    return [first for first, _ in found], [second for _, second in found]


def schedule(
    tables: Sequence[Data], policies: Sequence[str], n_seeds: int
) -> list[tuple[Data, str, int]]:
    """Table, policy and seed of each search, in turns; all tables with a seed before the next."""
    jobs = []
    for seed, (place, data) in itertools.product(range(n_seeds), enumerate(tables)):
        order = policies if (seed + place) % 2 == 0 else policies[::-1]
        jobs += [(data, policy, seed) for policy in order]
    return jobs


def read_results(path: Path | None) -> list[Outcome]:
    """The searches that an earlier call has finished."""
    if path is None or not path.exists():
        return []
    return [Outcome.of(json.loads(line)) for line in path.read_text().splitlines()]


def run(
    jobs: Sequence[tuple[Data, str, int]], effort: Effort, results: Path | None
) -> list[Outcome]:
    """Search; what a file has already is taken from there."""
    known = {one.key: one for one in read_results(results)}
    outcomes = []
    for data, policy, seed in jobs:
        key = data.name, policy, seed, str(effort)
        if key not in known:
            known[key] = search(data, policy, seed, effort)
            if results is not None:
                with results.open("a") as file:
                    file.write(json.dumps(asdict(known[key])) + "\n")
        outcomes.append(known[key])
    return outcomes


def pairs_of(outcomes: Iterable[Outcome], policies: Sequence[str]) -> list[Pair]:
    """Searches of the same table and seed; those without a loss are left out, and said."""
    by_key = {(one.table, one.seed, one.policy): one for one in outcomes}
    pairs = []
    for table, seed in dict.fromkeys((table, seed) for table, seed, _ in by_key):
        pair = Pair(*(by_key[table, seed, policy] for policy in policies))
        if pair.first.has_loss and pair.second.has_loss:
            pairs.append(pair)
        else:
            print(f"{table}, seed {seed}: no loss, left out", file=sys.stderr)
    return pairs


def summary(pairs: Sequence[Pair]) -> dict[str, float | None]:
    """The numbers that are told; None where an interval has no end, or a median no number."""
    ratio, (first, second) = ratio_over_tables(pairs), reached(pairs)
    medians = (statistics.median(first), statistics.median(second))
    return {
        "n_tables": len({pair.first.table for pair in pairs}),
        "n_pairs": len(pairs),
        "ratio": ratio.mean,
        "low": ratio.low,
        "high": ratio.high if math.isfinite(ratio.high) else None,
        "first_reaches": medians[0] if math.isfinite(medians[0]) else None,
        "first_reached": sum(map(math.isfinite, first)),
        "second_reaches": medians[1] if math.isfinite(medians[1]) else None,
        "second_reached": sum(map(math.isfinite, second)),
    }


def print_pairs(pairs: Sequence[Pair], effort: Effort) -> None:
    """One line a pair."""
    for pair in pairs:
        print(f"{pair.first.table}, seed {pair.first.seed}: {math.exp(pair.log_ratio):.3f}")
        for own, other in ((pair.first, pair.second), (pair.second, pair.first)):
            at = own.when(other.loss)
            when = f"after {at:.0f} {effort.unit}" if math.isfinite(at) else "never"
            print(
                f"  {own.policy:>12} {own.loss:9.5f}  {own.n_trials:5} trials, "
                f"{own.n_complete:4} complete, {own.n_epochs:6} epochs, {own.seconds:5.1f} s; "
                f"the other's loss {when}"
            )


def print_summary(
    numbers: Mapping[str, float | None], policies: Sequence[str], effort: Effort
) -> None:
    """What comes out."""
    high = "any" if numbers["high"] is None else f"{numbers['high']:.3f}"
    print(
        f"\n{policies[0]} over {policies[1]}, {effort}, {numbers['n_tables']} tables, "
        f"{numbers['n_pairs']} pairs: loss {numbers['ratio']:.3f} times "
        f"({numbers['low']:.3f} to {high})"
    )
    for own, other, key in ((*policies, "first"), (*policies[::-1], "second")):
        at = numbers[f"{key}_reaches"]
        when = f"more than {effort.limit:g}" if at is None else f"{at:.1f}"
        print(
            f"{own} has what {other} has at the end after {when} {effort.unit} in the median; "
            f"{numbers[f'{key}_reached']} of {numbers['n_pairs']} ever have it"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="of CSV files; else sklearn's own")
    parser.add_argument("--policies", default="freeze_thaw,optuna", help="two, by a comma")
    parser.add_argument("--tables", help="names, by commas, or NAME:TARGET; default: all")
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--seconds", type=float, default=60.0, help="of the whole command")
    limit.add_argument("--epochs", type=int, help="of all trials, in the place of seconds")
    parser.add_argument("--workers", type=int, help="default: 2, or 1 for a number of epochs")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--results", type=Path, help="file of searches, which is gone on with")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    policies = options.policies.split(",")
    if len(policies) != 2:
        parser.error(f"--policies takes two names, as freeze_thaw,optuna, but got {policies}")
    n_workers = options.workers or (1 if options.epochs else 2)
    effort = Effort(options.epochs or options.seconds, bool(options.epochs), n_workers)
    tables = [Data(None, name) for name in SKLEARN]
    if options.folder is not None:
        tables = [Data(path) for path in sorted(options.folder.resolve().glob("*.csv*"))]
    if options.tables is not None:
        by_name = {one.name: one for one in tables}
        asked = [text.partition(":") for text in options.tables.split(",")]
        if unknown := [name for name, _, _ in asked if name not in by_name]:
            parser.error(f"--tables are some of {', '.join(by_name)}, but got {unknown}")
        tables = [by_name[name].with_target(target) for name, _, target in asked]
    outcomes = run(schedule(tables, policies, options.seeds), effort, options.results)
    pairs = pairs_of(outcomes, policies)
    if not pairs:
        parser.error("no table was searched by both policies: nothing can be compared")
    if options.json:
        print(json.dumps(summary(pairs)))
        return
    print_pairs(pairs, effort)
    print_summary(summary(pairs), policies, effort)


if __name__ == "__main__":
    main()
