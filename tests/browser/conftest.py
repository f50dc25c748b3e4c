"""A headless Chromium and a running Haggle to look at."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from tests import requires
from tests.home import Home, open_home

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
expect.set_options(timeout=20_000)  # a ceiling for busy machines: what is expected mostly comes within milliseconds
SHOTS = os.environ.get("HAGGLE_SHOTS", "")  # a folder for screenshots, for those who want to look

OpenPage = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    path = requires.browser()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> OpenPage:
    """`async with open_page(width=375) as page`: fails at the end when the page wrote an error or broke its own policy."""

    @asynccontextmanager
    async def opened(*, width: int = 1280, height: int = 860, dark: bool = False, allowed: tuple[str, ...] = ()) -> AsyncIterator[Page]:
        context = await chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", has_touch=width < 500
        )
        page = await context.new_page()
        page.set_default_timeout(15_000)
        wrong: list[str] = []

        def note(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and not any(words in message.text for words in allowed):
                wrong.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
        await context.close()
        assert wrong == []

    return opened


async def shoot(page: Page, name: str) -> None:
    """A picture for whoever set HAGGLE_SHOTS."""
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")
