"""What every command stands on: the data folder and a database that answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from bot.settings import Settings
from core.errors import Invalid, Missing, Unreachable
from storage import migrate


def prepare(settings: Settings) -> Path:
    """The data folder, made and writable. Raises `Invalid` otherwise."""
    folder = settings.data_folder
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Invalid(f"The data folder {folder} cannot be made: {error.strerror}. Choose another with --data DIR.") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Invalid(f"The data folder {folder} may not be written to. Choose another with --data DIR, or give this user the right.")
    return folder


def is_there(settings: Settings) -> bool:
    """Whether there is a database to ask: SQLite would make an empty file of what it is asked to open."""
    return not settings.on_sqlite or Path(settings.database.partition(":///")[2]).exists()


def must_exist(settings: Settings) -> None:
    """Raises `Missing` when there is no database yet."""
    if not is_there(settings):
        raise Missing(f"There is no Haggle in {settings.data_folder} yet. Choose another folder with --data DIR.")


async def migrated(settings: Settings) -> bool:
    """Bring the database up to date. False when it was. Raises `Unreachable` when it does not answer."""
    with answering(settings):
        return await migrate.upgrade(settings.database)


def lost_key(settings: Settings, lost: int) -> str:
    """What to do about sealed values whose key is missing."""
    if settings.secret_key:
        place = "HAGGLE_SECRET_KEY, behind the new one"
    else:
        place = f"{settings.data_folder / 'secret.key'}, as a line below the new one"
    return (
        f"{lost} sealed values (marketplace credentials, buyers' data) cannot be opened: the key that sealed them is missing. "
        f"Put it into {place}, and restart; or connect the marketplaces again."
    )


@contextmanager
def answering(settings: Settings) -> Iterator[None]:
    """Turns what a database that is away or broken raises into `Unreachable`."""
    try:
        yield
    except SQLAlchemyError as error:
        where = f"The database in {settings.data_folder}" if settings.on_sqlite else f"PostgreSQL at {urlsplit(settings.database).hostname}"
        told = f"{where} cannot be used. Check HAGGLE_DATABASE_URL and that it runs; `haggle doctor` says more."
        raise Unreachable(told, cause=repr(error)) from error
