"""The README's view, added to a shop that has a history: two files, a line in the registry, a line in the schema."""

import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from app.infra.embedded import Servers
from tests.app.test_readme import blocks
from tests.support.installation import ROOT, Installation, installation
from tests.support.replay import until_caught_up

SOURCES = ("app", "schema", "read_model", "write_model", "workers")

LINES = {
    "app/registry.py": {
        "from read_model.orders import order_details": "from read_model.orders import country_turnover, order_details",
        "    order_summary.VIEW,\n": "    order_summary.VIEW,\n    country_turnover.VIEW,\n",
    },
    "schema/schema.py": {
        "from schema.orders import order_details\n": (
            "from schema.orders import order_details\nfrom schema.orders.country_turnover import CountryTurnoverQuery\n"
        ),
        "OrdersQuery, StatusQuery)": "OrdersQuery, StatusQuery, CountryTurnoverQuery)",
    },
}


async def test_the_view_holds_the_whole_history_and_goes_on(servers: Servers, tmp_path: Path) -> None:
    async with installation(servers) as before:
        await before.seed()
        before.start_workers(1)
        await before.start_api()
        await until_caught_up(before)
        orders = (await before.query("{ orders { edges { node { country total { amount } } } totalCount } }"))["orders"]
        before.stop()
        await _deploy(before, tmp_path)
        shown = (await before.query("{ countryTurnover { country orders turnover } }"))["countryTurnover"]
        assert len(orders["edges"]) == orders["totalCount"] > 0
        turnover: defaultdict[str, Decimal] = defaultdict(Decimal)
        for edge in orders["edges"]:
            turnover[edge["node"]["country"]] += Decimal(edge["node"]["total"]["amount"])
        assert {row["country"]: Decimal(row["turnover"]) for row in shown} == turnover


async def _deploy(shop: Installation, folder: Path) -> None:
    """Copies the code, adds the view as the README says, and starts the processes from there."""
    for source in SOURCES:
        shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    for name, code in zip(("read_model", "schema"), blocks("python"), strict=True):
        (folder / name / "orders" / "country_turnover.py").write_text(code)
    for file, changes in LINES.items():
        text = (folder / file).read_text()
        for old, new in changes.items():
            assert text.count(old) == 1, (file, old)
            text = text.replace(old, new)
        (folder / file).write_text(text)
    shop.folder = folder
    assert shop.start("migrate").wait() == 0, shop.log_of("migrate")
    shop.start_workers(2)
    await shop.start_api()
    await until_caught_up(shop)
