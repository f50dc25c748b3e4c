"""What a database that says no tells, and whose clock counts."""

from __future__ import annotations

import secrets
import traceback

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from storage.db import Database
from storage.models import Post


async def test_an_error_does_not_show_what_was_to_be_stored(database: Database) -> None:
    said = secrets.token_urlsafe(12)
    row = {"surface": "web", "chat": "c", "said": {"text": f"one line\n{said}"}, "created_at": database.now(), "changed_at": None}
    with pytest.raises(IntegrityError) as caught:
        async with database.write() as session:
            await session.execute(insert(Post).values(**row, message=f"first\n{said}"))
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "changed_at" in told
    assert said not in told
