import math

from automl.report import style


def test_text_from_data_is_escaped_and_cut():
    assert style.text("<b>a</b> & b") == "&lt;b&gt;a&lt;/b&gt; &amp; b"
    assert style.text("x" * 100) == "x" * 37 + "..."


def test_losses_over_orders_of_magnitude_get_a_logarithmic_axis():
    assert style.loss_axis([0.01, 0.1, 2.0])["type"] == "log"
    assert style.loss_axis([0.5, 0.6, 0.9])["type"] == "linear"
    assert style.loss_axis([-0.5, 0.6, 90])["type"] == "linear"


def test_one_diverged_trial_does_not_flatten_the_others():
    low, high = style.loss_axis([*[0.5 + i / 100 for i in range(50)], 1e6])["range"]
    assert low < 0.5 and high < 4
    assert style.loss_axis([math.inf, math.nan]) == {}


def test_palettes_have_a_colour_and_a_symbol_for_every_outcome():
    assert len(set(style.OUTCOME_COLOURS.values())) == 6
    assert len(set(style.OUTCOME_SYMBOLS.values())) == 6
    assert len(set(style.CYCLE)) == 6
    assert style.outcome_marker("pruned")["symbol"] == "x-thin"


def test_light_and_dark_differ_in_ink_only():
    light, dark = style.LIGHT.to_plotly_json(), style.DARK.to_plotly_json()
    assert light["layout"]["font"]["color"] != dark["layout"]["font"]["color"]
    assert light["layout"]["font"]["size"] == dark["layout"]["font"]["size"]
