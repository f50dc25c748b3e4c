"""Errors become answers: a status, and the one sentence that a person reads, as JSON for programs and as a page for browsers."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from string import Template

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from bot.http.security import secure
from core.errors import AuthLost, Busy, HaggleError, Invalid, Missing, Refused, Unreachable
from core.words import N_, _, here, speech

log = structlog.get_logger(__name__)

STATIC = Path(__file__).parent / "static"
STATUS: dict[type[HaggleError], int] = {Refused: 403, AuthLost: 409, Busy: 429, Unreachable: 503, Missing: 404, Invalid: 422}
SURPRISE = N_("Something went wrong inside Haggle. Try again; if it stays, the log of the server says what happened.")
_PAGE = Template((STATIC / "notice.html").read_text("utf-8"))


def page(title: str, sentence: str, status: int = 200, *, link: str = "") -> HTMLResponse:
    """A page that says one thing. `link` is the text of a link to the chat; without it there is none."""
    back = f'<p><a class="button primary" href="/">{escape(link)}</a></p>' if link else ""
    return HTMLResponse(_PAGE.substitute(language=speech().language, title=escape(title), sentence=escape(sentence), back=back), status)


def answer_sentence(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": sentence}, status, headers)


def answer_error(error: HaggleError) -> JSONResponse:
    """`Busy` says when to come again, in whole seconds."""
    headers = {"Retry-After": str(max(1, math.ceil(error.retry_after)))} if isinstance(error, Busy) else None
    return answer_sentence(STATUS.get(type(error), 500), here(error.sentence), headers)


def install(app: FastAPI) -> None:
    """Every error of a handler goes through here."""
    app.add_exception_handler(HaggleError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _surprise)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, HaggleError)
    answer = answer_error(error)
    return (
        page(_("That did not work"), here(error.sentence), answer.status_code, link=_("Back to the chat"))
        if _wants_page(request)
        else answer
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = {404: _("There is nothing here."), 405: _("This address takes other calls than that.")}.get(error.status_code, error.detail)
    if _wants_page(request):
        return page(_("That did not work"), sentence, error.status_code, link=_("To the chat"))
    return answer_sentence(error.status_code, sentence, dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = ", ".join(sorted({".".join(str(part) for part in one["loc"][1:]) or _("the body") for one in error.errors()}))
    return answer_sentence(422, _("This call cannot be understood; look at: {fields}.").format(fields=wrong))


async def _surprise(request: Request, error: Exception) -> Response:
    """The outermost of all: no middleware of ours sees this answer, so it puts the headers on itself."""
    log.error("a request failed", path=request.url.path, error=repr(error))
    answer = answer_sentence(500, _(SURPRISE))
    secure(answer.headers)
    return answer


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith(("/api/", "/webhooks/", "/photos/")) and "text/html" in request.headers.get("accept", "")
