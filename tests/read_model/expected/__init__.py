"""What each registered view must show, computed from what is written, without a fold and without the view's code.

An expectation is a function of the view's name in the file of its context. It gives the rows by key; of a rollup, rows
that sum to nothing make no difference.
"""

from collections.abc import Mapping
from types import ModuleType

from tests.read_model.expected import catalog, commands, customers, orders
from tests.read_model.expected.rows import Expectation, Rows

_CONTEXTS: tuple[ModuleType, ...] = (catalog, commands, customers, orders)

EXPECTATIONS: Mapping[str, Expectation] = {
    name: each
    for context in _CONTEXTS
    for name, each in vars(context).items()
    if callable(each) and each.__module__ == context.__name__ and not name.startswith("_")
}

__all__ = ["EXPECTATIONS", "Expectation", "Rows"]
