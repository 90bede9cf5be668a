"""Load, decide, save: what the commands to products do."""

from app.infra.bus import Handlers
from app.infra.unit_of_work import Work
from write_model.catalog.aggregate import Adding, Changing, add, decide
from write_model.catalog.commands import (
    AddProduct,
    ChangePrice,
    CorrectStock,
    DiscontinueProduct,
    ReceiveStock,
    RecordPastProduct,
    RecordPastStockCorrection,
    ReviseProduct,
)
from write_model.catalog.repository import Products


async def change_product(command: Changing, work: Work) -> None:
    """Carries out any command to a product in the catalog."""
    products = Products(work)
    product = await products.load(command.product_id)
    await products.save(command.product_id, product, decide(product, command))


def handlers(shop_currency: str) -> Handlers:
    """The catalog's handlers, for a shop that prices in one currency."""

    async def add_product(command: Adding, work: Work) -> None:
        products = Products(work)
        product = await products.load(command.product_id)
        await products.save(command.product_id, product, add(product, command, shop_currency))

    return {
        AddProduct: add_product,
        RecordPastProduct: add_product,
        ReviseProduct: change_product,
        ChangePrice: change_product,
        DiscontinueProduct: change_product,
        ReceiveStock: change_product,
        CorrectStock: change_product,
        RecordPastStockCorrection: change_product,
    }
