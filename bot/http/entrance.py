"""Who is asking: the cookie of a browser or the bearer token of a terminal, and how much each may ask."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.http.answers import answer_error, answer_sentence
from bot.http.limits import Limits
from bot.http.security import SAFE
from bot.speech import speech_of
from core.errors import Busy
from core.flows import sessions
from core.flows.house import House
from core.flows.people import Person
from core.words import N_, _, speaking

COOKIE = "haggle_session"
OURS = "x-haggle"  # a header that no foreign page can send without asking first, which is refused
# Photos and the page's own files: read once and then cached, but dozens at a time when a long chat is opened.
FILES = ("/photos/", "/static/")
ROLLS = "/api/v1/rolls"  # a camera roll is hundreds of writes that one person means at once; it has a limit of its own
SIGN_IN = N_(
    "Sign in first: type /web where you talk with Haggle, or open the link that it printed in the terminal where it runs. "
    "If you are new here, ask its owner for an invitation."
)
_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")  # the first that fits: later ones are also named by earlier ones' browsers
_NAMES = {"Edg": "Edge", "OPR": "Opera"}
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")


class Entrance:
    """ASGI middleware: finds the person of a request, and keeps everybody to their limits."""

    def __init__(self, app: ASGIApp, house: House, limits: Limits) -> None:
        self._app = app
        self._house = house
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Webhooks have a limit of their own, and a health check must not fail because others ask too much.
        if scope["type"] != "http" or scope["path"].startswith("/webhooks/") or scope["path"] == "/healthz":
            await self._app(scope, receive, send)
            return
        token = token_of(Headers(scope=scope))
        person = await sessions.session_person(self._house, token) if token else None
        scope.setdefault("state", {}).update(person=person, token=token)
        with speaking(speech_of(person.language if person else _asked_for(Headers(scope=scope)))):
            await (self._refusal(scope, person) or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope, person: Person | None) -> ASGIApp | None:
        """The answer to a request that goes no further."""
        try:
            self._count(scope, person)
        except Busy as error:
            return answer_error(error)
        writes = scope["method"] not in SAFE
        if writes and scope["path"].startswith("/api/") and not Headers(scope=scope).get(OURS):
            return answer_sentence(403, _("This call lacks the header X-Haggle: 1, which shows that Haggle's own page or client made it."))
        return None

    def _count(self, scope: Scope, person: Person | None) -> None:
        address = scope["client"][0] if scope.get("client") else ""
        if person is None:
            self._limits.stranger_bursts.take(address)
            self._limits.strangers.take(address)
        elif not scope["path"].startswith(FILES):
            self._limits.members.take(person.member_id)
        if scope["method"] not in SAFE and not (person and scope["path"].startswith(ROLLS)):
            self._limits.writes.take(address)


def _asked_for(headers: Headers) -> str:
    """The language that a stranger's browser likes best."""
    return headers.get("accept-language", "")[:2].lower()


def token_of(headers: Headers) -> str:
    """The session's token, empty when there is none. The terminal's header wins over a cookie."""
    kind, _space, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    return cookie_parser(headers.get("cookie", "")).get(COOKIE, "")


def browser_name(agent: str) -> str:
    """What a browser calls itself, in two words: "Firefox, Linux". Empty when it is none that people know."""
    browser = next((_NAMES.get(one, one) for one in _BROWSERS if f"{one}/" in agent), "")
    system = next((one for one in _SYSTEMS if one in agent), "")
    return ", ".join(part for part in (browser, system) if part)


def visitor(request: Request) -> Person | None:
    """Who is signed in; None for a stranger."""
    person: Person | None = request.state.person
    return person


def signed_in(request: Request) -> Person:
    """Who is signed in. Answers 401 to a stranger."""
    person = visitor(request)
    if person is None:
        raise HTTPException(401, _(SIGN_IN))
    return person


Member = Annotated[Person, Depends(signed_in)]
