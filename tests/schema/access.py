"""Who may do what: for every field of every root, an operation and what comes of it for each kind of asker.

The mutations ask for what the rules of the shop refuse, so a rule's code shows that the asker came as far as the rule.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.kernel import typeid
from app.kernel.clock import new_id

PRICE = {"amount": "2.50", "currency": "GBP"}
ADDRESS = {"street": "1 High St", "city": "Leeds", "postalCode": "LS1", "country": "United Kingdom"}
WHEN = "2011-01-01T00:00:00Z"
UNKNOWN = typeid.encode("product", new_id())
NO_ACCOUNT = typeid.encode("account", new_id())
UNKNOWN_POST = typeid.encode("post", new_id())
POST_TEXT = "Tea at #four"
NO_TRANSITION = "STATUS_TRANSITION_NOT_ALLOWED"


@dataclass(frozen=True)
class Known:
    """A customer of the shop with what is theirs: a cancelled order, a pound on an account, a post that they like.

    And a retired device and a rule at Leeds.
    """

    owner: str
    another: str
    product: str
    sku: str
    email: str
    order: str
    command: str
    account: str
    profile: str
    handle: str
    post: str
    device: str
    rule: str


@dataclass(frozen=True)
class Access:
    """What comes of an operation for another customer, for the customer whose it is, and for operators and admins."""

    asked: Callable[[Known], tuple[str, dict[str, Any]]]
    another: str
    owner: str
    staff: str
    admin: str | None = None


def read(
    field: str, another: str, rest: str, owner: str | None = None, /, **arguments: Callable[[Known], str]
) -> Access:
    """A query or a subscription, with its selection; its arguments are texts of the shop."""
    name, _, selection = field.partition(" ")

    def asked(known: Known) -> tuple[str, dict[str, Any]]:
        said = ", ".join(f'{argument}: "{of(known)}"' for argument, of in arguments.items())
        return f"{name}{f'({said})' if said else ''} {selection}", {}

    return Access(asked, another, owner or rest, rest)


def change(name: str, another: str, owner: str, staff: str, given: Callable[[Known], dict[str, Any]]) -> Access:
    """A mutation, with its input."""

    def asked(known: Known) -> tuple[str, dict[str, Any]]:
        return f"{name}(input: $input) {{ __typename ... on CommandRejected {{ code }} }}", {"input": given(known)}

    return Access(asked, another, owner, staff)


def for_staff(name: str, staff: str, given: Callable[[Known], dict[str, Any]]) -> Access:
    """A mutation that no customer may ask for."""
    return change(name, "FORBIDDEN", "FORBIDDEN", staff, given)


def for_admins(name: str) -> Access:
    """A mutation to a view that only administrators may ask for; there is none of this name."""
    return replace(for_staff(name, "FORBIDDEN", lambda _: {"view": "sells"}), admin="UNKNOWN_CONSUMER")


def of_order(name: str) -> Access:
    """A mutation to an order that a customer may ask for; this one is cancelled."""
    return change(name, "ORDER_NOT_FOUND", NO_TRANSITION, NO_TRANSITION, lambda known: {"orderId": known.order})


def of_person(name: str, owner: str, staff: str | None = None, /, **given: Callable[[Known], Any]) -> Access:
    """A mutation under the owner's profile, which nobody else may act under but staff."""

    def wanted(known: Known) -> dict[str, Any]:
        return {"profileId": known.profile} | {key: of(known) for key, of in given.items()}

    return change(name, "NOT_YOUR_PROFILE", owner, staff or owner, wanted)


def of_post(name: str, owner: str, /, **given: Any) -> Access:
    """A mutation to the owner's post."""
    return change(name, "NOT_YOUR_POST", owner, owner, lambda known: {"postId": known.post, **given})


def of_product(name: str, /, **rest: Any) -> Access:
    """A mutation to a product, which here is unknown."""
    return for_staff(name, "PRODUCT_NOT_FOUND", lambda _: {"productId": UNKNOWN, **rest})


def of_device(name: str, /, **rest: Any) -> Access:
    """A mutation to a device, which is retired, and whose site no customer reaches."""
    nobodys = "DEVICE_NOT_FOUND"
    return change(name, nobodys, nobodys, "DEVICE_ALREADY_RETIRED", lambda known: {"deviceId": known.device, **rest})


