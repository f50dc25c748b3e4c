"""One process of Haggle, until it is killed: `python -m tests.chaos.worker`, its settings from HAGGLE_… as usual.

With HAGGLE_SURFACES=false it is a worker without an http address, of which PostgreSQL allows any number.
"""

from __future__ import annotations

import asyncio
import signal

from bot import wiring
from bot.http.server import Server
from bot.settings import load


async def main() -> None:
    settings = load()
    app = await wiring.build(settings)
    await app.start()
    try:
        if app.web is None:
            await _until_told()
        else:
            await Server(app.http, app.web, host=settings.host, port=settings.port).serve()
    finally:
        await app.stop()


async def _until_told() -> None:
    told = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told.set)
    print("working", flush=True)
    await told.wait()


if __name__ == "__main__":
    asyncio.run(main())
