"""The best epoch so far is followed as it is found in the whole curve."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from automl.training.best_epoch import BestEpoch
from storage.records import EpochRecord, best_epoch


def record(epoch: int, valid_loss: float, train_loss: float = 1.0) -> EpochRecord:
    return EpochRecord(1, epoch, epoch, train_loss, valid_loss, 0.1, 0.5, 0.5, 0.1, 1.0, 0.0)


def after(*valid_losses: float) -> BestEpoch:
    best = BestEpoch()
    for epoch, loss in enumerate(valid_losses, start=1):
        best = best.after(record(epoch, loss))
    return best


def test_of_equally_good_epochs_it_is_the_last_since_the_first() -> None:
    assert after(0.5, 0.3, 0.4, 0.3, 0.3, 0.4) == BestEpoch(epoch=5, since=2, valid_loss=0.3)
    assert after(0.5, 0.3, 0.3, 0.2) == BestEpoch(epoch=4, since=4, valid_loss=0.2)


def test_one_that_is_worse_or_not_finite_leaves_it_as_it_is() -> None:
    best = after(0.5)
    for valid_loss in (0.6, math.nan, math.inf, -math.inf):
        assert best.after(record(2, valid_loss)) is best
    assert best.after(record(2, 0.5, train_loss=math.inf)) is best
    nothing = BestEpoch()
    assert nothing.after(record(1, math.inf)) is nothing


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, math.nan, math.inf]), max_size=8))
def test_it_is_the_best_of_the_whole_curve(losses: list[float]) -> None:
    found = best_epoch([record(epoch, loss) for epoch, loss in enumerate(losses, start=1)])
    best = after(*losses)
    if found is None:
        assert best == BestEpoch()
    else:
        assert (best.epoch, best.valid_loss) == (found.epoch, found.valid_loss)
        assert losses.index(best.valid_loss) + 1 == best.since
