"""GraphiQL in a real Chromium, on the real shop, with every other host out of reach."""

import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, expect

from app.kernel import typeid
from app.seed import seeded_id
from app.web.assets import bundle, ensure_assets
from tests.app.web.browser import GraphiQLPage, chromium
from tests.support.installation import Installation

GRACE = typeid.encode("customer", seeded_id("customer", "grace"))
PENDING = typeid.encode("order", seeded_id("order", "pending"))
PAY = "mutation ($id: ID!) { payOrder(input: {orderId: $id}) { __typename } }"


@pytest.fixture(scope="module", autouse=True)
def local_files() -> None:
    """GraphiQL's bundle, made if need be."""
    said: list[str] = []
    if ensure_assets(said.append):
        return
    (pytest.skip if "npm is not installed" in said[-1] else pytest.fail)(said[-1])


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest.fixture
async def graphiql(browser: Browser, shop: Installation) -> AsyncIterator[GraphiQLPage]:
    """The page on a first visit; whatever it was used for, it spoke to nobody else and complained of nothing."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = GraphiQLPage(await context.new_page())
    await page.open(f"{shop.url}/graphql")
    yield page
    await context.close()
    assert page.witness.hosts == {"127.0.0.1"}
    assert page.witness.complaints == []


async def test_a_first_session(graphiql: GraphiQLPage) -> None:
    """The first tab places an order; the next ones read it by its version and find it in a list by the token."""
    await graphiql.run()
    receipt = (await graphiql.answer("CommandAccepted"))["data"]["placeOrder"]
    order = {"id": receipt["aggregateId"], "version": 1}
    await expect(graphiql.receipt).to_contain_text(f"{order['id']} at version 1")
    await expect(graphiql.receipt).to_contain_text(receipt["token"])

    await graphiql.choose("Read your own write")
    await graphiql.press("Use in variables")
    assert await graphiql.variables() == {"id": order["id"], "minVersion": 1}
    await graphiql.run()
    read = (await graphiql.answer(order["id"]))["data"]["order"]
    assert {**order, "status": "PENDING", "__typename": "Order"}.items() <= read.items()
    headers, variables = graphiql.witness.last("ReadYourOrder")
    assert headers["consistency-token"] == receipt["token"]
    assert variables == {"id": order["id"], "minVersion": 1}

    await graphiql.choose("Your order in a list")
    await graphiql.run()
    listed = (await graphiql.answer("freshness"))["data"]["orders"]
    assert listed["edges"][0]["node"]["id"] == order["id"]
    assert graphiql.witness.last("LatestOrders")[0]["consistency-token"] == receipt["token"]


async def test_the_last_token_gives_way_to_one_in_the_headers_editor_and_can_be_forgotten(
    graphiql: GraphiQLPage,
) -> None:
    await graphiql.run()
    await graphiql.answer("CommandAccepted")
    await graphiql.choose("Your order in a list")
    await graphiql.type_headers({"Consistency-Token": "nonsense"})
    await graphiql.run()
    assert (await graphiql.answer("errors"))["errors"][0]["extensions"]["code"] == "MALFORMED_TOKEN"

    await graphiql.type_headers({})
    await graphiql.press("Forget")
    await expect(graphiql.receipt).to_have_count(0)
    await graphiql.run()
    await graphiql.answer("freshness")
    assert "consistency-token" not in graphiql.witness.last("LatestOrders")[0]


async def test_a_subscription_shows_one_result_after_the_other(graphiql: GraphiQLPage, shop: Installation) -> None:
    await graphiql.run()
    placed = (await graphiql.answer("CommandAccepted"))["data"]["placeOrder"]["aggregateId"]
    await graphiql.choose("Follow an order")
    await graphiql.press("Use in variables")
    await graphiql.run()
    followed = await graphiql.answer("PENDING")
    assert followed == {"data": {"orderChanged": {"id": placed, "version": 1, "status": "PENDING"}}}

    await shop.query(PAY, id=placed)
    changed = await graphiql.answer("PAID")
    assert changed == {"data": {"orderChanged": {"id": placed, "version": 2, "status": "PAID"}}}
    results = [frame["payload"] for frame in graphiql.witness.received if frame["type"] == "next"]
    assert results == [followed, changed]

    await graphiql.press("Stop query")
    await expect(graphiql.page.get_by_role("button", name="Execute query")).to_be_visible()
    assert [frame["type"] for frame in graphiql.witness.sent] == ["connection_init", "subscribe", "complete"]


async def test_the_read_models_are_watched_as_they_follow(graphiql: GraphiQLPage) -> None:
    """Of a subscription without end the last result is shown, and it moves by itself."""
    await graphiql.choose("Watch the read models follow")
    await graphiql.run()
    first = (await graphiql.answer("projectionStatus"))["data"]["projectionStatus"]
    await graphiql.answer("projectionStatus", but_not=first[0]["heartbeatAt"])
    second, *_ = [frame["payload"]["data"] for frame in graphiql.witness.received if frame["type"] == "next"][1:]
    assert [each["view"] for each in second["projectionStatus"]] == [each["view"] for each in first]


async def test_the_headers_editor_says_who_asks(graphiql: GraphiQLPage, shop: Installation) -> None:
    """A customer may not look at the machinery, neither over HTTP nor over the websocket."""
    bearer = shop.bearer("customer", subject=GRACE)
    await graphiql.choose("How far the read models are")
    await graphiql.type_headers(bearer)
    await graphiql.run()
    assert (await graphiql.answer("errors"))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert graphiql.witness.last("ProjectionStatus")[0]["authorization"] == bearer["Authorization"]

    await graphiql.choose("Watch the read models follow")
    await graphiql.type_headers(bearer)
    await graphiql.run()
    await graphiql.answer("FORBIDDEN")
    assert graphiql.witness.sent[0] == {"type": "connection_init", "payload": bearer}


async def test_a_link_leads_to_the_operations_page(graphiql: GraphiQLPage, shop: Installation) -> None:
    await graphiql.page.get_by_role("link", name="Operations").click()
    await expect(graphiql.page).to_have_url(f"{shop.url}/ops")
    await expect(graphiql.page.locator("#connection")).to_have_text("Live")


async def test_the_docs_show_the_schema(graphiql: GraphiQLPage) -> None:
    await graphiql.press("Show Documentation Explorer")
    docs = graphiql.page.locator(".graphiql-doc-explorer")
    await docs.get_by_role("link", name="Mutation", exact=True).click()
    await expect(docs).to_contain_text("Order goods at the catalog's prices. Refused at once if it cannot be filled.")


async def test_the_editors_know_the_schema_and_find_nothing_wrong(graphiql: GraphiQLPage) -> None:
    right = json.dumps(await graphiql.variables())
    await graphiql.write("variable", '{"input": {"customerId": 1}}')
    await graphiql.page.wait_for_function("() => __MONACO.editor.getModelMarkers({}).length > 0")
    assert 'Missing property "items".' in await graphiql.underlined()
    await graphiql.write("variable", right)
    await graphiql.page.wait_for_function("() => __MONACO.editor.getModelMarkers({}).length == 0")


async def test_an_example_opens_one_tab_which_is_there_after_a_reload(
    graphiql: GraphiQLPage, shop: Installation
) -> None:
    tabs = graphiql.page.get_by_role("tab")
    await expect(tabs).to_have_count(4)
    state = "JSON.parse(localStorage['graphiql:tabState'])"
    kept = f"said => {state}.tabs[{state}.activeTabIndex]?.variables?.includes(said)"
    for example, said in (("Pay an order", PENDING), ("Place an order", "paymentMethod"), ("Pay an order", PENDING)):
        await graphiql.choose(example)
        await graphiql.page.wait_for_function(kept, arg=said)
    await expect(tabs).to_have_count(5)

    await graphiql.open(f"{shop.url}/graphql")
    await expect(tabs).to_have_count(5)
    assert await graphiql.variables() == {"input": {"orderId": PENDING}}


async def test_the_page_and_its_files_name_neither_a_registry_nor_a_cdn(shop: Installation) -> None:
    """Packages tell of their home pages, which nothing asks for."""
    made = bundle()
    assert made is not None
    async with httpx.AsyncClient(base_url=shop.url) as client:
        page = await client.get("/graphql", headers={"Accept": "text/html"})
        files = [await client.get(f"/assets/{name}") for name in sorted(made.files)]
    assert page.headers["Content-Security-Policy"] == POLICY
    assert HOST.findall(page.text) == ["www.w3.org"]
    assert {file.status_code for file in files} == {200}
    assert [file.url for file in files if ELSEWHERE.search(file.text)] == []


async def test_only_files_of_the_bundle_are_served(shop: Installation) -> None:
    names = ("manifest.json", "page.js", "../assets.py", "..%2fassets.py", "%2e%2e%2fpackage.json")
    async with httpx.AsyncClient(base_url=shop.url) as client:
        assert [(await client.get(f"/assets/{name}")).status_code for name in names] == [404] * len(names)


HOST = re.compile(r"://([\w.-]+)")
ELSEWHERE = re.compile(r"unpkg|jsdelivr|cdnjs|esm\.sh|skypack|googleapis")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
