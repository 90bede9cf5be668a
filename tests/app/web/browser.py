"""The system's Chromium, with every host but this machine out of its reach, and GraphiQL in it."""

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, WebSocket, async_playwright, expect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "Chromium is missing, so nobody has seen the page: as root `apt-get install chromium`, "
    f"or put one on PATH under one of the names {', '.join(NAMES)}"
)
MODEL = "__MONACO.editor.getModels().find(model => model.uri.path.includes('%s'))"
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


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium. Without one the test fails for root, who can install it, and is skipped for others."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        (pytest.fail if os.geteuid() == 0 else pytest.skip)(MISSING)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Witness:
    """Writes down what a page asked for and sent, and what it complained about."""

    def __init__(self, page: Page) -> None:
        self.hosts: set[str | None] = set()
        self.complaints: list[str] = []
        self.posted: list[tuple[dict[str, str], Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []
        page.on("request", self._asked)
        page.on("websocket", self._opened)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def last(self, operation: str) -> tuple[dict[str, str], Any]:
        """Headers and variables of the operation's last request."""
        headers, body = [(h, b) for h, b in self.posted if b["operationName"] == operation][-1]
        return headers, body.get("variables")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.hostname)
        if request.method == "POST":
            self.posted.append((request.headers, request.post_data_json))

    def _opened(self, socket: WebSocket) -> None:
        self.hosts.add(urlsplit(socket.url).hostname)
        socket.on("framesent", lambda text: self.sent.append(json.loads(text)))
        socket.on("framereceived", lambda text: self.received.append(json.loads(text)))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


class GraphiQLPage:
    """GraphiQL as somebody in front of it would use it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.witness = Witness(page)

    @property
    def receipt(self) -> Locator:
        """What stands under the answer after a mutation."""
        return self.page.get_by_role("status")

    async def open(self, url: str) -> None:
        """Load the page, and wait until its editors are there."""
        await self.page.goto(url)
        await self.page.locator(".graphiql-query-editor .view-line").first.wait_for()
        await self.page.wait_for_function(f"() => window.__MONACO && {MODEL % 'variable'}?.getValue()")

    async def choose(self, example: str) -> None:
        """Open an example from the list."""
        chosen = self.page.locator(".examples").get_by_role("button", name=example)
        await chosen.click()
        await expect(chosen).to_have_attribute("aria-current", "true")

    async def press(self, name: str) -> None:
        """Press the button whose name has this in it."""
        await self.page.get_by_role("button", name=name).click()

    async def run(self) -> None:
        """Press the execute button."""
        await self.page.get_by_role("button", name="Execute query").click()

    async def type_headers(self, headers: dict[str, str]) -> None:
        """Fill the headers editor of the open tab."""
        await self.press("Headers")
        await self.write("header", json.dumps(headers))

    async def answer(self, holding: str, but_not: str = "no such text") -> Any:
        """The content of the result pane, once it holds a word, and another no longer."""
        found = await self.page.wait_for_function(
            f"""([word, other]) => {{
                const text = {MODEL % "response"}.getValue();
                return text.includes(word) && !text.includes(other) && text;
            }}""",
            arg=[holding, but_not],
        )
        return json.loads(await found.json_value())

    async def variables(self) -> Any:
        """The content of the variables editor."""
        return json.loads(await self.page.evaluate(f"() => {MODEL % 'variable'}.getValue()"))

    async def underlined(self) -> list[str]:
        """What the editors find wrong."""
        found = await self.page.evaluate("() => __MONACO.editor.getModelMarkers({}).map(m => m.message)")
        return list(found)

    async def write(self, editor: str, text: str) -> None:
        """Replace the text of the editor for variables or headers."""
        await self.page.evaluate(f"text => {MODEL % editor}.setValue(text)", text)
