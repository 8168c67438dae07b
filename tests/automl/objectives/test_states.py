"""States as bytes and plain values: what is given comes back, and nothing is unpickled."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from automl.errors import TrainingError
from automl.objectives.states import packed, unpacked
from storage.artifact_formats import pack_tensors, unpack_tensors


def kept(state: Any) -> Any:
    """What comes back from a file."""
    return unpacked(unpack_tensors(pack_tensors(packed(state, "it"), {}))[0])


@pytest.mark.parametrize(
    "state",
    [
        b"bytes",
        b"",
        {"a": [1, 2.5, (True, None)], 3: "text"},
        {"epoch": np.int64(3), "loss": np.float64(0.5), "is": np.bool_(True)},
    ],
)
def test_what_is_given_comes_back(state: Any) -> None:
    assert kept(state) == state


def test_networks_and_optimizers_come_back() -> None:
    network, other = nn.Linear(2, 3), nn.Linear(2, 3)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    states = kept({"network": network.state_dict(), "optimizer": optimizer.state_dict()})
    other.load_state_dict(states["network"])
    torch.optim.Adam(other.parameters()).load_state_dict(states["optimizer"])
    assert torch.equal(other.weight, network.weight)
    assert kept(OrderedDict(a=1)) == {"a": 1}


@pytest.mark.parametrize("state", [{"a": np.ones(2)}, [object()], {1, 2}, nn.Linear(1, 1)])
def test_what_would_have_to_be_unpickled_is_refused(state: Any) -> None:
    with pytest.raises(TrainingError, match=r"it must be bytes, or .* in it; pickle\.dumps makes"):
        packed(state, "it")
    assert unpacked(packed(pickle.dumps(1), "it")) == pickle.dumps(1)
