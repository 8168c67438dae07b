from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest
import torch

from automl.executors.executor import RoundResult
from automl.executors.workers.process_messages import (
    GiveBestWeights,
    Given,
    Refused,
    receive,
    send,
)
from automl.executors.workers.worker import Orders, RoundDone
from automl.training.best_epoch import BestEpoch
from automl.training.trainer import Checkpoint, RunBegan
from storage.records import EpochRecord, LayerGradientRecord
from tests.contracts.linear_trainer import tiny_run


@pytest.fixture
def pipe() -> Iterator[tuple[Connection, Connection]]:
    ours, theirs = Pipe()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(
    "message",
    [
        Orders((1, 2), (3,), (tiny_run(4),), 1.5),
        GiveBestWeights(7),
        RoundDone(RoundResult(), (5,)),
        Refused("no"),
    ],
)
def test_messages_arrive_as_they_were_sent(pipe, message):
    send(pipe[0], message)
    assert receive(pipe[1]) == message


def test_the_records_of_a_round_arrive_as_they_were(pipe):
    layer = LayerGradientRecord(0, "hidden 1", 0.1, 2.0, 1e-3, 0.5, 1.0, 0.0, 0.25)
    epoch = EpochRecord(7, 2, 64, 0.5, 0.6, 0.01, 0.2, 0.3, 0.1, 1.5, 0.02, (layer,))
    done = RoundDone(RoundResult((epoch,), (), (RunBegan(7, 12, (layer,)),)), ())
    send(pipe[0], done)
    assert receive(pipe[1]) == done


def test_a_row_of_a_stack_travels_without_the_stack(pipe):
    stack = torch.randn(1000, 50)
    sent = threading.Thread(target=send, args=(pipe[0], Given({"weight": stack[3]})))
    sent.start()
    data = pipe[1].recv_bytes()
    sent.join()
    assert len(data) < 1000


def test_a_checkpoint_arrives_with_its_tensors_writable(pipe):
    weights = {"weight": torch.randn(3, 2), "step": torch.tensor(5.0), "empty": torch.empty(0, 2)}
    send(pipe[0], Given(Checkpoint(tiny_run(1), 2, 6, weights, {}, BestEpoch(1, 1, 0.5), weights)))
    checkpoint = receive(pipe[1]).value
    assert checkpoint.run == tiny_run(1)
    for name, tensor in weights.items():
        assert torch.equal(checkpoint.weights[name], tensor)
        assert checkpoint.weights[name].shape == tensor.shape
    checkpoint.weights["weight"].zero_()


def test_a_closed_connection_says_so(pipe):
    pipe[0].close()
    with pytest.raises(EOFError):
        receive(pipe[1])
