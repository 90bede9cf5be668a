"""What the catalog's views must show."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from math import floor, inf, log2
from uuid import UUID

from app.kernel.structs import replace
from app.kernel.view import Key
from read_model.catalog import bought_together as pairs
from read_model.catalog import recently_viewed as recent
from read_model.catalog import recommendations as purchases
from read_model.catalog.bought_together import Pair
from read_model.catalog.hot_products import HotProduct
from read_model.catalog.product import Product
from read_model.catalog.product_popularity import ProductDay
from read_model.catalog.product_search import ListedProduct
from read_model.catalog.recently_viewed import RecentlyViewed, ViewedProduct
from read_model.catalog.recommendations import Basket, Purchases
from read_model.catalog.stock_report import Stock
from tests.read_model.expected.rows import Rows
from tests.read_model.world.records import CreditNote, Line, Order, Shop


def product(shop: Shop) -> Rows:
    """Every product, with the stock that orders and returns have left."""
    return {
        key: Product(
            product_id=key,
            sku=each.sku,
            name=each.name,
            description=each.description,
            categories=each.categories,
            vendor=each.vendor,
            price=each.price,
            currency=each.currency,
            on_hand=each.on_hand,
            discontinued=each.discontinued,
            added_at=each.added_at,
            updated_at=each.changed_at or each.added_at,
        )
        for key, each in shop.products.items()
    }


def product_search(shop: Shop) -> Rows:
    """Every product as it is looked for: by plain words, by what it costs, by the pieces of it that were kept."""
    sold: Counter[UUID | None] = Counter()
    for _, _, line, kept in _kept(shop):
        sold[line.product_id] += kept
    return {
        key: ListedProduct(
            product_id=key,
            sku=each.sku,
            code=each.sku.lower().replace("-", ""),
            name=each.name,
            words="".join(f" {word}" for word in _plain(each.name)),
            details=" ".join(_plain(" ".join((*each.categories, each.vendor or "", each.description)))),
            categories=each.categories,
            vendor=each.vendor,
            price=each.price,
            currency=each.currency,
            on_hand=each.on_hand,
            popularity=sold[key],
            magnitude=floor(log2(sold[key])) + 1 if sold[key] > 0 else 0,
            discontinued=each.discontinued,
            added_at=each.added_at,
        )
        for key, each in shop.products.items()
    }


def _plain(text: str) -> list[str]:
    """The words, for the few signs that there are in this shop."""
    return text.lower().replace("é", "e").replace("&", " ").replace(".", " ").split()


def product_popularity(shop: Shop) -> Rows:
    """What sold, less what came back, on the day of the order; credit notes on their own day."""
    rows: dict[Key, ProductDay] = {}
    orders: dict[str, set[UUID]] = defaultdict(set)
    for paper, day, line, kept in _kept(shop):
        assert line.product_id
        key = f"{day}|{paper.currency}|{line.product_id}"
        nothing = ProductDay(
            key=key,
            day=day,
            product_id=line.product_id,
            currency=paper.currency,
            pieces=0,
            orders=0,
            revenue=Decimal(0),
        )
        before = rows.get(key, nothing)
        orders[key] |= {paper.order_id} if isinstance(paper, Order) else set()
        pieces, revenue = before.pieces + kept, before.revenue + kept * line.unit_price
        rows[key] = replace(before, pieces=pieces, orders=len(orders[key]), revenue=revenue)
    return rows


def _kept(shop: Shop) -> Iterator[tuple[Order | CreditNote, date, Line, int]]:
    """On which day how many pieces of a line left the house for good; of a credit note that is below zero."""
    for order in shop.orders.values():
        for line in order.lines if order.status != "CANCELLED" else ():
            yield order, shop.day(order.placed_at), line, line.quantity - line.returned
    for note in shop.notes.values():
        for line in note.lines:
            if line.product_id:
                yield note, shop.day(note.credited_at), line, -line.quantity


def stock_report(shop: Shop) -> Rows:
    """What is on the shelves, and what is sold but has not left the house."""
    reserved: Counter[UUID | None] = Counter()
    for order in shop.orders.values():
        if order.status in {"PENDING", "PAID"}:
            for line in order.lines:
                reserved[line.product_id] += line.quantity
    return {
        key: Stock(
            product_id=key,
            sku=each.sku,
            name=each.name,
            vendor=each.vendor,
            discontinued=each.discontinued,
            on_hand=each.on_hand,
            reserved=reserved[key],
        )
        for key, each in shop.products.items()
    }


def bought_together(shop: Shop) -> Rows:
    """Pairs within the dearest products of every order that was not cancelled."""
    together: Counter[tuple[UUID, UUID]] = Counter()
    for order in shop.orders.values():
        if order.status != "CANCELLED":
            spent: dict[UUID, Decimal] = defaultdict(Decimal)
            for line in order.lines:
                assert line.product_id
                spent[line.product_id] += line.quantity * line.unit_price
            dearest = sorted(sorted(spent), key=lambda key: spent[key], reverse=True)
            together.update(combinations(sorted(dearest[: pairs.COUNTED]), 2))
    return {
        f"{one}|{other}": Pair(key=f"{one}|{other}", one=one, other=other, orders=orders)
        for (one, other), orders in together.items()
    }


def recently_viewed(shop: Shop) -> Rows:
    """Of each customer the products looked at last, each once, the latest first; of one moment the higher id."""
    looked: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for view in sorted(shop.views, key=lambda view: view.viewed_at):
        if view.customer_id:
            looked[view.customer_id][view.product_id] = view.viewed_at
    rows: dict[Key, RecentlyViewed] = {}
    for customer_id, times in looked.items():
        latest = sorted(((at, product_id) for product_id, at in times.items()), reverse=True)[: recent.MOST]
        products = tuple(ViewedProduct(viewed_at=at, product_id=product_id) for at, product_id in latest)
        rows[customer_id] = RecentlyViewed(customer_id=customer_id, products=products)
    return rows


def hot_products(shop: Shop) -> Rows:
    """What a product's views are worth: of two, the later one twice as much for every hour between them."""
    rows: dict[Key, HotProduct] = {}
    for product_id in {view.product_id for view in shop.views}:
        moments = [view.viewed_at for view in shop.views if view.product_id == product_id]
        latest = max(moments)
        worth = sum(0.5 ** ((latest - at) / timedelta(hours=1)) for at in moments)
        rows[product_id] = HotProduct(
            product_id=product_id,
            heat=(latest - datetime(2020, 1, 1, tzinfo=UTC)) / timedelta(hours=1) + log2(worth),
            views=len(moments),
            discontinued=shop.products[product_id].discontinued,
        )
    for product_id, each in shop.products.items():
        if each.discontinued and product_id not in rows:
            rows[product_id] = HotProduct(product_id=product_id, heat=-inf, views=0, discontinued=True)
    return rows


