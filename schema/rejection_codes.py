"""Every rule that a command can be rejected by, as one enum: made from the refusals that the contexts declare."""

from enum import Enum, EnumType

import strawberry

from app.infra import consistency_token, keyset
from app.kernel.errors import Refusal
from write_model.catalog import errors as catalog
from write_model.customers import errors as customers
from write_model.devices import errors as devices
from write_model.feed import errors as feed
from write_model.ledger import errors as ledger
from write_model.operations import errors as operations
from write_model.orders import errors as orders

DECLARED = (catalog, customers, devices, feed, ledger, operations, orders, consistency_token, keyset)


def _refusals(of: type[Refusal]) -> set[type[Refusal]]:
    children = set(of.__subclasses__())
    return children.union(*(_refusals(child) for child in children))


_NAMES = {code: code for code in sorted(each.code for each in _refusals(Refusal))}
_Code: EnumType = Enum("RejectionCode", _NAMES)  # type: ignore[misc]  # its members are known at run time alone

RejectionCode = strawberry.enum(_Code, description="The rule that a rejected command would have broken.")
