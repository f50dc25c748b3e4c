"""The page's own words, in the reader's language: everything that it says is in its list, and the list has nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from bot.http.answers import STATIC
from bot.http.page_words import HTML, SCRIPTS, translated
from bot.speech import speech_of
from core.values.states import Role
from storage.models import Member
from tests.home import OURS, Home

READ = ("aria-label", "title", "placeholder")


class Texts(HTMLParser):
    """What a page says, and its language."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: set[str] = set()
        self.language = ""
        self.block: dict[str, str] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.language = self.language or next((value or "" for name, value in attrs if name == "lang"), "")
        self.said |= {value for name, value in attrs if name in READ and value}

    def handle_data(self, data: str) -> None:
        if self._inside == "script" and data.strip().startswith("{"):
            self.block = json.loads(data)
        elif data.strip():
            self.said.add(" ".join(data.split()))


def test_the_list_has_what_the_page_says() -> None:
    page = Texts((STATIC / "chat.html").read_text("utf-8"))
    assert page.said - {"Haggle"} == set(HTML)
    scripts = [path.read_text("utf-8") for path in sorted(STATIC.glob("*.js"))]
    assert {text for script in scripts for text in re.findall(r'\bphrase\("([^"]+)"', script)} == set(SCRIPTS)


def test_every_word_of_the_page_is_in_the_other_language() -> None:
    spanish = speech_of("es")
    page = Texts(translated((STATIC / "chat.html").read_text("utf-8"), "es"))
    assert page.language == "es"
    assert page.said - {"Haggle"} == {spanish.gettext(one) for one in HTML}
    assert page.block == {one: spanish.gettext(one) for one in (*SCRIPTS, *HTML)}
    assert len({spanish.gettext(one) for one in HTML}) == len(set(HTML))  # the page finds a message by how it is said


async def test_a_member_is_served_and_answered_in_their_language(home: Home) -> None:
    person, token = await home.member(Role.SELLER)
    async with home.app.house.db.write() as session:
        (await session.get_one(Member, person.member_id)).language = "es"
    member = home.browser(Authorization=f"Bearer {token}", **OURS)
    assert 'lang="es"' in (await member.get("/")).text
    refused = await member.post("/api/v1/chat/messages", json={"event_id": "empty-one-here", "text": ""})
    assert refused.json() == {"error": "No hay nada en este mensaje: escribe algo o añade fotos."}
    there = {one["name"]: one["summary"] for one in (await member.get("/api/v1/commands")).json()["commands"]}
    assert there["publish"] == "Publicar un artículo"
    told = (await member.get("/api/v1/words")).json()
    assert (told["language"], told["words"]["Send"]) == ("es", "Enviar")
    stranger = home.browser()
    assert "Entra primero" in (await stranger.get("/", headers={"Accept-Language": "es-ES,es;q=0.9"})).text
