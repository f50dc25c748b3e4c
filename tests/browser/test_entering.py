"""Signing in and out with a real browser, which sends what browsers send."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from core.flows import members, people, sessions
from core.values.states import Role
from storage.models import Member
from tests.browser.conftest import OpenPage, shoot
from tests.home import Home

pytestmark = pytest.mark.browser


async def test_a_link_signs_in_by_itself_and_the_code_leaves_the_address(home: Home, open_page: OpenPage) -> None:
    owner, _token = await home.member(Role.OWNER)
    async with open_page() as page:
        await page.goto(f"{home.url}/enter?code={await home.code()}")
        await expect(page).to_have_url(f"{home.url}/")
        await expect(page.locator("#me")).to_have_text("Sam, owner")
        other = await sessions.open_session(home.app.house, owner)
        await page.get_by_role("button", name="Sign out", exact=True).click()
        await expect(page.locator("h1")).to_have_text("Signed out")
        assert await sessions.session_person(home.app.house, other) == owner
        assert await page.context.cookies() == []


async def test_who_is_invited_says_their_name_and_signs_out_everywhere(home: Home, open_page: OpenPage) -> None:
    owner, _token = await home.member(Role.OWNER)
    async with home.app.house.db.write() as session:
        code = await members.invite(session, home.app.house, owner, Role.SELLER, ())
    async with open_page(width=375) as page:
        await page.goto(f"{home.url}/enter?code={code}")
        await expect(page.get_by_text("You are invited as seller.")).to_be_visible()
        await expect(page).to_have_url(f"{home.url}/enter")
        await shoot(page, "invited")
        await page.get_by_label("What should the others call you?").fill("Ann")
        await page.get_by_role("button", name="Come in").click()
        await expect(page.locator("#me")).to_have_text("Ann, seller")
    async with open_page(width=1280) as page:
        ann = await people.make_code(home.app.house, Role.SELLER, member_id=await _id(home, "Ann"))
        await page.goto(f"{home.url}/enter?code={ann}")
        await expect(page.locator("#me")).to_have_text("Ann, seller")
        await page.get_by_role("button", name=re.compile("everywhere")).click()
        await expect(page.locator("h1")).to_have_text("Signed out")
        async with home.app.house.db.read() as session:
            assert await sessions.sessions_of(session, home.app.house, await _id(home, "Ann")) == []


async def _id(home: Home, name: str) -> str:
    async with home.app.house.db.read() as session:
        return (await session.execute(select(Member.id).where(Member.name == name))).scalar_one()
