"""Pages for people: the chat, the way in, the way out, and the files that the chat page needs."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from string import Template
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.http.answers import STATIC, page
from bot.http.entrance import COOKIE, OURS, SIGN_IN, browser_name, visitor
from bot.http.limits import Limits
from bot.http.page_words import translated
from bot.surfaces.web import SURFACE
from core.errors import Refused
from core.flows import people, sessions
from core.flows.house import House
from core.flows.people import Entry, Person
from core.rules.access import ROLES
from core.words import _, here, speech

# As long as a session may last at most. How long one really does is the row's to say.
COOKIE_LIFE: timedelta = sessions.LONGEST
_CHAT = (STATIC / "chat.html").read_text("utf-8")
_ME = '<p id="me" class="me"></p>'  # who is signed in
_ENTER = Template((STATIC / "enter.html").read_text("utf-8"))


class Pages:
    """`/`, `/enter`, `/leave`."""

    def __init__(self, house: House, limits: Limits) -> None:
        self._house = house
        self._limits = limits

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/", self.home, response_class=HTMLResponse)
        router.add_api_route("/enter", self.door, response_class=HTMLResponse)
        router.add_api_route("/enter", self.enter, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route("/leave", self.leave, methods=["POST"], response_class=HTMLResponse)
        return router

    async def home(self, request: Request) -> Response:
        person = visitor(request)
        if person is None:
            return page("Haggle", _(SIGN_IN), 401)
        told = translated(_CHAT, speech().language).replace(_ME, _ME.replace("><", f">{escape(called(person))}<"))
        return HTMLResponse(told, headers={"Cache-Control": "no-store"})

    async def door(self, request: Request, code: str = "") -> Response:
        """What a link leads to: a page whose button uses the code. Looking at it uses nothing, since chat apps open every link to show
        what is behind it. Its script presses the button, unless there is something to ask first."""
        entry = await people.look_at(self._house, code)
        if entry is None:
            if visitor(request) is not None:
                return RedirectResponse("/", 303)
            return page(_("This link does not work any more"), _(people.DEAD), 403)
        return self._door(request, code, entry)

    def _door(self, request: Request, code: str, entry: Entry) -> Response:
        inside = visitor(request)
        if inside is not None and entry.member_id not in (None, inside.member_id):
            sentence = _("You are signed in here as {name}. This link signs in {other}.").format(name=inside.name, other=entry.name)
        elif inside is not None and entry.invited:
            sentence = _("You are signed in here as {name}. This link is for somebody new.").format(name=inside.name)
        elif entry.invited:
            sentence = _("You are invited as {role}.").format(role=_(ROLES[entry.role]))
        else:
            sentence = _("This signs you in as {name}.").format(name=entry.name or people.NAMELESS)
        asks_name = entry.invited
        label = escape(_("What should the others call you?"))
        field = f'<p><label>{label}<br><input name="name" maxlength="60" required autocomplete="name"></label></p>' if asks_name else ""
        at_once = not asks_name and (inside is None or entry.member_id in (None, inside.member_id))
        return HTMLResponse(
            _ENTER.substitute(
                language=speech().language, title=escape(_("Sign in")), sentence=escape(sentence), code=escape(code, quote=True),
                field=field,
                label=escape(_("Come in") if asks_name else _("Sign in")), at_once="yes" if at_once else "no",
            )
        )  # fmt: skip

    async def enter(self, request: Request, code: Annotated[str, Form()] = "", name: Annotated[str, Form(max_length=60)] = "") -> Response:
        """A one-time code becomes a cookie."""
        self._limits.sign_ins.take(request.client.host if request.client else "")
        if not is_ours(request):
            return page(_("That did not work"), _("Open the link itself: only Haggle’s own page can use it."), 403)
        try:
            person = await people.enter(self._house, code, SURFACE, "", name=" ".join(name.split()))
        except Refused as error:
            return page(_("This link does not work any more"), here(error.sentence), 403)
        if request.state.token:  # whoever signs in anew leaves what was open here
            await sessions.close_session(self._house, request.state.token)
        token = await sessions.open_session(self._house, person, name=browser_name(request.headers.get("user-agent", "")))
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE, token, max_age=int(COOKIE_LIFE.total_seconds()), httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )
        return answer

    async def leave(self, request: Request, everywhere: Annotated[str, Form()] = "") -> Response:
        """Out of this browser, or of every one."""
        person = visitor(request)
        if not is_ours(request):
            return page(_("That did not work"), _("Sign out on Haggle’s own page."), 403)
        if everywhere and person is not None:
            async with self._house.db.write() as session:
                await sessions.end_sessions(session, person.member_id)
            self._house.surfaces[SURFACE].settled(person.member_id)  # other open pages hear of it
        if request.state.token:
            await sessions.close_session(self._house, request.state.token)
        answer = page(_("Signed out"), _(SIGN_IN))
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
        return answer


def called(person: Person) -> str:
    """Who is signed in, as the page says it."""
    return _("{name}, {role}").format(name=person.name, role=_(ROLES[person.role]))


def is_ours(request: Request) -> bool:
    """Whether our own page sent a form. Browsers put the Origin on every form that is posted, and no page can change it; which one is
    right has been seen to already (`security.py`). Programs say `X-Haggle`, which no form can."""
    return bool(request.headers.get(OURS)) or bool(urlsplit(request.headers.get("origin", "")).netloc)


class Files(StaticFiles):
    """The page's own files. Browsers keep them and ask each time whether they changed: an update of Haggle is there at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
