from __future__ import annotations

import pytest
import torch

from automl.executors.numerics import flushes_denormals, training_arithmetic


def test_training_has_one_thread_and_no_denormals():
    with training_arithmetic():
        assert torch.get_num_threads() == 1
        assert flushes_denormals()
        assert torch.tensor([torch.finfo(torch.float32).tiny]).mul(0.5).item() == 0


@pytest.mark.parametrize("flushed", [True, False])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_what_was_set_before_is_put_back_even_after_an_error(flushed, n_threads):
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    torch.set_flush_denormal(flushed)
    try:
        with pytest.raises(ZeroDivisionError), training_arithmetic():
            raise ZeroDivisionError
        assert torch.get_num_threads() == n_threads
        assert flushes_denormals() is flushed
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
