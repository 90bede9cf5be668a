"""The operations page in a real Chromium, over a shop of real processes, with every other host out of reach."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from graphql import build_schema, parse, validate
from playwright.async_api import Browser, expect

from app import bootstrap, registry, schema_file
from app.infra.embedded import Servers
from app.kernel import typeid
from app.kernel.clock import now
from app.seed import seeded_id
from app.web.operations_page import CONTENT_SECURITY_POLICY, FOLDER, documents
from tests.app.web.browser import chromium
from tests.app.web.operations_page import UNNAMED, OperationsPage
from tests.support.installation import Installation, installation
from tests.support.replay import until_caught_up
from tests.write_model.floor import Floor, envelope, order_of
from workers.settings import STINT_S
from write_model.customers.commands import Tier, UpgradeCustomer
from write_model.orders.commands import PayOrder
from write_model.orders.events import OrderPaid

ADA = typeid.encode("customer", seeded_id("customer", "ada"))
CUP = typeid.encode("product", seeded_id("product", "cup"))
VIEW = "mutation ($input: ViewProductInput!) { viewProduct(input: $input) { __typename } }"
PLACE = """mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename
    ... on CommandAccepted { commandId } } }"""
PATIENCE_MS = 20_000
POLICIES = registry.policies("GBP", unpaid_for=timedelta(days=1), silver_from=1, gold_from=2)
NO_SOCKETS = """window.WebSocket = class {
    static OPEN = 1;
    constructor() { setTimeout(() => this.onclose({ code: 1006 })); }
    close() {}
}"""


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with chromium() as running:
        yield running
    expect.set_options(timeout=None)


@pytest.fixture
async def ops(browser: Browser) -> AsyncIterator[OperationsPage]:
    """The page on a first visit; whatever it was used for, it spoke to nobody else and complained of nothing."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = OperationsPage(await context.new_page())
    yield page
    await context.close()
    assert page.witness.hosts == {"127.0.0.1"}
    assert page.witness.complaints == []


@asynccontextmanager
async def trade(shop: Installation) -> AsyncIterator[None]:
    """A customer who looks at things and orders, until the block ends."""

    async def go_on() -> None:
        while True:
            await shop.query(VIEW, input={"customerId": ADA, "productId": CUP})
            await place(shop)
            await asyncio.sleep(0.2)

    going = asyncio.create_task(go_on())
    try:
        yield
    finally:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)


async def place(shop: Installation, quantity: int = 1) -> str:
    """The id of an order's command."""
    wanted = {"customerId": ADA, "items": [{"productId": CUP, "quantity": quantity}], "commandId": str(uuid4())}
    await shop.query(PLACE, input=wanted)
    return str(wanted["commandId"])


async def test_under_a_load_the_figures_and_the_plots_move(
    ops: OperationsPage, shop: Installation, tmp_path: Path
) -> None:
    await ops.open(shop.url)
    async with trade(shop):
        await expect(ops.page.locator("#views-table > tbody")).to_have_count(len(registry.VIEWS))
        before, plot = await ops.positions(), ops.page.locator("#commands-plot .line")
        drawn = await plot.get_attribute("d")
        await place(shop, quantity=100_000)
        for view in before:
            await expect(ops.cell(view, "position")).not_to_have_text(f"{before[view]:,}")
            await expect(ops.cell(view, "heartbeat")).to_have_text(re.compile(r"^\d\.\d s$"))
            await expect(ops.cell(view, "owners")).to_have_text(re.compile(r"^[AB]( [AB])*$"))
            await expect(ops.cell(view, "rate")).not_to_have_text("0")
        after = await ops.positions()
        assert all(after[view] > before[view] for view in before)
        await expect(plot).not_to_have_attribute("d", drawn or "")
        await expect(ops.row("sales").locator("svg.plot")).to_have_attribute("aria-label", re.compile("^Lag of sales"))
        await expect(ops.page.locator("#commands-body tr").filter(has_text="PlaceOrder")).to_be_visible()
        await expect(ops.page.locator("#commands-rate")).not_to_have_text("0")
        await expect(ops.page.locator("#outcomes-body")).to_contain_text("INSUFFICIENT_STOCK")
        await expect(ops.page.locator("#vital-workers")).to_have_text("2", timeout=2_000 * STINT_S)
        for scheme in ("light", "dark"):
            await ops.page.emulate_media(color_scheme=scheme)
            await ops.page.screenshot(path=tmp_path / f"{scheme}.png")


