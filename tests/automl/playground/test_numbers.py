import numpy as np
import pytest

from automl.playground.numbers import (
    _patches,
    button_text,
    finding,
    islands,
    loss_range,
    sentence,
    setting_text,
)
from automl.playground.play import PlayedGrid, PlayedRun, Playground

CELLS = 20


def run(train: list[float], valid: list[float], *, error: float = 0.0, **setting) -> PlayedRun:
    surface = np.zeros((CELLS, CELLS))
    return PlayedRun(setting, np.array(train), np.array(valid), error, 0.25, surface)


def grid(*runs: PlayedRun) -> PlayedGrid:
    names = dict.fromkeys(name for one in runs for name in one.setting)
    choices = {name: tuple(dict.fromkeys(r.setting[name] for r in runs)) for name in names}
    return PlayedGrid(choices, runs)


def played(points: list[tuple[float, float]] = (), targets: list[int] = ()) -> Playground:
    axis = np.arange(CELLS, dtype=float)
    labels = np.array(targets, dtype=int)
    coordinates = np.array(points, dtype=float).reshape(-1, 2)
    known = {0.0: labels, 0.3: labels}
    return Playground("moons", {}, 2, coordinates, known, axis, axis, ())


def said(of: PlayedRun, *others: PlayedRun) -> str:
    return sentence(played(), grid(of, *others), of)


def test_a_loss_that_rises_while_the_train_loss_falls_is_overfitting():
    one = run([0.6, 0.3, 0.1], [0.6, 0.5, 0.9], noise=0.0, activation="relu")
    assert said(one) == (
        "With no noise and relu, the train loss ends at 0.1, the validation loss at 0.9. It "
        "overfits: since epoch 2 the validation loss has risen from 0.5."
    )


def test_a_train_loss_that_rises_too_is_no_overfitting():
    one = run([0.6, 0.1, 0.4], [0.6, 0.1, 0.5], learning_rate=1.0)
    assert said(one).endswith(
        "It jumps about: since epoch 2 the validation loss has risen from 0.1, and the train "
        "loss from 0.1."
    )


def test_steps_too_large_to_stay_are_no_underfitting_and_no_overfitting():
    good = run([0.6, 0.05], [0.6, 0.08], learning_rate=0.01)
    lost = run([0.6, 0.1, 0.2], [0.6, 0.3, 0.3], learning_rate=1.0)
    assert said(lost, good).endswith("It jumps about: the train loss was 0.1 in epoch 2.")
    shaken = run([0.6, 0.3, 0.1, 0.2, 0.05], [0.6, 0.3, 0.1, 0.1, 0.5], learning_rate=0.3)
    assert said(shaken, good).endswith(
        "It jumps about: in the last 3 epochs the train loss goes up by as much as 0.1 from one "
        "to the next."
    )


def test_underfitting_is_told_by_what_another_network_can():
    low = run([0.6, 0.3], [0.6, 0.35], n_layers=1)
    deep = run([0.6, 0.05], [0.6, 0.08], n_layers=2)
    assert "It underfits: even the validation loss can end at 0.08, with 2 hidden layers." in said(
        low, deep
    )
    assert said(deep, low).endswith("It neither underfits nor overfits.")


def test_underfitting_is_told_by_wrong_train_rows_beyond_the_noise():
    one = run([0.66], [0.66], error=0.45, noise=0.3)
    assert "It underfits: 45 % of the train rows are wrong, where 30 % have a wrong label" in said(
        one
    )
    assert "underfits:" not in said(run([0.66], [0.66], error=0.35, noise=0.3))


def test_no_better_than_guessing_is_nothing_learned_also_with_noise():
    assert "It has learned nothing: guessing has a loss of 0.693." in said(
        run([0.69], [0.69], initialization="zeros")
    )
    # With 30 % noise no more than 0.082 can be learned: 0.68 is a part of it.
    assert "learned nothing" not in said(run([0.68], [0.69], noise=0.3))


