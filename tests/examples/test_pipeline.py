from __future__ import annotations

from examples.pipeline import flowers, searched, with_proportions


def test_the_pipeline_searches_on_a_column_of_its_own() -> None:
    x, y = flowers()
    quick = {"n_trials": 2, "max_epochs": 15, "folds": 1, "workers": 1, "references": False}
    pipeline = searched(**quick).fit(x, y)
    assert pipeline.score(x, y) > 0.85
    assert pipeline[-1].feature_names_in_.tolist() == [*x.columns, "proportion"]
    assert pipeline.predict(x[:1]).tolist() == ["setosa"]
    assert with_proportions(x)["proportion"].between(0, 1).all()
