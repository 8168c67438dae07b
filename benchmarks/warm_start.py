"""What a warm start is worth: the best loss after few trials, with an earlier study and without.

    python -m benchmarks.warm_start --pair EARLIER NEW [--pair ...] [--seeds 3] [--trials 20]

EARLIER and NEW are FILE:TARGET or sklearn:NAME; where both are the same, NEW is another division
of its rows. Of each pair one search of `--earlier` trials, then for each seed two of `--trials` on
the new data: one from nothing, one that starts from the first. Ratios of best validation losses
below 1 speak for the warm start. Trials are counted, so that a busy machine does not matter.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from scipy.stats import t as student

from automl.api import search
from storage.records import StudyRecords


@dataclass(frozen=True, slots=True)
class Outcome:
    """Best validation losses of one pair and seed."""

    earlier: str
    new: str
    seed: int
    without: float
    warm: float

    @property
    def ratio(self) -> float:
        """Warm over without: below 1, the warm start found better."""
        return self.warm / self.without


def searched(data: str, n_trials: int, storage: str, **options: object) -> StudyRecords:
    """A search of so many trials, scored against nothing."""
    source, target = data, None
    if not data.startswith("sklearn:"):
        source, _, target = data.rpartition(":")
    result = search(
        source,
        target=target,
        n_trials=n_trials,
        storage=storage,
        folds=1,
        references=False,
        **options,  # type: ignore[arg-type]
    )
    return result.records


def outcomes(earlier: str, new: str, n_seeds: int, n_earlier: int, n_trials: int) -> list[Outcome]:
    """The searches of one pair."""
    with tempfile.TemporaryDirectory() as folder:
        storage = f"sqlite:///{folder}/automl.db"
        split_seed = int(earlier == new)
        before = searched(earlier, n_earlier, storage, study="before")
        found = []
        for seed in range(n_seeds):
            ends = [
                searched(
                    new,
                    n_trials,
                    storage,
                    study=f"{seed}-{len(start)}",
                    seed=seed + 1,
                    split_seed=split_seed,
                    warm_start=start,
                ).best_trial
                for start in ((), (before,))
            ]
            without, warm = (math.inf if end is None else end.value or 0.0 for end in ends)
            found.append(Outcome(earlier, new, seed + 1, without, warm))
            print(f"{earlier} -> {new}, seed {seed + 1}: {without:.4f} without, {warm:.4f} warm")
        return found


def interval(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Geometric mean, and its 95 % interval by Student's t."""
    logarithms = [math.log(ratio) for ratio in ratios]
    mean, n = statistics.fmean(logarithms), len(logarithms)
    reach = 0.0
    if n > 1:
        reach = float(student.ppf(0.975, n - 1)) * statistics.stdev(logarithms) / math.sqrt(n)
    return math.exp(mean), math.exp(mean - reach), math.exp(mean + reach)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", nargs=2, action="append", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--earlier", type=int, default=60)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = [
        outcome
        for earlier, new in chosen.pair
        for outcome in outcomes(earlier, new, chosen.seeds, chosen.earlier, chosen.trials)
    ]
    mean, low, high = interval([one.ratio for one in found])
    print(f"warm over without: {mean:.3f} ({low:.3f} to {high:.3f}), {len(found)} searches each")
    if chosen.json:
        print(json.dumps({"searches": [asdict(one) for one in found], "ratio": [mean, low, high]}))


if __name__ == "__main__":
    main()