def test_divergence_is_said_with_its_epoch():
    one = run([0.7, np.inf], [0.7, np.inf], learning_rate=1.0)
    assert said(one) == (
        "With learning_rate 1, it diverges: the loss becomes infinite in epoch 2. Drawn is the "
        "network of its best epoch."
    )


def test_other_regularizations_stand_beside():
    free = run([0.1], [0.9], noise=0.3, regularization="none")
    held = run([0.6], [0.65], noise=0.3, regularization="dropout 0.2")
    clean = run([0.1], [0.2], noise=0.0, regularization="dropout 0.2")
    assert said(free, held, clean).endswith("With dropout 0.2 the validation loss ends at 0.65.")
    assert said(held, free, clean).endswith(
        "Without regularization the validation loss ends at 0.9."
    )


def test_islands_are_small_patches_around_points_of_their_class():
    one = run([0.1], [0.1])
    one.surface[3, 4] = one.surface[3, 5] = 0.9  # holds two points
    one.surface[10, 10] = 0.9  # holds one of the other class
    one.surface[4, 6] = 0.9  # joins the first at a corner
    one.surface[7, 1] = 0.9  # holds one
    one.surface[12:, :] = 0.9  # too large
    points = [(4, 3), (6, 4), (10, 10), (1, 7), (3, 15)]
    assert islands(played(points, [1, 1, 0, 1, 1]), one) == [2, 1]


def test_an_island_is_told_where_the_network_overfits():
    one = run([0.6, 0.1], [0.5, 0.9], noise=0.3)
    one.surface[3, 4] = 0.9
    shown = played([(4, 3)], [1])
    assert "risen from 0.5, and it draws 1 island around a single point." in sentence(
        shown, grid(one), one
    )


def test_winding_patches_are_one():
    mask = np.zeros((CELLS, CELLS), dtype=bool)
    mask[::2] = True  # stripes, joined in turn at both ends: the longest way there is
    mask[1::4, -1] = mask[3::4, 0] = True
    patches = _patches(mask)
    assert len(np.unique(patches[mask])) == 1
    assert len(np.unique(patches[~mask])) == CELLS // 2


def test_the_finding_names_best_stuck_and_diverged():
    values = grid(
        run([0.7, 0.69], [0.7, 0.69], optimizer="sgd"),
        run([0.5, 0.1], [0.5, 0.1], optimizer="adam"),
        run([0.6, np.inf], [0.6, np.inf], optimizer="momentum"),
    )
    assert finding(values) == (
        "In this one start the validation loss ends lowest with optimizer adam: at 0.1, with 25 % "
        "of rows wrong. Nothing is learned with sgd. It diverges with momentum."
    )


def test_the_finding_names_those_that_another_start_may_prefer():
    values = grid(
        run([0.5], [0.119], initialization="he"),
        run([0.5], [0.109], initialization="normal"),
        run([0.5], [0.3], initialization="xavier"),
    )
    assert finding(values).endswith("Another start may put he (0.119) before it.")


def test_all_curves_of_a_grid_share_a_range_that_goes_as_low_as_they():
    assert loss_range(grid(run([0.5], [1e-9]), run([40.0], [np.inf]))) == (1e-9, 3.0)
    assert loss_range(grid(run([np.inf], [np.inf]))) == (0.1, 1.0)
    assert loss_range(grid(run([0.5], [0.2]))) == pytest.approx((0.2, 0.5))


def test_values_read_as_a_person_writes_them():
    assert button_text("learning_rate", 0.0001) == "0.0001"
    assert button_text("batch_size", "full") == "full"
    assert button_text("noise", 0.15) == "15 %"
    setting = {"noise": 0.3, "n_layers": 1, "regularization": "none"}
    assert setting_text(setting, tuple(setting)) == (
        "30 % noise, 1 hidden layer and no regularization"
    )