async def test_a_command_is_followed_on_its_way(ops: OperationsPage, shop: Installation) -> None:
    """Of one that came while the page looked it says when each view passed it; of an older one that it did not see."""
    earlier = await place(shop)
    await until_caught_up(shop)
    await ops.open(shop.url)
    await expect(ops.page.locator("#views-table > tbody")).to_have_count(len(registry.VIEWS))
    seen = await place(shop)
    await ops.search(seen)
    await expect(ops.page.locator("#way-state")).to_have_text("Done: every view shows it.")
    await expect(ops.page.locator("#way-events li")).to_contain_text(["OrderPlaced, version 1"])
    await expect(ops.page.locator("#way-actor")).to_have_text("open")
    passages = ops.page.locator("#way-views tr")
    await expect(passages).to_have_count(len(registry.VIEWS))
    for passage in await passages.locator("td").nth(0).all():
        await expect(passage).to_have_text(re.compile(r"^(within )?[\d,.]+ m?s"))

    await ops.search(earlier)
    await expect(passages.filter(has_text="before this page looked")).to_have_count(len(registry.VIEWS))
    await ops.search(str(uuid4()))
    await expect(ops.page.locator("#way-state")).to_contain_text("A refused one leaves no trace")
    await ops.search("order_1")
    await expect(ops.page.locator("#search-complaint")).to_contain_text("not a command id")


async def test_what_a_command_caused_leads_on(ops: OperationsPage, shop: Installation) -> None:
    cause = await place(shop)
    async with bootstrap.commands(shop.settings) as side:
        upgrade = UpgradeCustomer(at=now(), customer_id=seeded_id("customer", "linus"), tier=Tier.GOLD)
        await side.bus.dispatch(upgrade, envelope(causation_id=UUID(cause)))
    await until_caught_up(shop)
    await ops.open(shop.url)
    await ops.search(cause)
    await ops.page.locator("#way-caused").get_by_role("link", name="UpgradeCustomer").click()
    await expect(ops.page.locator("#way-type")).to_have_text("UpgradeCustomer")
    await ops.page.locator("#way-cause").click()
    await expect(ops.page.locator("#way-type")).to_have_text("PlaceOrder")


