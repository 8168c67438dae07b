"""What a coordinator and its worker processes say to each other, and how it is sent.

    coordinator                                        worker
    Assignment                                 ->      (maps the data set)
                                               <-      Ready, or Refused and it ends
    Orders                                     ->      (carries them out between two rounds)
                                               <-      RoundDone, of every round
    GiveCheckpoint, GiveBestWeights,           ->
    GivePredictions
                                               <-      Given, or Refused

Orders are sent at any time, and rounds told of at any time. A thread of the worker reads what
comes, whatever the worker does, so a coordinator that sends is never kept waiting for it, and
the two cannot block each other; a worker that nobody listens to waits when the connection is
full. What is asked with "Give" is answered between two rounds, and one thing is asked at a time.
There is no goodbye: a worker ends when the connection closes. Messages are pickled, since both
ends are one program: the connection is a pair of sockets without an address, inherited by the
worker, which nobody else can reach.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, fields
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import Any, TypeAlias

import torch
from torch import Tensor

from automl.executors.shared_dataset import SharedDataset
from automl.executors.unnamed_files import SharedBytes
from automl.executors.workers.worker import Orders, Ready, RoundDone
from automl.training.config import RunConfig
from automl.training.predictions import PredictedRows
from automl.training.trainer import Checkpoint
from storage.records import EpochRecord, LayerGradientRecord


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where and on what one worker trains: a `TrainingSetup` whose data are shared."""

    dataset: SharedDataset
    trainer: str
    arithmetic: Mapping[str, bool]
    device: str
    trial_timeout: float | None  # seconds
    memory_limit: int | None  # bytes
    kernels: SharedBytes | None = None  # compiled ones; None: there are none to use
    model: bytes | None = None  # who builds a person's own networks
    is_preflight: bool = True


@dataclass(frozen=True, slots=True)
class GiveCheckpoint:
    """Send the state of an active run."""

    run_id: int


@dataclass(frozen=True, slots=True)
class GiveBestWeights:
    """Send the weights of a run's best epoch."""

    run_id: int


@dataclass(frozen=True, slots=True)
class GivePredictions:
    """Send what a run's network predicts of rows with these weights."""

    run: RunConfig
    weights: Mapping[str, Tensor]
    split: PredictedRows


@dataclass(frozen=True, slots=True)
class Given:
    """What was asked for."""

    value: Checkpoint | Mapping[str, Tensor] | Tensor


@dataclass(frozen=True, slots=True)
class Refused:
    """Why what was asked for cannot be given."""

    message: str


Message: TypeAlias = (
    Assignment
    | Orders
    | GiveCheckpoint
    | GiveBestWeights
    | GivePredictions
    | Ready
    | RoundDone
    | Given
    | Refused
)


_VALUES = {
    kind: attrgetter(*(field.name for field in fields(kind)))
    for kind in (EpochRecord, LayerGradientRecord)
}
"""How the many records of a round are taken apart: four times as fast as dataclasses do it."""


class _MessagePickler(pickle.Pickler):
    """Sends the values of a tensor, not its memory, and a row of a stack without the stack."""

    def reducer_override(self, value: Any) -> Any:
        if values := _VALUES.get(type(value)):
            return type(value), values(value)
        if isinstance(value, Tensor):
            return torch.from_numpy, (value.detach().cpu().numpy(),)
        return NotImplemented


def send(connection: Connection, message: Message) -> None:
    """Send a message."""
    buffer = io.BytesIO()
    _MessagePickler(buffer, protocol=5).dump(message)
    connection.send_bytes(buffer.getbuffer())


def receive(connection: Connection) -> Any:
    """Wait for the next message.

    Raises:
        EOFError, OSError: the other side has ended.
    """
    return pickle.loads(connection.recv_bytes())
