import json

import plotly.graph_objects as go

from automl.report import style
from automl.report.panels import Panel, safe_json


def test_no_text_can_end_the_script_element():
    content = {"text": "</script><script>alert(1)</script>\u2028", "n": [1, 2.5]}
    shown = safe_json(content)
    assert "<" not in shown and ">" not in shown and "\u2028" not in shown
    assert json.loads(shown) == content


def test_a_panel_leaves_the_template_to_the_page():
    panel = Panel("a", "A", "words", style.figure(123).add_scatter(x=[1], y=[2]))
    content = json.loads(panel.json)
    assert "template" not in content["layout"]
    assert content["data"][0]["type"] == "scatter"
    assert panel.height == 123


def test_choices_are_other_traces():
    first, second = style.figure(), go.Scatter(x=[1], y=[2])
    panel = Panel("a", "A", "words", first, choices={"by x": [second]})
    assert json.loads(panel.json)["choices"]["by x"][0]["x"] == [1]