async def test_dead_letters_are_shown_discarded_and_retried(ops: OperationsPage, servers: Servers) -> None:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db,
        bootstrap.commands(made.settings) as side,
    ):
        floor = Floor(made, side, db)
        order = await floor.send(order_of(await floor.customer(), [(await floor.product(pieces=9), 1)]))
        paid = await floor.send(PayOrder(at=now(), order_id=order.aggregate_id))
        was = await db.fetchval("select data from write.events where position = $1", paid.position)
        await db.execute("update write.events set data = data - 'paid_at' where position = $1", paid.position)
        made.start_workers(1)
        await made.start_api()
        consumers = {view.name for view in registry.VIEWS if OrderPaid in view.handles}
        consumers |= {policy.name for policy in POLICIES if OrderPaid in policy.handles}

        await ops.open(made.url)
        await expect(ops.page.locator("#letters .group")).to_have_count(len(consumers))
        await expect(ops.page.locator("#alarms")).to_have_text(f"1 aggregate parked, in {len(consumers)} groups")
        await expect(ops.cell("order_details", "parked")).to_have_text("1")
        group = ops.group("order_details")
        await ops.open_group("order_details")
        await expect(group).to_contain_text("order_details: ValidationError")
        await expect(group.locator(".error")).to_contain_text("paid_at")
        await group.get_by_text("Event", exact=True).click()
        await expect(group.locator("details pre")).to_contain_text("{")

        await group.get_by_role("button", name="Discard OrderPaid").click()
        dialog = ops.page.get_by_role("dialog")
        for reason in ("", "   "):
            await dialog.get_by_label("Reason").fill(reason)
            await dialog.get_by_role("button", name="Discard").click()
            await expect(dialog.get_by_role("alert")).to_contain_text("Say why")
            await expect(dialog).to_be_visible()
        await dialog.get_by_label("Reason").fill("it has no date")
        await dialog.get_by_role("button", name="Discard").click()
        await expect(group).to_have_count(0)
        request = ops.page.locator("#operations-list li").filter(has_text="because: it has no date")
        await expect(request).to_contain_text(f"the event at position {paid.position} is passed by")
        await expect(ops.page.locator("#letters .group")).to_have_count(len(consumers) - 1)

        await db.execute("update write.events set data = $2 where position = $1", paid.position, was)
        for consumer in sorted(consumers - {"order_details"}):
            await ops.open_group(consumer)
            await ops.group(consumer).get_by_role("button", name=re.compile("^Retry order_")).click()
        await expect(ops.page.locator("#letters .group")).to_have_count(0)
        await expect(ops.page.locator("#letters-none")).to_be_visible()
        await expect(ops.page.locator("#alarms li")).to_have_count(0)
        await ops.page.close()


async def test_everything_is_reached_and_pressed_by_keys(ops: OperationsPage, shop: Installation) -> None:
    await ops.open(shop.url)
    await expect(ops.page.locator("#views-table > tbody")).to_have_count(len(registry.VIEWS))
    views = sorted(view.name for view in registry.VIEWS)
    assert await ops.tabbed() == ["Skip to the views", "GraphiQL", *views, "Command id", "Search"]

    await ops.page.locator("button.name", has_text=re.compile("^sales$")).focus()
    await ops.page.keyboard.press("Enter")
    await expect(ops.page.locator("#detail-sales")).to_be_visible()
    await ops.page.keyboard.press("Tab")
    assert await ops.focused() == "Rebuild…"
    await ops.page.keyboard.press("Enter")
    dialog = ops.page.get_by_role("dialog", name="Rebuild sales?")
    await expect(dialog).to_be_visible()
    assert await ops.focused() == "Cancel"
    await ops.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    assert await ops.focused() == "Rebuild…"
    outline = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert await ops.page.evaluate(outline) == "solid"


async def test_a_view_is_rebuilt_rolled_back_and_pruned(ops: OperationsPage, servers: Servers) -> None:
    async with installation(servers) as made, asyncpg.create_pool(made.database_url, min_size=1, max_size=1) as db:
        await made.seed()
        made.start_workers(1)
        await made.start_api()
        await until_caught_up(made)
        await ops.open(made.url)
        await ops.page.get_by_role("button", name="sales", exact=True).click()
        generations = ops.page.locator("#detail-sales .about")
        await expect(generations).to_have_text(re.compile(r"^Generations: 1 live since [\d:]+$"))

        await ops.confirm("Rebuild")
        panel = ops.page.locator("#rebuilds")
        await expect(panel).to_contain_text("sales, generation 2")
        await expect(panel.get_by_role("progressbar", name="Rebuild of sales")).to_be_visible()
        await expect(ops.cell("sales", "generation")).to_have_text("2")
        await expect(panel).to_contain_text("is live")
        await expect(generations).to_have_text(re.compile(r"1 kept since [\d:]+ · 2 live since [\d:]+$"))

        await ops.confirm("Roll back")
        await expect(ops.cell("sales", "generation")).to_have_text("1")
        await expect(generations).to_have_text(re.compile(r"1 live since [\d:]+ · 2 kept since [\d:]+$"))
        await db.execute("update read.generations set superseded_at = superseded_at - interval '2 minutes'")
        await ops.confirm("Prune")
        await expect(generations).to_have_text(re.compile(r"^Generations: 1 live since [\d:]+$"))
        for asked in ("View rebuild", "View rollback", "View prune"):
            await expect(ops.page.locator("#operations-list li").filter(has_text=asked)).to_contain_text("by open")
        await expect(ops.page.locator("#operations-list")).not_to_contain_text("not carried out yet")
        await ops.page.close()


