"""A run's network, of families that nothing is known of."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from automl.errors import TrainingError
from automl.training.network import Network, errors_in_one_line, load_weights, read_rows
from automl.training.place import Place
from automl.training.rows import Rows
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.toy_family import TOY_FAMILY
from tests.contracts.trainer_contract import tiny_run, toy_run

DATASET = tiny_dataset()


def built(**values: object) -> tuple[Network, Rows]:
    run, fold = toy_run(**values), DATASET.folds[0]
    rows = read_rows(run, fold.valid, fold.encoding, Place())
    return Network.built(run, DATASET.describe(), rows, Place()), rows


def test_first_weights_are_a_function_of_the_runs_seed() -> None:
    before = torch.get_rng_state()
    states = [built(seed=seed)[0].module.state_dict() for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), before)
    first, again, other = (state["body.0.weight"] for state in states)
    assert first.shape == (12, 5), "the lazy one has found its size"
    assert torch.equal(first, again) and not torch.equal(first, other)


def returning(outputs: object, n_outputs: int = 3) -> Network:
    module = nn.Identity()
    module.forward = lambda *_: outputs  # type: ignore[method-assign,assignment]
    return Network(TOY_FAMILY, module, n_outputs, Place())


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        (torch.zeros(32, 5), r"3 outputs per row, \(32, 3\) for these 32 rows, but .* \(32, 5\)"),
        (torch.zeros(3, 32), r"but returned \(3, 32\)"),
        (torch.zeros(32), r"but returned \(32,\)"),
        ((torch.zeros(32, 3), None), "must return a tensor, but returned tuple"),
        (None, "a network must return a tensor, but has returned nothing"),
        (torch.zeros(32, 3, dtype=torch.complex64), "floating point numbers, .* torch.complex64"),
        (torch.zeros(32, 3, dtype=torch.long), "floating point numbers, but returned torch.int64"),
    ],
)
def test_what_does_not_fit_is_told(outputs: object, said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        returning(outputs).evaluated(Rows((torch.zeros(32, 5),), torch.zeros(32)))


def test_one_output_per_row_may_be_flat_and_half_precision_is_widened() -> None:
    rows = Rows((torch.zeros(32, 5),), torch.zeros(32))
    flat = returning(torch.zeros(32, dtype=torch.float16), n_outputs=1).evaluated(rows)
    assert flat.shape == (32, 1) and flat.dtype == torch.float32


@pytest.mark.parametrize(
    ("shape", "batch_size", "expected"),
    [((8, 8), 16, 1024), ((3, 32, 32), 16, 32), ((3, 32, 32), 256, 512), ((5,), 16, 2048),
     ((3, 224, 224), None, 2048)],
)  # fmt: skip
def test_an_unknown_network_is_called_with_two_batches_or_little(
    shape: tuple[int, ...], batch_size: int | None, expected: int
) -> None:
    rows = Rows((torch.zeros(2, *shape),), torch.zeros(2))
    run = toy_run(batch_size=batch_size, kind="convolution")
    assert Network.built(run, DATASET.describe(), rows, Place()).rows_at_once == expected


def test_many_rows_are_evaluated_in_chunks_with_the_same_result() -> None:
    network, rows = built()
    many = rows[torch.arange(30).repeat(100)]
    alone = network.evaluated(rows)
    torch.testing.assert_close(network.evaluated(many), alone.repeat(100, 1))


class WritesIntoItsInputs(nn.Module):
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs.mul_(2)[:, :3] * torch.rand(3)


def test_evaluation_harms_no_row_and_is_the_same_each_time() -> None:
    rows = Rows((torch.ones(9, 5),), torch.zeros(9))
    network = Network(TOY_FAMILY, WritesIntoItsInputs(), 3, Place())
    assert torch.equal(network.evaluated(rows), network.evaluated(rows))
    assert (rows.arguments[0] == 1).all()


def test_outputs_that_nothing_can_be_trained_by_are_told() -> None:
    network, rows = built()
    assert network.trainable_outputs(network.module, rows).requires_grad
    with pytest.raises(TrainingError, match=r"must depend on its trainable parameters.*detach"):
        network.trainable_outputs(lambda *inputs: network.module(*inputs).detach(), rows)


def test_weights_of_another_network_are_told() -> None:
    with pytest.raises(TrainingError, match=r"must be those of the network .*: size mismatch for"):
        load_weights(nn.Linear(2, 1), nn.Linear(3, 1).state_dict())
    with pytest.raises(TrainingError, match=r"but: Missing key\(s\) in state_dict: \"bias\""):
        load_weights(nn.Linear(2, 1), {"weight": torch.zeros(1, 2)})


def test_errors_of_networks_that_are_not_ours_are_one_line() -> None:
    words = r"^the network of trial \d raised KeyError: 'ch' \(test_network.py, line "
    with pytest.raises(TrainingError, match=words), errors_in_one_line(toy_run()):
        raise KeyError("ch")
    with pytest.raises(KeyError), errors_in_one_line(tiny_run()):
        raise KeyError("ch")


def test_an_error_notes_what_the_network_was_called_with() -> None:
    network = returning(None)
    network.module.forward = lambda x: x @ torch.zeros(7)  # type: ignore[method-assign]
    with pytest.raises(RuntimeError) as raised:
        network.evaluated(Rows((torch.zeros(32, 5),), torch.zeros(32)))
    assert raised.value.__notes__ == ["it was called with float32 (32, 5)"]
