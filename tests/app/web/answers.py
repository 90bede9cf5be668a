"""What each example operation is answered on the seeded shop, all of them run once in their order.

Ids are written as the seed names them, or as `order.new` if they were made meanwhile; `…` differs from run to run.
"""

from typing import Any

from tests.app.web.account_answers import ACCOUNTS, accepted, answer

VIEWS = (
    "accepted_commands",
    "account_balance",
    "account_history",
    "alarm_rules",
    "alarms",
    "audit_trail",
    "bought_together",
    "cash_accounts",
    "comments",
    "customer_analytics",
    "customer_orders",
    "customer_profile",
    "device",
    "home_timeline",
    "hot_products",
    "ledger_days",
    "notifications",
    "order_contents",
    "order_details",
    "order_history",
    "order_summary",
    "orders_by_city",
    "post",
    "product",
    "product_popularity",
    "product_search",
    "profile",
    "recently_viewed",
    "recommendations",
    "requests",
    "sales",
    "stock_report",
    "telemetry",
    "trending_hashtags",
)
COMMAND_ID = "6f1d0f3a-6f0c-4c39-9b1e-2f6d3c1a7e55"


def pounds(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


def latest(order: str, status: str, customer: str, total: str) -> dict[str, Any]:
    who = {"id": order, "placedAt": "…", "status": status, "customerName": customer}
    return {"node": {**who, "total": pounds(total)}}


def filtered(order: str, status: str, pieces: int, total: str) -> dict[str, Any]:
    what = {"id": order, "placedAt": "…", "status": status, "itemCount": pieces}
    return {"cursor": "…", "node": {**what, "total": pounds(total)}}


def remembered(order: str, status: str, pieces: int, total: str) -> dict[str, Any]:
    what = {"id": order, "placedAt": "…", "status": status, "itemCount": pieces}
    return {"node": {**what, "total": pounds(total)}}


def requested(kind: str, consumer: str, reason: str | None = None) -> dict[str, Any]:
    asked = {"kind": kind, "consumer": consumer, "requestedBy": "open", "requestedAt": "…"}
    return {**asked, "reason": reason, "outcome": "…"}


def hour(at: str, count: int, **figures: str) -> dict[str, Any]:
    return {"start": f"2026-01-05T{at}:00:00Z", "count": count, **figures}


def alarm(device: str, value: str, at: str, cleared: str | None = None) -> dict[str, Any]:
    rule = {"deviceId": device, "ruleId": "rule.warm", "metric": "temperature", "direction": "ABOVE", "value": value}
    end = {"clearedAt": cleared and f"2026-01-05T{cleared}:00Z", "clearedBy": cleared and "READING"}
    return {"node": {**rule, "raisedAt": f"2026-01-05T{at}:00Z", **end}}


COMMANDS = {
    "PlaceOrder": "1f3b53d9-1df2-5607-b1e4-4fe3a76c9652",
    "PayOrder": "ff31740b-2a1c-5afc-a5dc-57e2320795ac",
    "ShipOrder": "dc4a01da-e2e7-5043-8126-f07759122425",
    "DeliverOrder": "e77aa911-da09-59d0-98ce-d8582eaf89b0",
    "ReturnItems": "832cbcb1-d908-505f-861f-f905a38371dd",
}


def told(version: int, event: str, command: str, summary: str, status: str, refunded: str = "0.00") -> dict[str, Any]:
    what = {"version": version, "at": "…", "event": event, "summary": summary}
    who = {"actor": "seed", "command": command, "commandId": COMMANDS[command]}
    return {"node": {**what, **who, "order": {"status": status, "refunded": {"amount": refunded}}}}


def day_of_sales(orders: int, items: int, gross: str) -> dict[str, Any]:
    sold = {"since": "…", "orders": orders, "items": items, "gross": pounds(gross)}
    return {"node": {**sold, "returned": {"amount": "0.00"}, "net": {"amount": gross}}}


def popular(product: str, name: str, pieces: int, orders: int, revenue: str) -> dict[str, Any]:
    sold = {"pieces": pieces, "orders": orders, "revenue": pounds(revenue)}
    return {"node": {"product": {"id": product, "name": name}, **sold}}


def in_stock(product: str, on_hand: int, reserved: int, per_week: float, cover: float) -> dict[str, Any]:
    counted = {"onHand": on_hand, "reserved": reserved, "soldPerWeek": per_week, "daysOfCover": cover}
    return {"node": {"productId": product, **counted}}


def recommended(product: str, name: str, together: int) -> dict[str, Any]:
    return {"node": {"boughtTogether": together, "product": {"id": product, "name": name}}}


def viewed(product: str, name: str, amount: str, on_hand: int) -> dict[str, Any]:
    shown = {"id": product, "name": name, "price": pounds(amount), "onHand": on_hand}
    return {"cursor": "…", "node": {"viewedAt": "…", "product": shown}}


def searched(order: str, status: str, total: str) -> dict[str, Any]:
    found = latest(order, status, "Ada Byrne", total)
    return {"node": found["node"] | {"country": "United Kingdom"}}


def ranked(customer: str, name: str, country: str, orders: int, spent: str) -> dict[str, Any]:
    who = {"customerId": customer, "customerName": name, "country": country}
    return {"node": {**who, "totalOrders": orders, "totalSpent": pounds(spent), "segment": "REGULAR"}}


def city(country: str, name: str, orders: int, amount: str) -> dict[str, Any]:
    return {"node": {"country": country, "city": name, "orders": orders, "revenue": pounds(amount)}}


def item(line: int, sku: str, name: str, quantity: int, amount: str) -> dict[str, Any]:
    return {"line": line, "sku": sku, "name": name, "quantity": quantity, "amount": {"amount": amount}}


def freshness(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "…")


PROJECTIONS = answer(
    "projectionStatus",
    [
        {"view": view, **freshness("state", "position", "head", "eventsBehind", "lagSeconds", "heartbeatAt")}
        for view in VIEWS
    ],
)
DONE = answer(
    "commandStatus",
    {
        "commandId": COMMAND_ID,
        "state": "DONE",
        "type": "PlaceOrder",
        "aggregateId": "order.new",
        "version": 1,
        "acceptedAt": "…",
        "views": [{"view": view, "projected": True} for view in VIEWS],
    },
)
ACTIVITY = {"accepted": "…", "counted": {"process": "…", "since": "…", "outcomes": "…"}}
ANSWERS = {
    "PlaceOrder": accepted("placeOrder", "order.new", 1),
    "ReadYourOrder": answer(
        "order",
        {
            "__typename": "Order",
            "id": "order.pending",
            "version": 1,
            "status": "PENDING",
            "customerName": "Ada Byrne",
            "total": pounds("51.50"),
            "items": [
                item(1, "TEA-001", "Stoneware Teapot", 1, "24.50"),
                item(2, "TEA-002", "Stoneware Cup", 4, "27.00"),
            ],
            "history": [{"status": "PENDING", "at": "…", "actor": "shop"}],
        },
    ),
    "LatestOrders": answer(
        "orders",
        {
            "edges": [
                latest("order.new", "PENDING", "Ada Byrne", "51.50"),
                latest("order.pending", "PENDING", "Ada Byrne", "51.50"),
                latest("order.paid", "PAID", "Ada Byrne", "19.90"),
                latest("order.shipped", "SHIPPED", "Grace Okafor", "123.00"),
                latest("order.garden", "PAID", "Linus Meyer", "72.75"),
            ],
            "freshness": freshness("state", "position", "lagMs"),
        },
    ),
    "WatchProjections": PROJECTIONS,
    "Product": answer(
        "product",
        {
            "__typename": "Product",
            "id": "product.teapot",
            "version": 2,
            "sku": "TEA-001",
            "name": "Stoneware Teapot",
            "description": "Holds one litre and never drips.",
            "categories": ["Kitchen", "Tea"],
            "vendor": "Potters & Co",
            "price": pounds("24.50"),
            "onHand": 117,
            "discontinued": False,
        },
    ),
    "SearchProducts": answer(
        "products",
        {
            "totalCount": 1,
            "edges": [
                {
                    "node": {
                        "id": "product.teapot",
                        "sku": "TEA-001",
                        "name": "Stoneware Teapot",
                        "price": pounds("24.50"),
                        "onHand": 117,
                        "popularity": 3,
                    }
                }
            ],
            "facets": {
                "categories": [{"value": "Kitchen", "count": 1}, {"value": "Tea", "count": 1}],
                "vendors": [{"value": "Potters & Co", "count": 1}],
                "inStock": 1,
                "outOfStock": 0,
            },
            "pageInfo": {"hasNextPage": False, "endCursor": "…"},
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "Autocomplete": answer(
        "autocomplete",
        [
            {"id": "product.cup", "name": "Stoneware Cup", "sku": "TEA-002"},
            {"id": "product.teapot", "name": "Stoneware Teapot", "sku": "TEA-001"},
            {"id": "product.clock", "name": "Station Clock", "sku": "HOM-003"},
        ],
    ),
    "Customer": answer(
        "customer",
        {
            "__typename": "Customer",
            "id": "customer.ada",
            "version": 1,
            "name": "Ada Byrne",
            "email": "ada@example.com",
            "tier": "STANDARD",
            "displayAddress": "12 Analytical Row, EC1A 1BB London, United Kingdom",
            "registeredAt": "…",
        },
    ),
    "FilterOrders": answer(
        "orders",
        {
            "totalCount": 4,
            "edges": [
                filtered("order.delivered", "DELIVERED", 17, "100.50"),
                filtered("order.new", "PENDING", 5, "51.50"),
                filtered("order.pending", "PENDING", 5, "51.50"),
            ],
            "pageInfo": {"hasNextPage": True, "endCursor": "…"},
        },
    ),
    "SearchOrders": answer(
        "orders",
        {
            "totalCount": 4,
            "edges": [
                searched("order.new", "PENDING", "51.50"),
                searched("order.pending", "PENDING", "51.50"),
                searched("order.delivered", "DELIVERED", "100.50"),
            ],
            "facets": {
                "statuses": [{"status": "DELIVERED", "count": 2}, {"status": "PENDING", "count": 2}],
                "countries": [{"country": "United Kingdom", "count": 4}, {"country": "Germany", "count": 1}],
            },
        },
    ),
    "CustomerOrders": answer(
        "customerOrders",
        {
            "totalCount": 3,
            "edges": [
                remembered("order.shipped", "SHIPPED", 3, "123.00"),
                remembered("order.gifts", "DELIVERED", 9, "48.65"),
            ],
            "pageInfo": {"hasNextPage": True, "endCursor": "…"},
        },
    ),
    "OrderHistory": answer(
        "orderHistory",
        {
            "edges": [
                told(1, "OrderPlaced", "PlaceOrder", "Ordered: 1 piece for 39.00 GBP", "PENDING"),
                told(2, "OrderPaid", "PayOrder", "Paid", "PAID"),
                told(3, "OrderShipped", "ShipOrder", "Shipped, tracking code RM123456785GB", "SHIPPED"),
                told(4, "OrderDelivered", "DeliverOrder", "Delivered", "DELIVERED"),
                told(5, "ItemsReturned", "ReturnItems", "1 piece returned, 39.00 GBP refunded", "RETURNED", "39.00"),
            ],
            "pageInfo": {"hasNextPage": False, "endCursor": "…"},
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "OrderAsItWas": {
        "data": {
            "then": None,
            "now": {
                "__typename": "Order",
                "version": 5,
                "status": "RETURNED",
                "trackingCode": "RM123456785GB",
                "refunded": pounds("39.00"),
            },
        }
    },
    "Node": answer("node", {"__typename": "Product", "id": "product.cup", "name": "Stoneware Cup"}),
    "ProjectionStatus": PROJECTIONS,
    "Sales": answer(
        "sales",
        {
            "edges": [day_of_sales(2, 10, "103.00"), day_of_sales(1, 2, "19.90"), day_of_sales(1, 3, "123.00")],
            "pageInfo": {"hasNextPage": True, "endCursor": "…"},
            "timeZone": "Europe/London",
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "PopularProducts": answer(
        "popularProducts",
        {
            "edges": [
                popular("product.candle", "Beeswax Candle", 40, 3, "168.00"),
                popular("product.cup", "Stoneware Cup", 18, 5, "121.50"),
                popular("product.cushion", "Linen Cushion", 6, 2, "132.00"),
            ],
            "since": "…",
            "until": "…",
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "StockReport": answer(
        "stockReport",
        {
            "edges": [
                in_stock("product.clock", 11, 0, 0.25, 308.0),
                in_stock("product.basket", 24, 1, 0.25, 672.0),
                in_stock("product.blanket", 27, 0, 0.75, 252.0),
            ],
            "pageInfo": {"hasNextPage": True, "endCursor": "…"},
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "Recommendations": answer(
        "recommendations",
        {
            "edges": [recommended("product.cup", "Stoneware Cup", 2)],
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "RecentlyViewed": answer(
        "recentlyViewed",
        {
            "edges": [
                viewed("product.teapot", "Stoneware Teapot", "24.50", 117),
                viewed("product.cup", "Stoneware Cup", "6.75", 582),
                viewed("product.clock", "Station Clock", "54.90", 11),
            ],
            "pageInfo": {"hasNextPage": False, "endCursor": "…"},
            "freshness": freshness("state", "position", "lagMs"),
        },
    ),
    "HotProducts": answer(
        "hotProducts",
        {
            "edges": [
                {"node": {"product": {"id": product, "name": name}, "recentViews": "…"}}
                for product, name in (
                    ("product.teapot", "Stoneware Teapot"),
                    ("product.lantern", "White Metal Lantern"),
                    ("product.cup", "Stoneware Cup"),
                )
            ],
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "CustomerAnalytics": answer(
        "customerAnalytics",
        {
            "__typename": "CustomerAnalytics",
            "customerName": "Ada Byrne",
            "totalOrders": 4,
            "totalSpent": pounds("223.40"),
            "averageOrderValue": {"amount": "55.85"},
            "favouriteCategory": "Kitchen",
            "lastOrderOn": "…",
            "segment": "REGULAR",
            "lifetimeValue": {"amount": "670.20"},
        },
    ),
    "TopCustomers": answer(
        "topCustomers",
        {
            "totalCount": 4,
            "edges": [
                ranked("customer.grace", "Grace Okafor", "United Kingdom", 3, "314.55"),
                ranked("customer.margaret", "Margaret Duval", "France", 3, "258.80"),
                ranked("customer.ada", "Ada Byrne", "United Kingdom", 4, "223.40"),
            ],
            "pageInfo": {"hasNextPage": True, "endCursor": "…"},
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "OrdersByCity": answer(
        "ordersByCity",
        {
            "edges": [
                city("United Kingdom", "Bristol", 3, "314.55"),
                city("France", "Lyon", 3, "258.80"),
                city("United Kingdom", "London", 4, "223.40"),
            ],
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "PayOrder": accepted("payOrder", "order.pending", 2),
    "ShipOrder": accepted("shipOrder", "order.paid", 3),
    "DeliverOrder": accepted("deliverOrder", "order.shipped", 4),
    "ReturnItems": accepted("returnItems", "order.delivered", 5),
    "CancelOrder": accepted("cancelOrder", "order.garden", 3),
    "RegisterCustomer": accepted("registerCustomer", "customer.new", 1),
    "ChangeAddress": accepted("changeAddress", "customer.ada", 2),
    "AddProduct": accepted("addProduct", "product.new", 1),
    "ReceiveStock": accepted("receiveStock", "product.teapot", 3),
    "ChangePrice": accepted("changePrice", "product.cup", 3),
    "ReviseProduct": accepted("reviseProduct", "product.lantern", 3),
    "CorrectStock": accepted("correctStock", "product.basket", 3),
    "DiscontinueProduct": accepted("discontinueProduct", "product.trowel", 3),
    "UpgradeCustomer": accepted("upgradeCustomer", "customer.ada", 3),
    "ViewProduct": accepted("viewProduct", "view.new", 1),
    **ACCOUNTS,
    "OrderTooMuch": answer(
        "placeOrder",
        {
            "__typename": "CommandRejected",
            "code": "INSUFFICIENT_STOCK",
            "message": "Not enough in stock: TEA-001: wanted 100000, on hand 127.",
            "field": "items",
            "shortages": [{"sku": "TEA-001", "wanted": 100_000, "onHand": 127}],
        },
    ),
    "DecideOnOldVersion": answer(
        "changePrice", {"__typename": "VersionConflict", "expectedVersion": 1, "actualVersion": 3}
    ),
    "SameCommandTwice": accepted("placeOrder", "order.new", 1, COMMAND_ID),
    "NotThereYet": answer(
        "order",
        {
            "__typename": "Processing",
            "expectedVersion": 99,
            "currentVersion": 4,
            **freshness("lagMs", "retryAfterMs"),
            "parked": False,
        },
    ),
    "FollowOrder": answer("orderChanged", {"id": "order.pending", "version": 2, "status": "PAID"}),
    "FollowCommand": DONE,
    "CommandStatus": DONE,
    "RecordPastCustomer": accepted("recordPastCustomer", "customer.new", 1),
    "RecordPastProduct": accepted("recordPastProduct", "product.new", 1),
    "RecordPastStockCorrection": accepted("recordPastStockCorrection", "product.candle", 3),
    "RecordPastOrder": accepted("recordPastOrder", "order.new", 1),
    "RecordPastReturn": accepted("recordPastReturn", "order.candles", 5),
    "RecordCreditNote": accepted("recordCreditNote", "creditnote.new", 1),
    "DeadLetters": answer("deadLetters", []),
    "WatchDeadLetters": answer("deadLetters", []),
    "RetryDeadLetters": accepted("retryDeadLetters", "consumer.new", 1),
    "DiscardDeadLetter": accepted("discardDeadLetter", "consumer.new", 2),
    "RebuildProgress": answer("rebuildProgress", []),
    "WatchRebuilds": answer("rebuildProgress", []),
    "RebuildView": accepted("rebuildView", "consumer.new", 1),
    "RollBackView": accepted("rollBackView", "consumer.new", 2),
    "PruneView": accepted("pruneView", "consumer.new", 3),
    "Operations": answer(
        "operations",
        [
            requested("ViewPruneRequested", "orders_by_city"),
            requested("ViewRollbackRequested", "orders_by_city"),
            requested("ViewRebuildRequested", "orders_by_city"),
            requested("DeadLetterDiscarded", "order_details", "Nothing is parked there, this is a try"),
            requested("DeadLettersRetryRequested", "order_details"),
        ],
    ),
    "CommandActivity": answer("commandActivity", ACTIVITY),
    "WatchCommands": answer("commandActivity", ACTIVITY),
    "RegisterDevice": accepted("registerDevice", "device.new", 1),
    "ReportTelemetry": accepted("reportTelemetry", "device.cellar", 6),
    "Device": answer(
        "device",
        {
            "__typename": "Device",
            "id": "device.greenhouse",
            "version": 2,
            "kind": "climate station",
            "site": "york",
            "metadata": [{"name": "room", "value": "Greenhouse"}],
            "online": True,
            "lastSeenAt": "…",
            "readings": 240,
            "lastReading": {"metric": "humidity", "value": "48.10", "sequence": 240},
        },
    ),
    "Devices": answer(
        "devices",
        {
            "totalCount": 1,
            "edges": [
                {
                    "node": {
                        "id": "device.greenhouse",
                        "kind": "climate station",
                        "site": "york",
                        "retiredAt": None,
                        "latest": [
                            {"metric": "humidity", "value": "48.10"},
                            {"metric": "temperature", "value": "23.90"},
                        ],
                    }
                }
            ],
            "pageInfo": {"hasNextPage": False, "endCursor": "…"},
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "Telemetry": answer(
        "telemetry",
        {
            "buckets": [
                hour(
                    "08", 120, min="-18.00", max="9.68", mean="-5.72", last="9.68", median="-17.956863", p95="8.978431"
                ),
                hour(
                    "09", 120, min="-18.00", max="9.80", mean="-4.4425", last="5.00", median="5.013503", p95="9.109503"
                ),
            ]
        },
    ),
    "Alarms": answer(
        "alarms",
        {
            "totalCount": 3,
            "edges": [
                alarm("device.cellar", "8.12", "08:46", "09:32"),
                alarm("device.freezer", "9.00", "09:59"),
                alarm("device.cellar", "8.50", "10:02"),
            ],
        },
    ),
    "FollowAlarms": answer(
        "alarmChanged", {"deviceId": "device.freezer", "metric": "temperature", "value": "9.00", "clearedBy": None}
    ),
    "DefineRule": accepted("defineRule", "rule.new", 1),
    "AlarmRules": answer(
        "alarmRules",
        {
            "edges": [
                {
                    "node": {
                        "id": "rule.dry",
                        "version": 1,
                        "deviceId": "device.greenhouse",
                        "metric": "humidity",
                        "direction": "BELOW",
                        "raiseAt": "30.00",
                        "clearAt": "35.00",
                    }
                }
            ]
        },
    ),
    "DropRule": accepted("dropRule", "rule.warm", 2),
    "RetireDevice": accepted("retireDevice", "device.freezer", 4),
}
