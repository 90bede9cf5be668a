"""The system's Chromium, with every host but this machine out of its reach."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def executable() -> str | None:
    """Where Chromium is, if it is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Witness:
    """Writes down what a page asked for, and what it complained about."""

    def __init__(self, page: Page) -> None:
        self.hosts: set[str | None] = set()
        self.complaints: list[str] = []
        page.on("request", self._asked)
        page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).hostname))
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.hostname)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


class GraphiQLPage:
    """GraphiQL as somebody in front of it would use it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.witness = Witness(page)

    async def open(self, url: str) -> None:
        """Load the page, and wait until its editors are there."""
        await self.page.goto(url)
        await self.page.locator(".graphiql-query-editor .view-line").first.wait_for()
        await self.page.locator(".graphiql-doc-explorer, .examples").first.wait_for()

    async def choose(self, example: str) -> None:
        """Open an example from the list."""
        await self.page.locator(".examples").get_by_role("button", name=example).click()

    async def run(self) -> None:
        """Press the execute button."""
        await self.page.get_by_role("button", name="Execute query").click()

    async def type_headers(self, text: str) -> None:
        """Fill the headers editor of the open tab."""
        await self._tool("Headers").click()
        await self.page.evaluate(
            "text => __MONACO.editor.getModels().find(m => /header/.test(m.uri.path)).setValue(text)", text
        )

    def _tool(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    async def answer(self, holding: str) -> str:
        """The text of the result pane, once it holds a word."""
        found = await self.page.wait_for_function(
            """word => {
                const pane = window.__MONACO?.editor.getModels().find((m) => /response/.test(m.uri.path));
                const text = pane?.getValue() ?? "";
                return text.includes(word) && text;
            }""",
            arg=holding,
        )
        return str(await found.json_value())

    async def variables(self) -> str:
        """The text of the variables editor."""
        found = await self.page.evaluate(
            "() => __MONACO.editor.getModels().find(m => /variable/.test(m.uri.path)).getValue()"
        )
        return str(found)