QUERIES = {
    "product": read("product { __typename }", "SEEN", "SEEN", id=lambda known: known.product),
    "products": read("products { totalCount }", "SEEN", "SEEN"),
    "autocomplete": read("autocomplete { id }", "SEEN", "SEEN", prefix=lambda _: "tea"),
    "customer": read("customer { __typename }", "NOTHING", "SEEN", id=lambda known: known.owner),
    "order": read("order { __typename }", "NOTHING", "SEEN", id=lambda known: known.order),
    "orderHistory": read("orderHistory { edges { node { actor } } }", "NOTHING", "SEEN", id=lambda known: known.order),
    "orders": read("orders { totalCount }", "NOTHING", "SEEN"),
    "customerOrders": read("customerOrders { totalCount }", "NOTHING", "SEEN", customerId=lambda known: known.owner),
    "sales": read("sales { edges { node { orders } } }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "popularProducts": read("popularProducts(days: 365) { edges { node { pieces } } }", "SEEN", "SEEN"),
    "stockReport": read("stockReport { edges { node { sku } } }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "recommendations": read(
        "recommendations { edges { node { product { id } } } }", "NOTHING", "SEEN", customerId=lambda known: known.owner
    ),
    "hotProducts": read("hotProducts { edges { node { recentViews } } }", "SEEN", "SEEN"),
    "customerAnalytics": read(
        "customerAnalytics { __typename }", "NOTHING", "SEEN", customerId=lambda known: known.owner
    ),
    "topCustomers": read("topCustomers { pageInfo { hasNextPage } }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "ordersByCity": read("ordersByCity { edges { node { city } } }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "profile": read("profile { __typename }", "SEEN", "SEEN", id=lambda known: known.profile),
    "post": read("post { __typename }", "SEEN", "SEEN", id=lambda known: known.post),
    "comments": read("comments { pageInfo { hasNextPage } }", "SEEN", "SEEN", postId=lambda known: known.post),
    "posts": read("posts { edges { cursor } }", "SEEN", "SEEN", profileId=lambda known: known.profile),
    "homeTimeline": read("homeTimeline { edges { cursor } }", "NOTHING", "SEEN", profileId=lambda known: known.profile),
    "notifications": read(
        "notifications { edges { cursor } }", "NOTHING", "SEEN", profileId=lambda known: known.profile
    ),
    "trendingHashtags": read("trendingHashtags { edges { cursor } }", "SEEN", "SEEN"),
    "node": read("node { id }", "NOTHING", "SEEN", id=lambda known: known.order),
    "commandStatus": read("commandStatus { state }", "UNKNOWN", "DONE", commandId=lambda known: known.command),
    "recentlyViewed": read(
        "recentlyViewed { edges { cursor } }", "NOTHING", "SEEN", customerId=lambda known: known.owner
    ),
    "account": read("account { __typename }", "NOTHING", "SEEN", id=lambda known: known.account),
    "accounts": read("accounts { edges { cursor } }", "NOTHING", "SEEN", ownerId=lambda known: known.owner),
    "accountHistory": read("accountHistory { edges { cursor } }", "NOTHING", "SEEN", id=lambda known: known.account),
    "accountBalance": read(
        "accountBalance { __typename }", "NOTHING", "SEEN", id=lambda known: known.account, at=lambda _: WHEN
    ),
    "accountStatement": read(
        "accountStatement { change { amount } }",
        "NOTHING",
        "SEEN",
        id=lambda known: known.account,
        **{"from": lambda _: WHEN, "to": lambda _: WHEN},
    ),
    "auditTrail": read("auditTrail { edges { cursor } }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "ledgerDays": read("ledgerDays { edges { cursor } }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "cashAccounts": read("cashAccounts { currency }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "device": read("device { __typename }", "NOTHING", "SEEN", "NOTHING", id=lambda known: known.device),
    "devices": read("devices { totalCount }", "NOTHING", "SEEN", "NOTHING"),
    "telemetry": read(
        "telemetry { buckets { count } }",
        "NOTHING",
        "SEEN",
        "NOTHING",
        site=lambda _: "leeds",
        metric=lambda _: "temperature",
        since=lambda _: WHEN,
        until=lambda _: WHEN,
    ),
    "alarms": read("alarms { totalCount }", "NOTHING", "SEEN", "NOTHING"),
    "alarmRules": read("alarmRules { edges { cursor } }", "NOTHING", "SEEN", "NOTHING"),
    "projectionStatus": read("projectionStatus { view }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "commandActivity": read("commandActivity { accepted { commands } }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "deadLetters": read("deadLetters { consumer }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "operations": read("operations { kind }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
    "rebuildProgress": read("rebuildProgress { view }", "FORBIDDEN", "SEEN", "FORBIDDEN"),
}

SUBSCRIPTIONS = {
    "commandStatus": QUERIES["commandStatus"],
    "projectionStatus": QUERIES["projectionStatus"],
    "commandActivity": QUERIES["commandActivity"],
    "deadLetters": QUERIES["deadLetters"],
    "rebuildProgress": QUERIES["rebuildProgress"],
    "accountChanged": read("accountChanged { id }", "SILENCE", "SEEN", id=lambda known: known.account),
    "alarmChanged": read("alarmChanged { id }", "SILENCE", "SEEN", "SILENCE", site=lambda _: "leeds"),
    "orderChanged": read("orderChanged { id }", "SILENCE", "SEEN", id=lambda known: known.order),
    "homeTimelinePosted": read("homeTimelinePosted { id }", "FORBIDDEN", "SEEN", profileId=lambda known: known.profile),
}

MUTATIONS = {
    "registerCustomer": for_staff(
        "registerCustomer",
        "EMAIL_ALREADY_REGISTERED",
        lambda known: {"name": "Pat", "email": known.email, "address": ADDRESS},
    ),
    "recordPastCustomer": for_staff(
        "recordPastCustomer", "SEEN", lambda _: {"name": "Pat", "address": ADDRESS, "registeredAt": WHEN}
    ),
    "changeAddress": change(
        "changeAddress",
        "CUSTOMER_NOT_FOUND",
        "ADDRESS_UNCHANGED",
        "ADDRESS_UNCHANGED",
        lambda known: {"customerId": known.owner, "address": ADDRESS},
    ),
    "upgradeCustomer": for_staff(
        "upgradeCustomer", "CUSTOMER_ALREADY_IN_TIER", lambda known: {"customerId": known.owner, "tier": "STANDARD"}
    ),
    "addProduct": for_staff(
        "addProduct", "SKU_ALREADY_USED", lambda known: {"sku": known.sku, "name": "Tea", "price": PRICE}
    ),
    "recordPastProduct": for_staff(
        "recordPastProduct",
        "SKU_ALREADY_USED",
        lambda known: {"sku": known.sku, "name": "Tea", "price": PRICE, "addedAt": WHEN},
    ),
    "reviseProduct": of_product("reviseProduct", name="Tea"),
    "changePrice": of_product("changePrice", price=PRICE),
    "discontinueProduct": of_product("discontinueProduct"),
    "receiveStock": of_product("receiveStock", pieces=1),
    "correctStock": of_product("correctStock", change=1, reason="found"),
    "recordPastStockCorrection": of_product("recordPastStockCorrection", change=1, reason="found", correctedAt=WHEN),
    "viewProduct": change(
        "viewProduct",
        "VIEWER_NOT_FOUND",
        "PRODUCT_NOT_FOUND",
        "PRODUCT_NOT_FOUND",
        lambda known: {"productId": UNKNOWN, "customerId": known.owner},
    ),
    "placeOrder": change(
        "placeOrder",
        "BUYER_NOT_FOUND",
        "PRODUCT_NOT_FOR_SALE",
        "PRODUCT_NOT_FOR_SALE",
        lambda known: {"customerId": known.owner, "items": [{"productId": UNKNOWN, "quantity": 1}]},
    ),
    "payOrder": of_order("payOrder"),
    "cancelOrder": of_order("cancelOrder"),
    "returnItems": change(
        "returnItems",
        "ORDER_NOT_FOUND",
        NO_TRANSITION,
        NO_TRANSITION,
        lambda known: {"orderId": known.order, "items": [{"line": 1, "quantity": 1}]},
    ),
    "shipOrder": for_staff("shipOrder", NO_TRANSITION, lambda known: {"orderId": known.order}),
    "deliverOrder": for_staff("deliverOrder", NO_TRANSITION, lambda known: {"orderId": known.order}),
    "recordPastOrder": for_staff(
        "recordPastOrder",
        "PRODUCT_NOT_FOR_SALE",
        lambda _: {
            "reference": "1",
            "items": [{"productId": UNKNOWN, "quantity": 1, "unitPrice": "1.00"}],
            "currency": "GBP",
            "address": ADDRESS,
            "placedAt": WHEN,
        },
    ),
    "recordPastReturn": for_staff(
        "recordPastReturn",
        NO_TRANSITION,
        lambda known: {"orderId": known.order, "items": [{"line": 1, "quantity": 1}], "returnedAt": WHEN},
    ),
    "recordCreditNote": for_staff(
        "recordCreditNote",
        "PRODUCT_NOT_FOR_SALE",
        lambda _: {
            "reference": "1",
            "country": "France",
            "currency": "GBP",
            "items": [{"productId": UNKNOWN, "description": "Tea", "quantity": 1, "unitPrice": "1.00"}],
            "creditedAt": WHEN,
        },
    ),
    "openAccount": change(
        "openAccount",
        "OWNER_NOT_FOUND",
        "OVERDRAFT_NOT_YOURS",
        "SEEN",
        lambda known: {"ownerId": known.owner, "currency": "GBP", "overdraftLimit": "1.00"},
    ),
    "deposit": change(
        "deposit",
        "ACCOUNT_NOT_FOUND",
        "CURRENCY_MISMATCH",
        "CURRENCY_MISMATCH",
        lambda known: {"accountId": known.account, "amount": PRICE | {"currency": "EUR"}},
    ),
    "withdraw": change(
        "withdraw",
        "ACCOUNT_NOT_FOUND",
        "INSUFFICIENT_FUNDS",
        "INSUFFICIENT_FUNDS",
        lambda known: {"accountId": known.account, "amount": PRICE},
    ),
    "transfer": change(
        "transfer",
        "ACCOUNT_NOT_FOUND",
        "INSUFFICIENT_FUNDS",
        "INSUFFICIENT_FUNDS",
        lambda known: {"fromAccountId": known.account, "toAccountId": NO_ACCOUNT, "amount": PRICE},
    ),
    "freezeAccount": for_staff(
        "freezeAccount", "ACCOUNT_NOT_FOUND", lambda _: {"accountId": NO_ACCOUNT, "reason": "lost"}
    ),
    "unfreezeAccount": for_staff("unfreezeAccount", "ACCOUNT_NOT_FROZEN", lambda known: {"accountId": known.account}),
    "closeAccount": change(
        "closeAccount",
        "ACCOUNT_NOT_FOUND",
        "BALANCE_NOT_ZERO",
        "BALANCE_NOT_ZERO",
        lambda known: {"accountId": known.account},
    ),
    "registerDevice": for_staff("registerDevice", "SEEN", lambda _: {"kind": "thermometer", "site": "leeds"}),
    "reportTelemetry": of_device(
        "reportTelemetry", readings=[{"sequence": 1, "metric": "temperature", "value": "1", "at": WHEN}]
    ),
    "retireDevice": of_device("retireDevice"),
    "defineRule": for_staff(
        "defineRule",
        "CLEARS_BEYOND_RAISING",
        lambda _: {"site": "leeds", "metric": "humidity", "direction": "ABOVE", "raiseAt": "1", "clearAt": "2"},
    ),
    "dropRule": change(
        "dropRule",
        "RULE_NOT_FOUND",
        "RULE_NOT_FOUND",
        "VERSION_CONFLICT",
        lambda known: {"ruleId": known.rule, "expectedVersion": 9},
    ),
    "retryDeadLetters": for_staff("retryDeadLetters", "UNKNOWN_CONSUMER", lambda _: {"consumer": "sells"}),
    "discardDeadLetter": for_staff(
        "discardDeadLetter", "UNKNOWN_CONSUMER", lambda _: {"consumer": "sells", "position": 1, "reason": "old"}
    ),
    "changeProfile": of_person(
        "changeProfile", "PROFILE_UNCHANGED", handle=lambda known: known.handle, displayName=lambda _: "Pat"
    ),
    "publishPost": of_person("publishPost", "SEEN", text=lambda _: "Tea"),
    "editPost": of_post("editPost", "POST_UNCHANGED", text=POST_TEXT),
    "deletePost": of_post("deletePost", "VERSION_CONFLICT", expectedVersion=9),
    "like": of_person("like", "ALREADY_LIKED", postId=lambda known: known.post),
    "unlike": of_person("unlike", "POST_NOT_FOUND", postId=lambda _: UNKNOWN_POST),
    "comment": of_person("comment", "POST_NOT_FOUND", postId=lambda _: UNKNOWN_POST, text=lambda _: "Tea"),
    "follow": of_person("follow", "CANNOT_FOLLOW_YOURSELF", authorId=lambda known: known.profile),
    "unfollow": of_person("unfollow", "CANNOT_FOLLOW_YOURSELF", authorId=lambda known: known.profile),
    "rebuildView": for_admins("rebuildView"),
    "rollBackView": for_admins("rollBackView"),
    "pruneView": for_admins("pruneView"),
}
