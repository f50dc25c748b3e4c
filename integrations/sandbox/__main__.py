"""`python -m integrations.sandbox FOLDER [--host H] [--port N] [--settings JSON]`: the stand-ins as a process of their own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from integrations.sandbox.serve import serve
from integrations.sandbox.settings import SandboxSettings


def main() -> None:
    """Settings are those of `SandboxSettings`, as a JSON object."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--settings", type=json.loads, default={})
    chosen = parser.parse_args()
    wanted: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in chosen.settings.items()}
    serve(chosen.folder, chosen.host, chosen.port, SandboxSettings(**wanted))


if __name__ == "__main__":
    main()
