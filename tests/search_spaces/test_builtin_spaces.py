from __future__ import annotations

import optuna
import pytest

from search_spaces import (
    HYPERPARAMETERS,
    FixedParameter,
    FloatParameter,
    IntParameter,
    load,
    names,
)

BUILT_IN = names()


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_parameter_gives_a_reason(name: str) -> None:
    for parameter in load(name).parameters.values():
        assert len(parameter.reason) > 20, parameter.name


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_hundred_drawn_trials_have_possible_values(name: str) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    space = load(name).for_task("binary")
    known = space.hyperparameters
    for _ in range(100):
        for parameter, value in space.suggest(study.ask()).items():
            known[parameter].check(value)


def test_the_mlp_space_has_every_hyperparameter() -> None:
    assert set(load("mlp").parameters) == set(HYPERPARAMETERS)


@pytest.mark.parametrize("name", BUILT_IN)
def test_ranges_lie_within_what_is_useful(name: str) -> None:
    space = load(name)
    for parameter in space.parameters.values():
        if isinstance(parameter, FloatParameter | IntParameter):
            low, high = space.hyperparameters[parameter.name].useful
            assert low <= parameter.low < parameter.high <= high, parameter.name


def test_training_is_searched_alike_in_all_built_in_spaces() -> None:
    mlp, own = load("mlp").parameters, load("own").parameters
    assert all(mlp[name] == parameter for name, parameter in own.items())


def test_every_value_that_the_mlp_space_leaves_out_comes_with_set() -> None:
    space = load("mlp")
    for name, known in HYPERPARAMETERS.items():
        for word in known.words:
            extra = ["schedule=switch_to_sgd"] if name == "switch_fraction" else []
            assert word in space.narrow([f"{name}={word}", *extra]).parameters[name]


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("schedule", {"step", "switch_to_sgd", "coslog", "flat_cosine"}),
        ("initialization", {"zeros", "normal", "data_driven"}),
        ("activation", {"sigmoid", "prelu", "maxout", "mish", "selu"}),
        ("batch_size", {"full"}),
        ("optimizer", set()),
    ],
)
def test_a_word_that_the_mlp_space_leaves_out_is_in_the_reason(
    name: str, left_out: set[str]
) -> None:
    parameter = load("mlp").parameters[name]
    assert {word for word in HYPERPARAMETERS[name].words if word not in parameter} == left_out
    assert all(word in parameter.reason for word in left_out)


def test_momentum_belongs_to_the_optimizers_that_have_it() -> None:
    momentum = load("mlp").parameters["momentum"]
    assert momentum.is_active({"optimizer": "nesterov", "schedule": "constant"})
    assert momentum.is_active({"optimizer": "adam", "schedule": "switch_to_sgd"})
    assert not momentum.is_active({"optimizer": "adam", "schedule": "constant"})


def test_the_fixed_parameters_of_the_mlp_space_are_off() -> None:
    fixed = {
        name: parameter.value
        for name, parameter in load("mlp").parameters.items()
        if isinstance(parameter, FixedParameter)
    }
    assert fixed == {
        "adam_beta2": 0.999, "bias_rate_factor": 1.0, "first_layer_rate_factor": 1.0,
        "embedding_rate_factor": 1.0, "mixing_rate_factor": 1.0,
        "regularization_schedule": "constant",
        "residual": "none", "n_members": 1, "activation_mixing": "none",
        "warmup_fraction": 0.0, "input_dropout": 0.0, "mixup": 0.0, "l1": 0.0,
        "max_norm": "none", "gradient_clip_norm": "none", "weight_averaging": "none",
        "prediction_range": "free", "target_transform": "none", "embedding_size": "auto",
        "n_frequencies": 16, "input_scaling": "none",
        "input_scaling_rate_factor": 1.0,
    }  # fmt: skip
