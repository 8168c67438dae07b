"""Members: a network of k is k networks that share weights, and predicts their mean."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.dropout import step_masks
from automl.models.mlp.family import MLP_FAMILY
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.members import mean_prediction
from automl.models.mlp.network import MLP, mlp_for
from automl.models.parameter_roles import incoming_weights, penalized, rate_roles
from automl.stacked.trainer import StackedTrainer
from automl.training.losses import objective
from automl.training.network import Network
from automl.training.place import Place
from automl.training.plain import PlainTrainer
from automl.training.predictions import predict
from automl.training.trainer import Trainer
from storage.records import Task
from tests.contracts.tiny_datasets import TASKS, tiny_dataset
from tests.contracts.trainer_contract import tiny_run

DOUBLE = torch.float64


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=DOUBLE)


def network(**values: object) -> MLP:
    """On three numbers and a column of four categories, with two outputs."""
    model = MLP(MLPConfig(**values), 3, 2, (4,), dtype=DOUBLE)  # type: ignore[arg-type]
    initialize_(model, 1)
    return model


def rows(n_rows: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    return drawn(n_rows, 3), torch.arange(n_rows)[:, None] % 4


def probabilities(outputs: torch.Tensor, task: Task) -> torch.Tensor:
    if task == "regression":
        return outputs
    return outputs.softmax(-1) if task == "multiclass" else outputs.sigmoid()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_mean_prediction_is_that_of_probabilities_or_values(task: Task) -> None:
    outputs = drawn(5, 7, 3 if task == "multiclass" else 1)
    mean = mean_prediction(outputs, task)
    wanted = probabilities(outputs, task).mean(0)
    torch.testing.assert_close(probabilities(mean, task), wanted, rtol=1e-12, atol=0)
    turned = mean_prediction(outputs.mT, task, -2)
    torch.testing.assert_close(turned.mT, mean, rtol=1e-12, atol=1e-15)
    alone = mean_prediction(outputs[:1], task)
    wanted = probabilities(outputs[0], task)
    torch.testing.assert_close(probabilities(alone, task), wanted, rtol=1e-12, atol=0)


def test_members_that_are_certain_of_opposites_are_unsure_together_and_nothing_overflows() -> None:
    logits = torch.tensor([[[500.0]], [[-500.0]]], dtype=DOUBLE)
    assert mean_prediction(logits, "binary").item() == pytest.approx(0, abs=1e-12)
    assert mean_prediction(logits[:1], "binary").item() == pytest.approx(500)
    classes = torch.tensor([[[500.0, 0.0]], [[0.0, 500.0]]], dtype=DOUBLE)
    both = mean_prediction(classes, "multiclass")
    assert both.tolist() == [pytest.approx([-math.log(2)] * 2)]


@pytest.mark.parametrize("normalization", ["none", "layer_norm"])
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_a_network_of_members_is_as_many_networks(normalization: str, task: Task) -> None:
    """Each is written out as a network of one member, its factors in its first weights."""
    values = {"n_layers": 2, "hidden_size": 5, "activation": "tanh"}
    shared = network(n_members=3, normalization=normalization, **values)
    assert shared.members is not None
    shared.members.task = task
    state = shared.state_dict()
    scales = state.pop("members.scale").view(3, -1)
    outputs = []
    for number in range(3):
        alone = network(normalization=normalization, **values)
        own = dict(state)
        own["hidden.0.linear.weight"] = state["hidden.0.linear.weight"] * scales[number]
        own["output.weight"] = state["output.weight"][2 * number : 2 * number + 2]
        own["output.bias"] = drawn(2, seed=number)
        alone.load_state_dict(own)
        outputs.append(alone(*rows()))
    with torch.no_grad():
        shared.output.bias.copy_(torch.cat([drawn(2, seed=number) for number in range(3)]))
    torch.testing.assert_close(shared(*rows()), torch.cat(outputs), rtol=1e-12, atol=1e-14)
    wanted = torch.stack([probabilities(each, task) for each in outputs]).mean(0)
    found = probabilities(shared.eval()(*rows()), task)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)


def test_batch_norm_has_one_mean_over_the_rows_of_all_members() -> None:
    model = network(n_members=3, n_layers=1, normalization="batch_norm", activation="tanh")
    (layer,) = model.layers
    normalized = torch.atanh(layer(model.spread(model.encode(*rows()))).detach())
    assert normalized.shape == (18, 64)
    torch.testing.assert_close(normalized.mean(0), torch.zeros(64, dtype=DOUBLE))
    assert not torch.allclose(normalized[:6].mean(0), torch.zeros(64, dtype=DOUBLE))


def test_dropout_is_drawn_for_each_member_by_itself() -> None:
    config = MLPConfig(n_members=2, n_layers=1, hidden_size=40, dropout=0.5, input_dropout=0.3)
    model = MLP(config, 3, 2, (4,))
    initialize_(model, 1)
    place = (torch.device("cpu"), torch.float32)
    (masks,) = step_masks(config, model.n_inputs, 7, 3, [12], *place)
    assert masks[0] is not None and masks[1] is not None
    assert [len(mask) for mask in masks if mask is not None] == [12, 12]
    assert not torch.equal(masks[1][:6], masks[1][6:])
    (forward,) = MLP_FAMILY.forwards(model, 7, 3, [6])
    inputs, codes = rows()
    wanted = model(inputs.float(), codes, masks)
    assert torch.equal(forward(inputs.float(), codes), wanted)


def test_first_factors_are_signs_and_alike_for_all_inputs_of_a_column() -> None:
    scale = network(n_members=64, embedding_size=3).state_dict()["members.scale"].view(64, 6)
    assert set(scale.unique().tolist()) == {-1.0, 1.0}
    assert (scale[:, 3:] == scale[:, 3:4]).all(), "the embedding of one column"
    columns = scale[:, :4]
    assert (columns.mean(0).abs() < 0.5).all() and len(columns.unique(dim=0)) > 8
    encoding = {"numeric_encoding": "periodic", "encoding_size": 3, "n_members": 500}
    data = tiny_dataset().describe()
    model = mlp_for(MLPConfig(**encoding), data, dtype=DOUBLE)  # type: ignore[arg-type]
    initialize_(model, 1)
    factors = model.state_dict()["members.scale"].view(500, -1)
    of_numbers = factors[:, :12].unflatten(1, (4, 3))
    assert (of_numbers == of_numbers[..., :1]).all()
    assert of_numbers.std() == pytest.approx(1, abs=0.1) and of_numbers.mean().abs() < 0.1


def test_heads_are_drawn_apart_and_the_rest_as_of_one_member() -> None:
    one, many = (network(n_members=k).state_dict() for k in (1, 4))
    heads = many["output.weight"].unflatten(0, (4, 2))
    assert len(heads.flatten(1).unique(dim=0)) == 4
    assert "members.scale" not in one
    for name in one.keys() - {"output.weight", "output.bias"}:
        assert torch.equal(one[name], many[name]), name
    model = network(n_members=400, n_layers=0)
    spread = model.output.weight.std().item()
    assert spread == pytest.approx((2 / model.n_inputs) ** 0.5, rel=0.1), "as one head alone"


def test_factors_have_no_penalties_and_the_rate_of_all_others() -> None:
    model = network(n_members=3)
    assert model.members is not None
    assert all(each is not model.members.scale for each in penalized(model))
    assert any(each is model.output.weight for each in penalized(model))
    assert id(model.members.scale) not in rate_roles(model)
    limited = [weight for weight, _ in incoming_weights(model)]
    assert limited[-1].shape == (6, 64), "max-norm holds for each output of each head"


@pytest.mark.parametrize("loss", TASKS)
def test_the_objective_is_the_mean_of_the_members(loss: str) -> None:
    dataset = tiny_dataset(loss)
    module = MLP_FAMILY.build(MLPConfig(n_members=3), dataset.describe())
    MLP_FAMILY.initialize_(module, 1)
    held = Network(MLP_FAMILY, module, dataset.n_outputs, Place(), n_members=3)
    part = dataset.folds[0].train.inputs[:10]
    targets = dataset.folds[0].train.targets[:10]
    outputs = module.train()(part.numeric, part.categories)
    whole = objective(loss, outputs, held.of_members(targets), 0.1)
    each = [objective(loss, own, targets, 0.1) for own in outputs.chunk(3)]
    torch.testing.assert_close(whole, torch.stack(each).mean())


@pytest.mark.parametrize("make", [PlainTrainer, StackedTrainer])
@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "mean_squared"])
def test_what_is_measured_and_predicted_is_the_mean_of_the_members(
    loss: str, make: type[Trainer]
) -> None:
    dataset = tiny_dataset(loss)
    run = tiny_run(n_members=3, activation="silu")
    trainer = make(dataset, dtype=DOUBLE)  # type: ignore[call-arg]
    trainer.add([run])
    for _ in range(2):
        (record,) = trainer.train_round()
    module = mlp_for(run.model, dataset.describe(), dtype=DOUBLE)
    module.load_state_dict(trainer.checkpoint(1).weights)
    valid = dataset.folds[0].valid
    numbers = valid.inputs.before("standard").double()
    outputs = module.train()(numbers, valid.inputs.categories).detach().unflatten(0, (3, -1))
    mean = probabilities(outputs, dataset.task).mean(0)
    if dataset.task == "regression":
        loss_of_mean = (mean.squeeze(1) - valid.targets).square().mean()
    elif dataset.task == "binary":
        loss_of_mean = functional.binary_cross_entropy(mean.squeeze(1), valid.targets.double())
    else:
        loss_of_mean = functional.nll_loss(mean.log(), valid.targets)
    assert record.valid_loss == pytest.approx(loss_of_mean.item(), rel=1e-6)
    predicted = predict(run, trainer.checkpoint(1).weights, dataset, "valid").double()
    if dataset.task == "regression":
        values = mean.squeeze(1) * 2.5 + 7.0
        torch.testing.assert_close(predicted, values, rtol=1e-5, atol=1e-5)
    else:
        torch.testing.assert_close(predicted[:, -1], mean[:, -1], rtol=1e-4, atol=1e-6)