def recommendations(shop: Shop) -> Rows:
    """A shelf for each customer: an order that comes is put at its front, one that is cancelled is taken off it."""
    shelves: dict[UUID, list[Basket]] = {}
    for _, order, came in sorted(_comings_and_goings(shop), key=lambda each: each[0]):
        if order.customer_id:
            shelf = shelves.setdefault(order.customer_id, [])
            if came:
                shelf.insert(0, _basket(order))
            else:
                shelf[:] = [basket for basket in shelf if basket.order_id != order.order_id]
            del shelf[purchases.ORDERS_KEPT :]
    return {key: Purchases(customer_id=key, baskets=tuple(shelf)) for key, shelf in shelves.items()}


def _comings_and_goings(shop: Shop) -> Iterator[tuple[int, Order, bool]]:
    """At which position an order came, and at which it was cancelled, which is the last that became of it."""
    for order in shop.orders.values():
        yield shop.positions[order.order_id, 1], order, True
        if order.status == "CANCELLED":
            yield shop.positions[order.order_id, order.version], order, False


def _basket(order: Order) -> Basket:
    products = list(dict.fromkeys(line.product_id for line in order.lines if line.product_id))
    return Basket(order_id=order.order_id, products=tuple(products[: purchases.PRODUCTS_KEPT]))
