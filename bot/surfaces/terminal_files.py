"""Where the terminal puts the files of cards."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path


def write_beside(folder: Path, name: str, data: bytes) -> Path:
    """Write a file under its name, or "name-2" and so on where that is taken; only its owner may read it. Raises `OSError`."""
    plain = Path(name).name
    for number in count(1):
        path = folder / (plain if number == 1 else f"{Path(plain).stem}-{number}{Path(plain).suffix}")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        return path
    raise AssertionError("count does not end")
