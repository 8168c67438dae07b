"""How boosted trees grow: with an effort that a table has, and that knows no clock.

So the same table has the same trees on any machine, beside any load. The effort is counted in
cells: rows x columns that trees look at, and a share for what a tree itself takes.

Beside growth by scikit-learn's defaults with a patience of 20 and 1,000 rounds at most, on 22
tables of 283 to 32,364 train rows: of one quantity or two classes, and of 12,000 rows of five and
26 classes, the trees are the same. On digits, segment, satimage, splice and soybean, which have
`SMALL` trees in a third to a half of the time, the test loss was 0.91, 0.79, 0.92, 1.00 and 0.99
of theirs, all within noise but satimage's gain. They took 0.1 to 1.3 s of one core, diamonds and
adult 2 and 3, soybean 5.6 (five folds, 19 classes), the two of 12,000 rows 5 and 8. Beyond, the
bound is felt: 60,000 rows of five classes, which would grow for 41 s, are given 12, and the loss
is 1.23 times as high, the accuracy 83.1 % instead of 86.5. With a tenth of 20 s, it was 1.05 times
as high on the 12,000 rows of five classes, 1.005 times on adult, and 1.4 times on the 60,000.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl.data.dataset import Dataset, Fold

CELLS_PER_SECOND = 100_000_000
"""Of effort, in the time of one core (AMD EPYC): rows x columns that trees look at, as `Growth`
counts them. On most tables of the 22 it was 60 to 170 million."""

FULL_EFFORT = 15 * CELLS_PER_SECOND
"""In cells, of all folds together. The trees of the 22 tables ended before."""

MOST_ROUNDS = 1000
"""At scikit-learn's learning rate of 0.1 few tables of some 10,000 rows ask for as many."""

LEAST_ROUNDS = 50
"""However large the table: fewer are no reference, whatever they learn in each."""

LEARNED_IN_ALL = 15.0
"""Learning rate x rounds, at least, where the bound leaves few rounds: of 151 rounds (60,000 rows
of five classes) the test loss was 0.53, 0.50 and 0.48 at rates of 0.13, 0.17 and 0.3."""

HIGHEST_RATE = 0.3

MOST_SMALL_ROWS = 5000
"""To train on, of tables of several classes that have `SMALL` trees: of 12,000, letter and one of
five classes, these took as long and had up to 4 % more loss."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How each of the trees grows."""

    rate: float = 0.1  # what is learned in each round
    leaves: int = 31
    columns: float = 1.0  # the share that is looked at for each split
    patience: int = 20  # rounds without a lower validation loss that end the growth


USUAL = Kind()
"""scikit-learn's defaults. With a patience of 10 the test loss of kin8nm was 4 % and that of ames
6 % higher."""

SMALL = Kind(rate=0.15, leaves=10, columns=0.5, patience=10)
"""Of several classes a round has a tree for each, of which the leaves take the time, not the rows,
where these are few. Half of the columns make up for the rate, and more; not so for a quantity,
of which trees are cheap anyway (ames, bike, diamonds: 5 to 6 % more loss)."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How trees grow on the train rows of a fold, and what that takes."""

    kind: Kind
    rounds: int  # at most
    rate: float
    cells_per_round: int

    @classmethod
    def of(cls, dataset: Dataset, rows: Fold, effort: int) -> Growth:
        """Plan the growth.

        Args:
            effort: cells of all folds together.
        """
        n_rows, encoding = len(rows.train), rows.encoding
        n_trees = dataset.n_classes if dataset.task == "multiclass" else 1
        kind = SMALL if n_trees > 1 and n_rows <= MOST_SMALL_ROWS else USUAL
        n_columns = kind.columns * (encoding.n_features + len(encoding.cardinalities))
        # What each column and each leaf take, however few the rows, as if it were cells.
        cells = n_trees * int((n_rows + 1000) * n_columns + 3000 * kind.leaves)
        affordable = effort // len(dataset.folds) // cells
        rounds = min(max(LEAST_ROUNDS, affordable), MOST_ROUNDS)
        rate = min(max(kind.rate, LEARNED_IN_ALL / rounds), HIGHEST_RATE)
        return cls(kind, rounds, rate, cells)


TYPICAL_ROUNDS = 100
"""After which growth ends on most tables; half of the 22 took 45 to 170."""


def expected_seconds(dataset: Dataset, effort: int = FULL_EFFORT) -> float:
    """What the trees of all folds are expected to take of one core."""
    plans = [Growth.of(dataset, fold, effort) for fold in dataset.folds]
    cells = sum(min(plan.rounds, TYPICAL_ROUNDS) * plan.cells_per_round for plan in plans)
    return cells / CELLS_PER_SECOND
