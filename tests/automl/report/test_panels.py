import json

import plotly.graph_objects as go
import pytest

from automl.errors import ConfigError
from automl.report import style
from automl.report.panels import Panel, Place, Remark, alone, omitted, safe_json


def test_no_text_can_end_the_script_element():
    content = {"text": "</script><script>alert(1)</script>\u2028", "n": [1, 2.5]}
    shown = safe_json(content)
    assert "<" not in shown and ">" not in shown and "\u2028" not in shown
    assert json.loads(shown) == content


def test_a_panel_leaves_the_template_to_the_page():
    panel = Panel(Place("search"), "a", "A", "words", style.figure(123).add_scatter(x=[1], y=[2]))
    content = json.loads(panel.json)
    assert "template" not in content["layout"]
    assert content["data"][0]["type"] == "scatter"
    assert panel.height == 123


def test_choices_are_other_traces():
    first, second = style.figure(), go.Scatter(x=[1], y=[2])
    panel = Panel(Place("search"), "a", "A", "words", first, choices={"by x": [second]})
    assert json.loads(panel.json)["choices"]["by x"][0]["x"] == [1]


def test_a_figure_alone_is_that_of_the_first_panel_or_says_why_there_is_none(table):
    drawn, place = style.figure(), Place("search")
    panel, remark = Panel(place, "a", "A", "words", drawn), Remark(place, "b", "B", "All is well.")
    assert alone(lambda _: [panel, remark], "No trial.")(table) is drawn
    with pytest.raises(ConfigError, match="All is well"):
        alone(lambda _: [remark, panel], "No trial.")(table)
    with pytest.raises(ConfigError, match="No trial"):
        alone(lambda _: [], "No trial.")(table)


def test_what_is_left_out_is_said():
    assert omitted(2) == " 2 further trials left out; the best are always drawn."
    assert omitted(0) == ""
