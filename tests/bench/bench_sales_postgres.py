"""Sales as in `bench_sales`, on PostgreSQL: a server and one worker, then a server and two.

python -m tests.bench sales-postgres
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.bench_sales import LOADS, PROBES, all_of
from tests.bench.sale_place import Load, Place
from tests.databases import postgres_server


def run(loads: Sequence[Load] = LOADS, probes: int = PROBES, workers: Sequence[int] = (1, 2)) -> list[dict[str, Any]]:
    """Rows as those of `bench_sales`, for each number of workers."""
    found: list[dict[str, Any]] = []
    with postgres_server() as postgres, tempfile.TemporaryDirectory() as folder:
        for count in workers:
            name = f"PostgreSQL, {count} worker{'s' if count > 1 else ''}"
            place = Place.made(Path(folder) / str(count), database=postgres.url(postgres.create()), workers=count)
            found += asyncio.run(all_of(name, place, loads, probes))
    return found
