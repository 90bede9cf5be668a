"""Load, decide, save: what the commands to products do."""

from collections.abc import Callable
from uuid import UUID

from app.infra.bus import Handlers
from app.infra.unit_of_work import Work
from write_model.catalog.aggregate import Adding, Changing, add, decide, view
from write_model.catalog.commands import (
    AddProduct,
    ChangePrice,
    CorrectStock,
    DiscontinueProduct,
    ReceiveStock,
    RecordPastProduct,
    RecordPastStockCorrection,
    ReviseProduct,
    ViewProduct,
)
from write_model.catalog.errors import ViewerNotFound
from write_model.catalog.ports import Viewers
from write_model.catalog.repository import Products, ProductViews


async def change_product(command: Changing, work: Work) -> None:
    """Carries out any command to a product in the catalog."""
    products = Products(work)
    product = await products.load(command.product_id)
    products.save(command.product_id, product, decide(product, command))


class ViewHandler:
    """Takes reports of views, given the customers, made for one command's work."""

    def __init__(self, viewers: Callable[[Work], Viewers]) -> None:
        self._viewers = viewers

    async def view_product(self, command: ViewProduct, work: Work) -> None:
        """Takes down that a customer, or a visitor, looked at a product; nothing is locked."""
        viewer = command.customer_id or work.actor.customer_id
        if viewer is not None:
            await self._require_viewer(viewer, work)
        views = ProductViews(work)
        views.save(view(command, viewer=viewer, product_known=await views.knows(command.product_id)))

    async def _require_viewer(self, customer_id: UUID, work: Work) -> None:
        """Customers answer for themselves with their token; whom an operator names is looked up."""
        if customer_id == work.actor.customer_id:
            return
        if not work.actor.is_operator or await self._viewers(work).find(customer_id) is None:
            raise ViewerNotFound(customer_id)


def handlers(shop_currency: str, viewers: Callable[[Work], Viewers]) -> Handlers:
    """The catalog's handlers, for a shop that prices in one currency, given what the customers provide."""

    async def add_product(command: Adding, work: Work) -> None:
        products = Products(work)
        product = await products.fresh(command.product_id)
        products.save(command.product_id, product, add(product, command, shop_currency))

    return {
        AddProduct: add_product,
        RecordPastProduct: add_product,
        ReviseProduct: change_product,
        ChangePrice: change_product,
        DiscontinueProduct: change_product,
        ReceiveStock: change_product,
        CorrectStock: change_product,
        RecordPastStockCorrection: change_product,
        ViewProduct: ViewHandler(viewers).view_product,
    }
