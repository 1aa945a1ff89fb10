"""Pareto fronts against brute force; shares of variance and correlations that can be reckoned by hand."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from neurosim.studies.front import pareto_front
from neurosim.studies.sensitivity import BETWEEN, MAIN_EFFECT, RANK, sensitivity

Number = st.integers(-3, 3).map(float) | st.floats(-1e9, 1e9) | st.just(float("nan"))


def beats(one: tuple[float, ...], other: tuple[float, ...], maximise: list[bool]) -> bool:
    pairs = [(a, b) if more else (b, a) for a, b, more in zip(one, other, maximise, strict=True)]
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(1, 4))
def test_a_front_is_who_nobody_beats(data: st.DataObject, n: int) -> None:
    points = data.draw(st.lists(st.tuples(*[Number] * n), max_size=25))
    maximise = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    known = [not any(np.isnan(p)) for p in points]
    wanted = [k and not any(beats(q, p, maximise) for q in points) for p, k in zip(points, known, strict=True)]
    assert pareto_front(np.array(points).reshape(-1, n), maximise).tolist() == wanted


def test_equal_points_are_on_the_front_together() -> None:
    assert pareto_front([[1, 2], [1, 2], [2, 2]], [False, False]).tolist() == [True, True, False]


def test_shares_of_an_additive_grid_add_up_to_one_and_a_product_leaves_interaction() -> None:
    grid = [{"a": a, "b": b} for a, b in itertools.product([0, 1, 2], ["x", "y"])]
    value = {"x": 0.0, "y": 3.0}
    table = np.array([[p["a"] + value[p["b"]], (p["a"] - 1) * (value[p["b"]] - 1.5)] for p in grid])
    found = {(e.objective, e.axis): e for e in sensitivity(grid, table, ["sum", "product"])}
    assert {e.method for e in found.values()} == {MAIN_EFFECT}
    assert found["sum", "a"].size == pytest.approx((2 / 3) / (2 / 3 + 9 / 4))
    assert found["sum", "a"].size + found["sum", "b"].size == pytest.approx(1)
    assert found["product", "a"].size == pytest.approx(0)
    assert [e.axis for e in sensitivity(grid, table, ["sum", "product"])][:2] == ["b", "a"]


def test_correlations_are_of_ranks_and_other_values_have_shares() -> None:
    rng = np.random.default_rng(0)
    points = [{"up": float(x), "kind": "ab"[i % 2], "still": 1} for i, x in enumerate(rng.random(20))]
    table = np.array([[np.exp(9 * p["up"]), -p["up"] if p["kind"] == "a" else 5] for p in points])
    found = {(e.objective, e.axis): e for e in sensitivity(points, table, ["one", "other"])}
    assert (found["one", "up"].size, found["one", "up"].method) == (pytest.approx(1), RANK)
    assert found["other", "kind"].method == BETWEEN
    assert found["other", "kind"].size > 0.9
    assert found["one", "still"].size is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=30))
def test_ranks_with_ties_are_those_of_scipy(pairs: list[tuple[int, int]]) -> None:
    from scipy.stats import spearmanr

    x, y = zip(*pairs, strict=True)
    points = [{"x": a, "i": i} for i, a in enumerate(x)]
    found = {e.axis: e for e in sensitivity(points, np.array(y, float)[:, None], ["y"])}["x"]
    if found.size is not None and found.method == RANK:
        assert found.size == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)
