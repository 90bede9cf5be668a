"""The schema's roots: one line for every face."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import strawberry
from graphql import ASTValidationRule, GraphQLError
from strawberry.extensions import AddValidationRules, ParserCache, ValidationCache
from strawberry.extensions.max_aliases import create_validator as at_most_aliases
from strawberry.extensions.max_tokens import MaxTokensLimiter
from strawberry.extensions.query_depth_limiter import create_validator as at_most_deep
from strawberry.types import ExecutionContext

from app.kernel import typeid
from app.kernel.errors import MalformedId
from app.kernel.view import View
from read_model.accepted_commands import AcceptedCommand
from schema.catalog import product
from schema.catalog.mutations import CatalogMutation
from schema.catalog.product import ProductQuery
from schema.context import Info
from schema.customers import customer_profile
from schema.customers.customer_profile import CustomerQuery
from schema.customers.mutations import CustomersMutation
from schema.errors import TypedErrors
from schema.orders import order_details
from schema.orders.mutations import OrdersMutation
from schema.orders.order_details import OrderQuery, OrderSubscription
from schema.orders.order_summary import OrdersQuery
from schema.projection_status import CommandStatus, CommandWatch, StatusQuery, StatusSubscription
from schema.reading import StillProcessing
from schema.scalars import CONFIG
from schema.values import Node, Processing

QUERIES = (ProductQuery, CustomerQuery, OrderQuery, OrdersQuery, StatusQuery)
MUTATIONS = (CustomersMutation, CatalogMutation, OrdersMutation)
SUBSCRIPTIONS = (OrderSubscription, StatusSubscription)

NODES: Final[dict[str, Callable[..., Awaitable[Any]]]] = {
    "product": product.get,
    "customer": customer_profile.get,
    "order": order_details.get,
}
"""How each TypeID prefix is resolved by `node(id)`."""

MAX_DEPTH: Final = 15
MAX_ALIASES: Final = 60
MAX_TOKENS: Final = 4_000

_RULES: list[type[ASTValidationRule]] = [at_most_deep(MAX_DEPTH, None), at_most_aliases(MAX_ALIASES)]


def _limits() -> AddValidationRules:
    return AddValidationRules(_RULES)


def _tokens() -> MaxTokensLimiter:
    return MaxTokensLimiter(MAX_TOKENS)


@strawberry.type
class NodeQuery:
    @strawberry.field(description="Whatever has this id; null if there is no such thing, or it is not yours to see.")
    async def node(self, info: Info, id: strawberry.ID, token: str | None = None) -> Node | None:
        prefix, _ = typeid.split(id)
        if prefix not in NODES:
            raise MalformedId(text=id, field="id")
        found: Node | Processing | None = await NODES[prefix](info, id, token=token)
        if isinstance(found, Processing):
            raise StillProcessing("This has not reached the wanted token yet. Ask again.")
        return found


class Schema(strawberry.Schema):
    """The library's schema, which would log every mistake of a client as an error of ours."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leaves the logging to TypedErrors, which knows what is ours."""


def make(accepted_commands: View[AcceptedCommand]) -> Schema:
    """The schema, over the view that commands are followed in."""
    watch = CommandWatch(accepted_commands)

    @strawberry.type
    class CommandQuery:
        @strawberry.field(description="How far a command has come.")
        async def command_status(self, info: Info, command_id: UUID) -> CommandStatus:
            return await watch.look(info, command_id)

    @strawberry.type
    class CommandSubscription:
        @strawberry.subscription(description="A command's way: accepted, then projected view by view, then done.")
        async def command_status(self, info: Info, command_id: UUID) -> AsyncGenerator[CommandStatus, None]:
            async for status in watch.follow(info, command_id):
                yield status

    return Schema(
        query=strawberry.type(type("Query", (*QUERIES, NodeQuery, CommandQuery), {})),
        mutation=strawberry.type(type("Mutation", MUTATIONS, {})),
        subscription=strawberry.type(type("Subscription", (*SUBSCRIPTIONS, CommandSubscription), {})),
        types=[product.Product, customer_profile.Customer, order_details.Order],
        extensions=[_limits, _tokens, ParserCache, ValidationCache, TypedErrors],
        config=CONFIG,
    )
