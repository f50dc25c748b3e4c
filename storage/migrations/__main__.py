"""`python -m storage.migrations "what changed"`: write the next migration from the difference between the models and the history.

Read what it wrote, give it data steps where it needs them, and set `HEAD` in `storage/migrate.py`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy.engine import Connection

from storage import migrate
from storage.db import sqlite_url


async def write_next(message: str) -> None:
    def step(connection: Connection) -> None:
        command.revision(migrate.config(connection), message, autogenerate=True, rev_id=f"{int(migrate.HEAD) + 1:04d}")

    with tempfile.TemporaryDirectory() as folder:
        url = sqlite_url(Path(folder))
        await migrate.upgrade(url)
        await migrate.run(url, step)


if __name__ == "__main__":
    asyncio.run(write_next(sys.argv[1]))
