"""What each registered view must show, computed from what is written, without a fold and without the view's code.

An expectation is a function of the view's name in the file of its context. It gives the rows by key; of a rollup, rows
that sum to nothing make no difference. For a view with rankings there is another in `places`.
"""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from tests.read_model.expected import catalog, commands, customers, devices, ledger, order_history, orders, places
from tests.read_model.expected.places import Places
from tests.read_model.expected.rows import Expectation, Rows


def _functions(*modules: ModuleType) -> dict[str, Any]:
    return {
        name: each
        for module in modules
        for name, each in vars(module).items()
        if callable(each) and each.__module__ == module.__name__ and not name.startswith("_")
    }


EXPECTATIONS: Mapping[str, Expectation] = _functions(
    catalog, commands, customers, devices, ledger, order_history, orders
)

PLACES: Mapping[str, Callable[[Rows], Places]] = _functions(places)

__all__ = ["EXPECTATIONS", "PLACES", "Expectation", "Places", "Rows"]
