"""The schema's roots: one line for every face."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from app.kernel import typeid
from app.kernel.errors import MalformedId
from app.kernel.view import View
from app.plans import Documents
from app.plans.trusted import RefusedDocument
from read_model.accepted_commands import AcceptedCommand
from schema.catalog import product
from schema.catalog.autocomplete import AutocompleteQuery
from schema.catalog.hot_products import HotProductsQuery
from schema.catalog.mutations import CatalogMutation
from schema.catalog.product import ProductQuery
from schema.catalog.product_popularity import PopularProductsQuery
from schema.catalog.product_search import ProductsQuery
from schema.catalog.recently_viewed import RecentlyViewedQuery
from schema.catalog.recommendations import RecommendationsQuery
from schema.catalog.stock_report import StockReportQuery
from schema.command_status import CommandStatus, CommandWatch
from schema.context import Info
from schema.customers import customer_profile
from schema.customers.customer_analytics import CustomerAnalyticsQuery
from schema.customers.customer_profile import CustomerQuery
from schema.customers.mutations import CustomersMutation
from schema.devices import device
from schema.devices.alarm_rules import AlarmRulesQuery
from schema.devices.alarms import AlarmsQuery, AlarmSubscription
from schema.devices.device import DeviceQuery
from schema.devices.mutations import DevicesMutation
from schema.devices.telemetry import TelemetryQuery
from schema.errors import typed
from schema.feed import post, profile
from schema.feed.comments import CommentsQuery
from schema.feed.home_timeline import HomeTimelineQuery, HomeTimelineSubscription
from schema.feed.mutations import FeedMutation
from schema.feed.notifications import NotificationsQuery
from schema.feed.post import PostQuery
from schema.feed.profile import ProfileQuery
from schema.feed.trending_hashtags import TrendingHashtagsQuery
from schema.ledger import account_balance
from schema.ledger.account_balance import AccountQuery, AccountSubscription
from schema.ledger.account_history import AccountHistoryQuery
from schema.ledger.audit_trail import AuditTrailQuery
from schema.ledger.ledger_days import LedgerDaysQuery
from schema.ledger.mutations import LedgerMutation
from schema.operations.command_activity import CommandActivity, Seconds, activities, activity
from schema.operations.dead_letters import DeadLettersQuery, DeadLettersSubscription
from schema.operations.mutations import OperationsMutation
from schema.operations.rebuilding import RebuildProgressQuery, RebuildProgressSubscription
from schema.operations.requests import OperationsQuery
from schema.orders import order_details
from schema.orders.customer_orders import CustomerOrdersQuery
from schema.orders.mutations import OrdersMutation
from schema.orders.order_details import OrderQuery, OrderSubscription
from schema.orders.order_history import OrderHistoryQuery
from schema.orders.order_summary import OrdersQuery
from schema.orders.orders_by_city import OrdersByCityQuery
from schema.orders.sales import SalesQuery
from schema.projection_status import StatusQuery, StatusSubscription
from schema.reading import StillProcessing, Token, WaitMs
from schema.scalars import CONFIG
from schema.values import Node, Processing

QUERIES = (
    ProductQuery,
    PopularProductsQuery,
    HotProductsQuery,
    RecommendationsQuery,
    RecentlyViewedQuery,
    StockReportQuery,
    ProductsQuery,
    AutocompleteQuery,
    CustomerQuery,
    OrderQuery,
    OrderHistoryQuery,
    OrdersQuery,
    CustomerOrdersQuery,
    SalesQuery,
    OrdersByCityQuery,
    CustomerAnalyticsQuery,
    AccountQuery,
    AccountHistoryQuery,
    AuditTrailQuery,
    LedgerDaysQuery,
    ProfileQuery,
    PostQuery,
    CommentsQuery,
    HomeTimelineQuery,
    NotificationsQuery,
    TrendingHashtagsQuery,
    DeviceQuery,
    TelemetryQuery,
    AlarmsQuery,
    AlarmRulesQuery,
    StatusQuery,
    DeadLettersQuery,
    OperationsQuery,
    RebuildProgressQuery,
)
MUTATIONS = (
    CustomersMutation,
    CatalogMutation,
    OrdersMutation,
    LedgerMutation,
    FeedMutation,
    DevicesMutation,
    OperationsMutation,
)
SUBSCRIPTIONS = (
    OrderSubscription,
    AccountSubscription,
    HomeTimelineSubscription,
    AlarmSubscription,
    StatusSubscription,
    DeadLettersSubscription,
    RebuildProgressSubscription,
)

NODES: Final[dict[str, Callable[..., Awaitable[Any]]]] = {
    "product": product.get,
    "customer": customer_profile.get,
    "order": order_details.get,
    "account": account_balance.get,
    "profile": profile.get,
    "post": post.get,
    "device": device.get,
}
"""How each TypeID prefix is resolved by `node(id)`."""

NODE_TYPES = [
    product.Product,
    customer_profile.Customer,
    order_details.Order,
    account_balance.Account,
    profile.Profile,
    post.Post,
    device.Device,
]


@strawberry.type
class NodeQuery:
    @strawberry.field(description="Whatever has this id; null if there is no such thing, or it is not yours to see.")
    async def node(self, info: Info, id: strawberry.ID, token: Token = None, wait_ms: WaitMs = None) -> Node | None:
        prefix, _ = typeid.split(id)
        if prefix not in NODES:
            raise MalformedId(text=id, field="id")
        found: Node | Processing | None = await NODES[prefix](info, id, token=token, wait_ms=wait_ms)
        if isinstance(found, Processing):
            raise StillProcessing("This has not reached the wanted token yet. Ask again.")
        return found


class Schema(strawberry.Schema):
    """The library's schema, with a code on every error, whichever way it takes to the client."""

    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """The answer to a query or a mutation. A subscription needs a transport that can carry many answers."""
        allowed = set(kwargs.get("allowed_operation_types") or OperationType) - {OperationType.SUBSCRIPTION}
        return typed(await super().execute(*args, **(kwargs | {"allowed_operation_types": allowed})))

    async def stream(self, query: str | None, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        """The answers to any operation, as they come; over a websocket, this is where its document is looked at."""
        try:
            kwargs["context_value"].installation.documents.require(query or "")
        except RefusedDocument as refused:
            return _only(refused)
        return _typed_each(await super().stream(query, *args, **kwargs))

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leaves the logging to `typed`, which knows what is ours: the library logs every mistake of a client."""


async def _only(refused: RefusedDocument) -> AsyncGenerator[Any, None]:
    yield PreExecutionError(data=None, errors=[GraphQLError(refused.message, extensions={"code": refused.code})])


async def _typed_each(results: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    async with aclosing(results):
        async for result in results:
            yield typed(result)


def make(accepted_commands: View[AcceptedCommand]) -> Schema:
    """The schema, over the view that commands are followed in."""
    watch = CommandWatch(accepted_commands)

    @strawberry.type
    class CommandQuery:
        @strawberry.field(description="How far a command has come.")
        async def command_status(self, info: Info, command_id: UUID) -> CommandStatus:
            return await watch.look(info, command_id)

        @strawberry.field(description="How many commands come in, and what becomes of them. For operators.")
        async def command_activity(self, info: Info, seconds: Seconds = 60) -> CommandActivity:
            return await activity(info, accepted_commands, seconds)

    @strawberry.type
    class CommandSubscription:
        @strawberry.subscription(description="A command's way: accepted, then projected view by view, then done.")
        async def command_status(self, info: Info, command_id: UUID) -> AsyncGenerator[CommandStatus, None]:
            async for status in watch.follow(info, command_id):
                yield status

        @strawberry.subscription(description="The same, and each second the last fifteen anew. For operators.")
        async def command_activity(self, info: Info, seconds: Seconds = 60) -> AsyncGenerator[CommandActivity, None]:
            async for each in activities(info, accepted_commands, seconds):
                yield each

    return Schema(
        query=strawberry.type(type("Query", (*QUERIES, NodeQuery, CommandQuery), {})),
        mutation=strawberry.type(type("Mutation", MUTATIONS, {})),
        subscription=strawberry.type(type("Subscription", (*SUBSCRIPTIONS, CommandSubscription), {})),
        types=NODE_TYPES,
        extensions=[Documents],
        config=CONFIG,
    )
