"""What there is: every context's events, handlers and views. Adding one is a line here."""

from collections.abc import Mapping
from datetime import timedelta, tzinfo
from typing import Any, Final, get_args

from app.infra import rebuilding
from app.infra.bus import Handlers
from app.infra.event_log import EventCatalog
from app.infra.requests import ACTIONS, Action
from app.kernel.messages import Event, Upcasters
from app.kernel.policy import Policy
from app.kernel.view import View
from read_model import accepted_commands
from read_model.catalog import (
    bought_together,
    hot_products,
    product,
    product_popularity,
    product_search,
    recently_viewed,
    recommendations,
    stock_report,
)
from read_model.customers import customer_analytics, customer_profile
from read_model.devices import alarm_rules, alarms, device, telemetry
from read_model.feed import comments, home_timeline, notifications, post, profile, trending_hashtags
from read_model.ledger import account_balance, account_history, audit_trail, cash_accounts, ledger_days
from read_model.operations import requests
from read_model.orders import (
    customer_orders,
    order_contents,
    order_details,
    order_history,
    order_summary,
    orders_by_city,
    sales,
)
from write_model.catalog import events as catalog_events
from write_model.catalog import handlers as catalog_handlers
from write_model.catalog.repository import Shelves
from write_model.customers import events as customer_events
from write_model.customers import handlers as customer_handlers
from write_model.customers import policies as customer_policies
from write_model.customers.repository import Customers
from write_model.devices import events as device_events
from write_model.devices import handlers as device_handlers
from write_model.feed import events as feed_events
from write_model.feed import handlers as feed_handlers
from write_model.ledger import events as ledger_events
from write_model.ledger import handlers as ledger_handlers
from write_model.operations import events as operation_events
from write_model.operations import handlers as operation_handlers
from write_model.orders import events as order_events
from write_model.orders import handlers as order_handlers
from write_model.orders import policies as order_policies

EVENT_TYPES: Final[tuple[type[Event], ...]] = (
    *get_args(customer_events.CustomerEvent),
    *get_args(catalog_events.ProductEvent),
    catalog_events.ProductViewed,
    *get_args(order_events.OrderEvent),
    order_events.CreditNoteRecorded,
    *get_args(ledger_events.AccountEvent),
    *get_args(operation_events.OperationEvent),
    *get_args(feed_events.FeedEvent),
    *get_args(device_events.DeviceEvent),
    *get_args(device_events.RuleEvent),
)

UPCASTERS: Final[Upcasters] = {
    **customer_events.UPCASTERS,
    **catalog_events.UPCASTERS,
    **order_events.UPCASTERS,
    **ledger_events.UPCASTERS,
    **operation_events.UPCASTERS,
    **feed_events.UPCASTERS,
    **device_events.UPCASTERS,
}

EVENTS: Final = EventCatalog(EVENT_TYPES, UPCASTERS)

ACCEPTED_COMMANDS: Final = accepted_commands.view(EVENT_TYPES)

REQUESTS: Final = requests.VIEW
"""What operators ask of workers."""

VIEWS: Final[tuple[View[Any], ...]] = (
    product.VIEW,
    product_popularity.VIEW,
    stock_report.VIEW,
    bought_together.VIEW,
    recommendations.VIEW,
    recently_viewed.VIEW,
    hot_products.VIEW,
    product_search.VIEW,
    customer_profile.VIEW,
    customer_analytics.VIEW,
    order_details.VIEW,
    order_history.VIEW,
    order_summary.VIEW,
    order_contents.VIEW,
    customer_orders.VIEW,
    sales.VIEW,
    orders_by_city.VIEW,
    account_balance.VIEW,
    account_history.VIEW,
    audit_trail.VIEW,
    ledger_days.VIEW,
    cash_accounts.VIEW,
    profile.VIEW,
    post.VIEW,
    comments.VIEW,
    home_timeline.VIEW,
    notifications.VIEW,
    trending_hashtags.VIEW,
    device.VIEW,
    telemetry.VIEW,
    alarms.VIEW,
    alarm_rules.VIEW,
    REQUESTS,
    ACCEPTED_COMMANDS,
)


def policies(shop_currency: str, *, unpaid_for: timedelta, silver_from: int, gold_from: int) -> tuple[Policy[Any], ...]:
    """What the shop does by itself."""
    return (
        order_policies.expire_unpaid_orders(unpaid_for),
        customer_policies.upgrade_customers(shop_currency, silver_from, gold_from),
    )


POLICY_NAMES: Final = tuple(each.name for each in policies("XXX", unpaid_for=timedelta(0), silver_from=0, gold_from=0))
"""They are called the same however they are set."""


def handlers(shop_currency: str, shop_time_zone: tzinfo) -> Handlers:
    """The handler of every command."""
    return {
        **customer_handlers.HANDLERS,
        **feed_handlers.HANDLERS,
        **catalog_handlers.handlers(shop_currency, viewers=Customers),
        **operation_handlers.handlers(views=[view.name for view in VIEWS], policies=POLICY_NAMES),
        **ledger_handlers.handlers(owners=Customers, zone=shop_time_zone),
        **device_handlers.HANDLERS,
        **order_handlers.handlers(stock=Shelves, buyers=Customers, zone=shop_time_zone),
    }


def request_actions() -> Mapping[str, Action]:
    """How workers carry out what operators ask for, by the event that it is."""
    return {**ACTIONS, **rebuilding.actions({view.name: view for view in VIEWS})}
