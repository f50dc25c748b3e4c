"""Pages for people: the chat, the way in, the way out, and the files that the chat page needs."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.http.answers import STATIC, page
from bot.http.entrance import COOKIE, SIGN_IN, visitor
from bot.http.limits import Limits
from bot.surfaces.web import SURFACE
from core.errors import Refused
from core.flows import people
from core.flows.house import House

# As long as the session itself: a cookie that outlives it would only lead to the sign-in sentence.
COOKIE_LIFE: timedelta = people.SESSION_LIFE


class Pages:
    """`/`, `/enter`, `/leave`."""

    def __init__(self, house: House, limits: Limits) -> None:
        self._house = house
        self._limits = limits

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/", self.home, response_class=HTMLResponse)
        router.add_api_route("/enter", self.enter, response_class=HTMLResponse)
        router.add_api_route("/leave", self.leave, methods=["POST"], response_class=HTMLResponse)
        return router

    async def home(self, request: Request) -> Response:
        if visitor(request) is None:
            return page("Haggle", SIGN_IN, 401)
        return FileResponse(STATIC / "chat.html", media_type="text/html", headers={"Cache-Control": "no-store"})

    async def enter(self, request: Request, code: str = "") -> Response:
        """A one-time code becomes a cookie. Who is in already and opens an old link again just gets the chat."""
        self._limits.sign_ins.take(request.client.host if request.client else "")
        try:
            person = await people.enter(self._house, code, SURFACE, "", name="Owner")
        except Refused as error:
            if visitor(request) is not None:
                return RedirectResponse("/", 303)
            return page("This link does not work any more", str(error), 403)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE, await people.open_session(self._house, person), max_age=int(COOKIE_LIFE.total_seconds()),
            httponly=True, samesite="lax", secure=request.url.scheme == "https",
        )  # fmt: skip
        return answer

    async def leave(self, request: Request) -> Response:
        if request.state.token:
            await people.close_session(self._house, request.state.token)
        answer = page("Signed out", SIGN_IN)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
        return answer


class Files(StaticFiles):
    """The page's own files. Browsers keep them and ask each time whether they changed: an update of Haggle is there at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
