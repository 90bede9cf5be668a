"""The operations page as somebody in front of it would use it, and what can be checked of it by measuring."""

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.app.web.browser import Witness

CONTRAST = """() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => {
        const linear = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    };
    const ground = (node) => {
        for (let each = node; each; each = each.parentElement) {
            const colour = channels(getComputedStyle(each).backgroundColor);
            if (colour[3] !== 0) return colour;
        }
        throw new Error("nothing has a ground");
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest("script, noscript")) continue;
        const [one, other] = [channels(getComputedStyle(node).color), ground(node)].map(luminance);
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        found.push([ratio, walker.currentNode.data.trim().slice(0, 40)]);
    }
    return found;
}"""
"""The contrast of every visible text with its ground, as WCAG 2 computes it."""

UNNAMED = """() => {
    const shown = (node) => node.checkVisibility();
    const named = (node) => (node.getAttribute("aria-label") ?? "").trim() || node.textContent.trim()
        || [...(node.labels ?? [])].some((label) => label.textContent.trim());
    const nodes = [...document.querySelectorAll("a[href], button, input, textarea, summary, [role=img]")];
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    const meant = ["aria-labelledby", "aria-describedby", "aria-controls"].flatMap((name) =>
        [...document.querySelectorAll(`[${name}]`)].map((node) => node.getAttribute(name)));
    const headed = (table) => table.querySelector("th[scope=col]");
    return {
        unnamed: nodes.filter((node) => shown(node) && !named(node)).map((node) => node.outerHTML),
        twice: ids.filter((id, place) => ids.indexOf(id) !== place),
        dangling: meant.filter((id) => !document.getElementById(id)),
        headless: [...document.querySelectorAll("table")].filter((table) => !headed(table)).length,
    };
}"""
"""What can be used and has no name; ids that there are twice, or that are meant and not there; tables without heads."""


class OperationsPage:
    """The page in a browser's tab."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.witness = Witness(page)

    async def open(self, url: str, *, until: str = "Live") -> None:
        """Load the page, and wait until it says this of its connection."""
        await self.page.goto(f"{url}/ops")
        await self.says(until)

    async def says(self, words: str) -> None:
        """Wait until the page says this of its connection."""
        await expect(self.page.locator("#connection")).to_contain_text(words)

    def row(self, view: str) -> Locator:
        """A view's line."""
        return self.page.locator("#views-table > tbody").filter(has=self.page.locator(f"#detail-{view}")).first

    def cell(self, view: str, name: str) -> Locator:
        """A figure of a view."""
        return self.row(view).locator(f"> tr > td.{name}")

    def group(self, consumer: str) -> Locator:
        """What a consumer could not apply."""
        return self.page.locator("#letters .group").filter(has_text=f"Retry all of {consumer}")

    async def open_group(self, consumer: str) -> None:
        """Show its letters, unless they are shown."""
        group = self.group(consumer)
        if await group.get_attribute("open") is None:
            await group.locator("> summary").click()

    async def search(self, command_id: str) -> None:
        """Look for a command."""
        await self.page.get_by_label("Command id").fill(command_id)
        await self.page.get_by_role("button", name="Search", exact=True).click()

    async def feed_rebuilds(self, progress: list[dict[str, Any]]) -> None:
        """Show this in the panel of rebuilds."""
        await self.page.evaluate(
            """async (progress) => {
                const script = document.querySelector("script[type=module]").src;
                const { Rebuilds } = await import(new URL("rebuilds.js", script));
                const live = { all: [{ status: { view: "sales", generation: 7 } }] };
                (window.fedRebuilds ??= new Rebuilds(live)).show(progress);
            }""",
            progress,
        )

    async def confirm(self, words: str) -> None:
        """Press a button that asks back, and then the one that says the same."""
        await self.page.get_by_role("button", name=f"{words}…").click()
        await self.page.get_by_role("dialog").get_by_role("button", name=words).click()

    async def positions(self) -> dict[str, int]:
        """How far the views are, as the table says."""
        rows = self.page.locator("#views-table > tbody")
        names = await rows.locator("button.name").all_inner_texts()
        shown = await rows.locator("> tr > td.position").all_inner_texts()
        return {name: int(text.replace(",", "")) for name, text in zip(names, shown, strict=True)}

    async def focused(self) -> str:
        """What has the focus: its name, or its label."""
        name: str = await self.page.evaluate(
            """() => {
                const node = document.activeElement;
                return node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent ?? node.textContent.trim();
            }"""
        )
        return name

    async def tabbed(self, most: int = 200) -> list[str]:
        """What Tab leads to, from the beginning of the page on."""
        await self.page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
        names: list[str] = []
        for _ in range(most):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("() => document.activeElement === document.body"):
                break
            names.append(await self.focused())
        return names

    async def contrasts(self) -> list[tuple[float, str]]:
        """Of every visible text, the lowest first."""
        found: list[Any] = await self.page.evaluate(CONTRAST)
        return sorted((ratio, text) for ratio, text in found)
