"""What is counted on the path of requests."""

import pytest

from app.kernel.measures import BOUNDS_S, Histogram, Histograms, Names

LAST = len(BOUNDS_S) - 1


@pytest.mark.parametrize(
    ("seconds", "place"),
    [(0.0, 0), (0.0001, 0), (0.00011, 1), (0.25, BOUNDS_S.index(0.25)), (10.0, LAST), (10.1, LAST + 1)],
)
def test_a_duration_is_counted_up_to_and_with_its_bound(seconds: float, place: int) -> None:
    histogram = Histogram()
    histogram.observe(seconds)
    assert histogram.counts == [int(each == place) for each in range(len(BOUNDS_S) + 1)]
    assert histogram.total_s == seconds


def test_the_same_labels_are_the_same_histogram() -> None:
    histograms = Histograms()
    histograms.of("a", "b").observe(1)
    histograms.of("a", "b").observe(2)
    histograms.of("b", "a").observe(4)
    assert {labels: each.total_s for labels, each in histograms.all.items()} == {("a", "b"): 3, ("b", "a"): 4}


def test_names_have_an_end() -> None:
    names = Names(most=2)
    assert [names.known(name) for name in ("a", "b", "a", "c", "b", "d")] == ["a", "b", "a", "other", "b", "other"]
