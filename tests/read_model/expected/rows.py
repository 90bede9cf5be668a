"""What an expectation gives: the rows of a view, by key."""

from collections.abc import Callable, Mapping
from typing import Any

from app.kernel.view import Key
from tests.read_model.world.records import Shop

Rows = Mapping[Key, Any]

Expectation = Callable[[Shop], Rows]