async def test_a_rebuild_shows_how_far_it_is(ops: OperationsPage, shop: Installation) -> None:
    """Fed by hand: a small log is rebuilt too fast to be looked at."""
    await ops.open(shop.url)
    item, going = ops.page.locator("#rebuilds li"), {"view": "sales", "generation": 7, "state": "BUILDING"}
    going |= {"attended": True, "error": None, "done": 2_500, "total": 10_000, "perSecond": 1_250.4, "secondsLeft": 6.0}
    await ops.feed_rebuilds([going])
    await expect(item).to_contain_text("2,500 of 10,000 events · 1,250 a second · 6.0 s left")
    await expect(item.get_by_role("progressbar", name="Rebuild of sales")).to_have_js_property("value", 0.25)
    await ops.feed_rebuilds([going | {"attended": False, "perSecond": 0, "secondsLeft": None}])
    await expect(item).to_contain_text("2,500 of 10,000 events · no worker is at it")
    await ops.feed_rebuilds([going | {"state": "READY", "comparison": {"rows": 90, "different": 3}}])
    await expect(item).to_contain_text("3 of 90 rows differ")
    await ops.feed_rebuilds([])
    await expect(item).to_contain_text("sales, generation 7 is live")
    await expect(item.get_by_role("progressbar")).to_have_js_property("value", 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_and_is_named(ops: OperationsPage, shop: Installation, scheme: str) -> None:
    await ops.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await ops.open(shop.url)
    await ops.search(await place(shop))
    await ops.page.get_by_role("button", name="sales", exact=True).click()
    await expect(ops.page.locator("#way-known")).to_be_visible()
    await ops.page.evaluate(
        "() => document.querySelectorAll('td.state').forEach((cell, n) => cell.classList.add(n % 2 ? 'bad' : 'warn'))"
    )
    contrasts = await ops.contrasts()
    assert len(contrasts) > 200
    assert [each for each in contrasts if each[0] < 4.5] == []
    assert await ops.page.evaluate(UNNAMED) == {"unnamed": [], "twice": [], "dangling": [], "headless": 0}
    assert await ops.page.locator("h1").count() == 1


@pytest.mark.parametrize("width", [400, 800, 1280])
async def test_it_fits_the_window(ops: OperationsPage, shop: Installation, width: int, tmp_path: Path) -> None:
    await ops.page.set_viewport_size({"width": width, "height": 900})
    await ops.open(shop.url)
    await ops.search(await place(shop))
    await ops.page.get_by_role("button", name="product", exact=True).click()
    await expect(ops.page.locator("#way-known")).to_be_visible()
    await ops.page.screenshot(path=tmp_path / f"{width}.png", full_page=True)
    assert await ops.page.evaluate("() => document.documentElement.scrollWidth") == width


async def test_a_closed_installation_asks_who_it_is(ops: OperationsPage, servers: Servers) -> None:
    async with installation(servers) as made:
        made.start_workers(1)
        await made.start_api(COUNTERFOIL_OPEN="0")
        reason = ops.page.locator("#access-reason")
        tokens = {
            "customer": made.bearer("customer", subject=ADA)["Authorization"],
            "operator": made.bearer("operator")["Authorization"],
        }
        await ops.open(made.url, until="Not let in")
        await expect(reason).to_contain_text("wants to know who asks")
        await expect(ops.page.locator("#board")).to_be_hidden()
        assert await ops.focused() == "Bearer token"

        for token, words in ((tokens["customer"], "its role may not see this"), ("nonsense", "it is not valid")):
            await ops.page.get_by_label("Bearer token").fill(token)
            await ops.page.keyboard.press("Enter")
            await expect(reason).to_contain_text(words)
        await ops.page.get_by_label("Bearer token").fill(tokens["operator"])
        await ops.page.get_by_role("button", name="Let me in").click()
        await ops.says("Live")
        await expect(ops.cell("sales", "state")).to_be_visible()

        await ops.page.get_by_role("button", name="sales", exact=True).click()
        await ops.page.get_by_role("button", name="Prune…").click()
        await ops.page.get_by_role("dialog").get_by_role("button", name="Prune").click()
        await expect(ops.page.locator("#notice")).to_contain_text("Only an administrator may do this.")

        await ops.open(made.url)
        await ops.page.get_by_role("button", name="Forget the token").click()
        await ops.says("Not let in")
        await ops.page.close()


async def test_it_is_there_again_after_the_api_was_away(browser: Browser, servers: Servers) -> None:
    async with installation(servers) as made:
        await made.seed()
        made.start_workers(1)
        api = await made.start_api()
        page = await (await browser.new_context()).new_page()
        ops = OperationsPage(page)
        await ops.open(made.url)
        api.terminate()
        await ops.says("Disconnected since")
        api.wait(20)
        await made.start_api()
        await ops.says("Live")
        await expect(ops.page.locator("#views-table > tbody")).to_have_count(len(registry.VIEWS))
        before = (await ops.positions())["sales"]
        await place(made)
        await expect(ops.cell("sales", "position")).not_to_have_text(f"{before:,}")
        await page.context.close()


async def test_without_websockets_it_asks_again_and_again(ops: OperationsPage, shop: Installation) -> None:
    await ops.page.add_init_script(NO_SOCKETS)
    await ops.open(shop.url, until="websockets do not work here")
    await expect(ops.page.locator("#views-table > tbody")).to_have_count(len(registry.VIEWS))
    before = (await ops.positions())["sales"]
    await place(shop)
    await expect(ops.cell("sales", "position")).not_to_have_text(f"{before:,}")


async def test_it_works_where_known_documents_alone_are_executed(
    ops: OperationsPage, servers: Servers, tmp_path: Path
) -> None:
    known = tmp_path / "documents.json"
    known.write_text("{}")
    async with installation(servers) as made:
        await made.seed()
        made.start_workers(1)
        await made.start_api(COUNTERFOIL_TRUSTED_ONLY="1", COUNTERFOIL_TRUSTED_DOCUMENTS=str(known))
        refused = await made.ask("{ projectionStatus { view } }")
        assert refused["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
        await ops.open(made.url)
        await expect(ops.page.locator("#views-table > tbody")).to_have_count(len(registry.VIEWS))
        await expect(ops.page.locator("#operations-none")).to_be_visible()
        await ops.page.close()


def test_every_document_fits_the_schema() -> None:
    schema = build_schema(schema_file.current())
    problems = {name: validate(schema, parse(text)) for name, text in documents().items()}
    assert problems == {name: [] for name in documents()}


async def test_its_files_are_kept_by_browsers_and_name_nobody_else(shop: Installation) -> None:
    async with httpx.AsyncClient(base_url=shop.url) as client:
        page = await client.get("/ops")
        folder = re.findall(r'src="(ops/\w+)/main\.js"', page.text)[0]
        names = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".css", ".js", ".graphql"))
        files = [await client.get(f"/{folder}/{name}") for name in names]
        missing = [
            await client.get(path)
            for path in (f"/{folder}/page.html", f"/{folder}/..%2fpages.py", "/ops/0123456789abcdef/main.js")
        ]
    assert page.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert page.headers["Cache-Control"] == "no-cache"
    assert {(file.status_code, file.headers["Cache-Control"]) for file in files} == {
        (200, "public, max-age=31536000, immutable")
    }
    assert {each.status_code for each in missing} == {404}
    assert set(re.findall(r"\w+://([\w.-]+)", page.text + "".join(file.text for file in files))) == {"www.w3.org"}
    assert not re.search(r"<style|<script>|\son\w+=|\sstyle=", page.text)
