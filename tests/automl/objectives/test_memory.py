from __future__ import annotations

import gc

import numpy as np
import pytest

from automl.objectives.memory import LoopMemory
from automl.system.own_memory import resident_memory

N_BYTES = 32 * 2**20
"""Beside which it is little what the process frees or takes for something else meanwhile."""


@pytest.mark.skipif(resident_memory() is None, reason="nobody says it here")
@pytest.mark.parametrize("is_made", [False, True], ids=["in its first epoch", "as it is made"])
def test_a_loop_counts_as_the_mean_of_all_beside_the_first(is_made: bool) -> None:
    gc.collect()  # what earlier tests have left would be freed in the midst of it
    memory, loops = LoopMemory(), []
    for _ in range(10 if is_made else 0):
        loops.append(held())
        memory.note_made()
    memory.note_made()
    for _ in range(10):
        memory.begin_epoch()
        if not is_made:
            loops.append(held())
        memory.end_epoch(len(loops))
        assert len(loops) > 1 or memory.bytes_of_loop is None, "what it brings is not known apart"
    assert memory.bytes_of_loop == pytest.approx(N_BYTES, rel=0.2)
    del loops[::2]
    memory.note_freed()
    memory.end_epoch(5)
    assert memory.bytes_of_loop == pytest.approx(N_BYTES, rel=0.3)


def held() -> np.ndarray:
    return np.ones(N_BYTES // 8)
