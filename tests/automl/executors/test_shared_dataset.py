from __future__ import annotations

import mmap
import os
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.executors.shared_dataset import ALIGNMENT, SharedDataset
from tests.contracts.linear_trainer import tiny_dataset


@pytest.fixture
def dataset() -> Dataset:
    return tiny_dataset()


@pytest.fixture
def shared(dataset):
    shared = SharedDataset.of(dataset)
    yield shared
    shared.close()


def tensors_of(dataset: Dataset) -> list[Tensor]:
    splits = [getattr(dataset.folds[0], name) for name in ("train", "valid", "test")]
    found = [split.targets for split in splits]
    for split in splits:
        found += [split.inputs.numeric, split.inputs.quantile, split.inputs.categories]
    return found


def test_what_is_opened_is_what_was_shared(dataset, shared):
    opened = shared.open()
    assert (opened.task, opened.loss, opened.n_classes) == ("multiclass", "cross_entropy", 2)
    for tensor, original in zip(tensors_of(opened), tensors_of(dataset), strict=True):
        assert tensor.dtype == original.dtype
        assert torch.equal(tensor, original)


def test_tensors_that_are_not_contiguous_keep_their_values(dataset):
    fold = dataset.folds[0]
    wide = torch.arange(8.0).reshape(2, 4)
    odd = replace(
        fold, train=replace(fold.train, inputs=replace(fold.train.inputs, numeric=wide.T))
    )
    shared = SharedDataset.of(replace(dataset, folds=(odd,)))
    assert torch.equal(shared.open().folds[0].train.inputs.numeric, wide.T)
    shared.close()


def test_a_tensor_that_many_folds_share_is_kept_once(dataset, shared):
    twice = SharedDataset.of(replace(dataset, folds=dataset.folds * 5))
    assert twice.n_bytes == shared.n_bytes
    twice.close()


def test_all_openings_read_the_same_memory_without_copies(shared):
    """What is written to the file is seen in both, as nothing was copied out of it."""
    first, second = (
        shared.open().folds[0].train.inputs.numeric,
        shared.open().folds[0].train.inputs.numeric,
    )
    with mmap.mmap(shared.descriptor, shared.n_bytes) as memory:
        memory[:4] = torch.tensor([123.0]).numpy().tobytes()
    assert 123.0 in first
    assert torch.equal(first, second)


def test_a_stray_write_stays_in_its_process(dataset, shared):
    spoiled = shared.open().folds[0].train.inputs.numeric
    spoiled.zero_()
    assert torch.equal(
        shared.open().folds[0].train.inputs.numeric, dataset.folds[0].train.inputs.numeric
    )


def test_a_data_set_outlives_the_descriptor(dataset):
    shared = SharedDataset.of(dataset)
    opened = shared.open()
    shared.close()
    assert torch.equal(opened.folds[0].train.inputs.numeric, dataset.folds[0].train.inputs.numeric)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(shared.descriptor)


def test_tensors_begin_where_vector_loads_are_fast(shared):
    assert all(
        tensor.data_ptr() % ALIGNMENT == 0
        for tensor in tensors_of(shared.open())
        if tensor.numel()
    )
