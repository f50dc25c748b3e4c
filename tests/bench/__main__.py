"""`make bench`: every measurement, as a table and as JSON.

    python -m tests.bench [NAME…]     names are those of the modules: photos, inbox, sales, sales-postgres

What is compared is a ratio or has a target beside it: times of one machine say nothing about another.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def main(wanted: list[str]) -> None:
    names = [name.replace("-", "_") for name in wanted] or sorted(
        path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")
    )
    found: dict[str, Any] = {}
    for name in names:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        run = importlib.import_module(f"tests.bench.bench_{name}").run
        found[name] = asyncio.run(run()) if inspect.iscoroutinefunction(run) else run()
    for name, result in found.items():
        print(f"\n{name}")
        for path, value in flat(result):
            print(f"  {path:<48} {value:g}" if isinstance(value, int | float) else f"  {path:<48} {value}")
    print("\n" + json.dumps(found))


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers and texts of a result, each with its place."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{path} {key}".strip())
    elif isinstance(value, list):
        for place, inner in enumerate(value, 1):
            yield from flat(inner, f"{path} {place}".strip())
    else:
        yield path, value


if __name__ == "__main__":
    main(sys.argv[1:])
