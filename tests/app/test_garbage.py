"""When the collector looks, and that it looks again as before once those who grow have grown."""

import gc
from collections.abc import Iterator

import pytest

from app.garbage import growing


@pytest.fixture(autouse=True)
def threshold() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_the_last_one_that_grows_ends_it() -> None:
    first, second = growing(), growing()
    first.__enter__()
    raised = gc.get_threshold()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == raised
    second.__exit__(None, None, None)
    assert gc.get_threshold()[0] < raised[0]


def test_it_ends_where_growing_fails() -> None:
    with growing():
        raised = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), growing():
        raise ZeroDivisionError
    assert gc.get_threshold()[0] < raised[0]
