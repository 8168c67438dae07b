"""The figures of `benchmarks/verdicts.py`: outcomes, their shares with intervals, tables."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Outcome:
    """One judged case."""

    family: str
    seed: int
    truth: str
    verdict: str
    contradiction: str | None
    alarms: tuple[str, ...]  # verdicts of severity warning or problem
    quantities: dict[str, float] = field(default_factory=dict)
    advice: str = ""
    improvement: float | None = None  # share of the fresh loss that the first advice took off

    @property
    def is_sick(self) -> bool:
        """Whether the case was made with something wrong."""
        return self.truth not in ("good_fit", "weak_signal")

    @property
    def is_right(self) -> bool:
        """Whether the first verdict is the truth and none contradicts it."""
        return self.verdict == self.truth and self.contradiction is None

    @property
    def is_false_alarm(self) -> bool:
        """Whether anything is said to be wrong with a healthy case."""
        return not self.is_sick and bool(self.alarms)


def summarize(outcomes: Sequence[Outcome], n_redrawn: int) -> dict[str, object]:
    """The figures that the issue names, with 95 % intervals."""
    healthy = [one for one in outcomes if not one.is_sick]
    tried = [one for one in outcomes if one.improvement is not None]
    right = sum(one.is_right for one in outcomes)
    alarms = sum(one.is_false_alarm for one in healthy)
    helped = sum((one.improvement or 0) > 0 for one in tried)
    return {
        "n_cases": len(outcomes),
        "n_sick": len(outcomes) - len(healthy),
        "n_healthy": len(healthy),
        "n_redrawn": n_redrawn,
        "accuracy": right / max(1, len(outcomes)),
        "accuracy_interval": wilson(right, len(outcomes)),
        "false_alarm_rate": alarms / max(1, len(healthy)),
        "false_alarm_interval": wilson(alarms, len(healthy)),
        "n_advice": len(tried),
        "advice_success_rate": helped / max(1, len(tried)),
        "advice_success_interval": wilson(helped, len(tried)),
    }


def wilson(n_hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share. Source: Wilson 1927."""
    if n == 0:
        return 0.0, 1.0
    z, share = 1.96, n_hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return round(max(0.0, centre - half), 4), round(min(1.0, centre + half), 4)


def print_tables(outcomes: Sequence[Outcome], summary: dict[str, object]) -> None:
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for one in outcomes:
        contradicted = one.verdict == one.truth and one.contradiction
        confusion[one.truth][f"{one.truth}, contradicted" if contradicted else one.verdict] += 1
    print(f"{'truth':26s} {'cases':>5s}  right (95 % interval)     first verdicts")
    for truth, verdicts in sorted(confusion.items()):
        n, right = verdicts.total(), verdicts[truth]
        low, high = wilson(right, n)
        others = ", ".join(f"{kind} {k}" for kind, k in verdicts.most_common() if kind != truth)
        print(f"{truth:26s} {n:5d}  {right / n:6.1%} ({low:.1%} to {high:.1%})  {others}")
    for one in outcomes:
        if one.is_false_alarm:
            print(f"false alarm: {one.family}, seed {one.seed}: {', '.join(one.alarms)}")
    tried = [one for one in outcomes if one.improvement is not None]
    if tried:
        print("\nfirst advice followed: share of the fresh loss it took off (median, helped)")
    for kind in sorted({one.truth for one in tried}):
        shares = [one.improvement or 0.0 for one in tried if one.truth == kind]
        helped = sum(share > 0 for share in shares)
        print(f"{kind:26s} {np.median(shares):7.1%}  {helped} of {len(shares)}")
    print()
    for name, value in summary.items():
        print(f"{name}: {value}")


def print_quantities(outcomes: Sequence[Outcome]) -> None:
    """Quantiles of what the thresholds are set on, by truth."""
    names = list(dict.fromkeys(name for one in outcomes for name in one.quantities))
    for name in names:
        print(f"\n{name}: least, 2 %, 10 %, median, 90 %, 98 %, largest")
        for truth in sorted({one.truth for one in outcomes}):
            values = [
                one.quantities[name] for one in outcomes if one.truth == truth and one.quantities
            ]
            finite = [value for value in values if math.isfinite(value)]
            if finite:
                shown = np.quantile(finite, [0, 0.02, 0.1, 0.5, 0.9, 0.98, 1])
                print(f"  {truth:26s} " + " ".join(f"{value:9.3g}" for value in shown))
