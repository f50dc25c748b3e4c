"""The ASGI app: everything that is reached over HTTP, put together.

Security    host names, origins, body sizes, headers         every request
Entrance    who is signed in, limits                         every request but webhooks and /healthz
routes      pages, chat, events, photos, webhooks, OAuth, health
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI

from bot.http import answers, oauth, slack
from bot.http.chat_api import ChatApi
from bot.http.entrance import Entrance
from bot.http.events import Events
from bot.http.health import Health, HealthApi
from bot.http.limits import Limits
from bot.http.me import Me
from bot.http.notices import Notices
from bot.http.oauth import FinishConnect
from bot.http.pages import Files, Pages
from bot.http.papers import Papers
from bot.http.photos import Photos
from bot.http.rolls import Rolls
from bot.http.security import Security, WebSettings
from bot.http.webhooks import TelegramWebhook, Webhooks
from bot.surfaces.web import WebSurface
from core.flows.house import House


def create(
    house: House,
    settings: WebSettings,
    web: WebSurface,
    *,
    health: Health,
    commands: Callable[[], list[dict[str, str]]],
    idle: Callable[[], Awaitable[None]],
    finish_connect: FinishConnect,
    telegram_webhook: TelegramWebhook | None = None,
    slack_webhook: slack.SlackWebhook | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """`web` is the surface that is in `house.surfaces` too. Run it by `bot.http.server.Server`, which ends the event streams."""
    held = limits or Limits()
    # No generated documentation pages: they load scripts from elsewhere, which our policy forbids.
    app = FastAPI(title="Haggle", docs_url=None, redoc_url=None, openapi_url=None)
    answers.install(app)
    for router in (
        slack.router(house, held, slack_webhook),
        Webhooks(house, held, telegram_webhook).router(),  # early: each router before it is asked for every sale whether it is meant
        Pages(house, held).router(),
        ChatApi(house, commands=commands, idle=idle).router(),
        Events(house, web).router(),
        Photos(house, held, web).router(),
        Papers(house).router(),
        Rolls(house).router(),
        Me(house, web).router(),
        Notices(house, web).router(),
        oauth.router(finish_connect),
        HealthApi(health).router(),
    ):
        app.include_router(router)
    app.mount("/static", Files(directory=answers.STATIC))
    app.add_middleware(Entrance, house=house, limits=held)
    app.add_middleware(Security, settings=settings)  # added last, so it comes first
    return app
