"""The common loop: a DataLoader per trial, torch.optim as it comes, numbers read as they fall.

Written in the style of Optuna's PyTorch example, with the same networks as
`benchmarks.expert_loop`; nothing of this project.
"""

from __future__ import annotations

import copy
import math

import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.expert_loop import (
    Arrays,
    Params,
    build_network,
    learning_rate_at,
    make_optimizer,
)


def train(params: Params, arrays: Arrays, n_epochs: int, seed: int) -> float:
    """Train one trial; returns its best validation loss."""
    torch.manual_seed(seed)
    scaling, size = params["scaling"], params["batch_size"]
    train_rows = TensorDataset(arrays.train_x[scaling], arrays.train_y)
    valid_rows = TensorDataset(arrays.valid_x[scaling], arrays.valid_y)
    n_left = len(train_rows) % size
    train_loader = DataLoader(train_rows, batch_size=size, shuffle=True, drop_last=n_left == 1)
    measured_loader = DataLoader(train_rows, batch_size=size)
    valid_loader = DataLoader(valid_rows, batch_size=size)
    network = build_network(params, arrays.train_x[scaling].shape[1], arrays.n_classes)
    optimizer = make_optimizer(params, list(network.parameters()))
    best_loss, best_weights = math.inf, {}
    for epoch in range(n_epochs):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(params, epoch / n_epochs)
        network.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = functional.cross_entropy(
                network(x), y, label_smoothing=params["label_smoothing"]
            )
            loss.backward()
            optimizer.step()
        train_loss = _mean_loss(network, measured_loader)
        valid_loss = _mean_loss(network, valid_loader)
        if valid_loss < best_loss:
            best_loss, best_weights = valid_loss, copy.deepcopy(network.state_dict())
        if not math.isfinite(train_loss + valid_loss):
            break
    del best_weights
    return best_loss


def _mean_loss(network: torch.nn.Module, loader: DataLoader[tuple[torch.Tensor, ...]]) -> float:
    network.eval()
    total, n_rows = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            total += functional.cross_entropy(network(x), y, reduction="sum").item()
            n_rows += len(y)
    return total / n_rows
