"""What a warm start is worth: the best loss after few trials, with an earlier study and without.

    python -m benchmarks.warm_start --pair EARLIER NEW [--pair ...] [--seeds 3] [--trials 20]
    python -m benchmarks.warm_start --pair EARLIER NEW --policy freeze_thaw --epochs 150

EARLIER and NEW are FILE:TARGET or sklearn:NAME; where both are the same, NEW is another division
of its rows. Of each pair one search of `--earlier` trials, then for each seed two of `--trials` on
the new data: one from nothing, one that starts from the first. Ratios of best validation losses
below 1 speak for the warm start; a search without a loss is printed with "inf", and has none. A
loss of 0 counts as the least that can be told from it (`loss_ratios.py`). Trials are counted, or
with --epochs the epochs of all trials of each search, the earlier one included, so that a busy
machine does not matter.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from scipy.stats import t as student

from automl.api import search
from benchmarks.loss_ratios import log_ratio
from storage.records import StudyRecords, TrialRecord


@dataclass(frozen=True, slots=True)
class Outcome:
    """Best validation losses of one pair and seed."""

    earlier: str
    new: str
    seed: int
    without: float
    warm: float

    @property
    def log_ratio(self) -> float:
        """Logarithm of warm over without: below 0, the warm start found better."""
        return log_ratio(self.warm, self.without)

    @property
    def is_comparable(self) -> bool:
        """Whether both searches found a loss."""
        return math.isfinite(self.warm) and math.isfinite(self.without)


@dataclass(frozen=True, slots=True)
class Size:
    """How long the searches are.

    Attributes:
        n_earlier, n_trials: how many trials the earlier and the new ones have.
        n_epochs: of all trials of a search; None: as many as the trials take.
    """

    n_earlier: int
    n_trials: int
    n_epochs: int | None = None

    def of(self, n_trials: int) -> dict[str, int]:
        """The options of one search."""
        return (
            {"n_trials": n_trials}
            if self.n_epochs is None
            else {"max_epochs_total": self.n_epochs}
        )


def searched(data: str, storage: str, **options: object) -> StudyRecords:
    """A search that is scored against nothing."""
    source, target = data, None
    if not data.startswith("sklearn:"):
        source, _, target = data.rpartition(":")
    result = search(
        source,
        target=target,
        storage=storage,
        folds=1,
        references=False,
        **options,  # type: ignore[arg-type]
    )
    return result.records


def outcomes(earlier: str, new: str, n_seeds: int, size: Size, policy: str) -> list[Outcome]:
    """The searches of one pair."""
    with tempfile.TemporaryDirectory() as folder:
        storage = f"sqlite:///{folder}/automl.db"
        split_seed = int(earlier == new)
        before = searched(
            earlier, storage, study="before", policy=policy, **size.of(size.n_earlier)
        )
        found = []
        for seed in range(n_seeds):
            ends = [
                searched(
                    new,
                    storage,
                    policy=policy,
                    study=f"{seed}-{len(start)}",
                    seed=seed + 1,
                    split_seed=split_seed,
                    warm_start=start,
                    **size.of(size.n_trials),
                ).best_trial
                for start in ((), (before,))
            ]
            without, warm = (_value(end) for end in ends)
            found.append(Outcome(earlier, new, seed + 1, without, warm))
            print(f"{earlier} -> {new}, seed {seed + 1}: {without:.4f} without, {warm:.4f} warm")
        return found


def _value(best: TrialRecord | None) -> float:
    return math.inf if best is None or best.value is None else best.value


def interval(logarithms: Sequence[float]) -> tuple[float, float, float]:
    """Geometric mean of ratios, and its 95 % interval by Student's t, from their logarithms."""
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
    parser.add_argument("--policy", default="optuna")
    parser.add_argument("--epochs", type=int, help="of all trials, in place of counting these")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    size = Size(chosen.earlier, chosen.trials, chosen.epochs)
    found = [
        outcome
        for earlier, new in chosen.pair
        for outcome in outcomes(earlier, new, chosen.seeds, size, chosen.policy)
    ]
    compared = [one.log_ratio for one in found if one.is_comparable]
    if not compared:
        sys.exit("nothing is compared: of no pair have both searches found a loss")
    mean, low, high = interval(compared)
    print(
        f"warm over without: {mean:.3f} ({low:.3f} to {high:.3f}), {len(compared)} searches each"
    )
    if chosen.json:
        print(json.dumps({"searches": [asdict(one) for one in found], "ratio": [mean, low, high]}))


if __name__ == "__main__":
    main()
