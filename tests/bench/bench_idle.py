"""`haggle serve --sandbox` as `make run` starts it: seconds to its first answer, and what it takes of the machine while nobody asks.

Memory is the resident size of Haggle and of every process it started (the stand-ins, and after the first photo the children that
make pictures and read them); pages that they share are counted for each. CPU is theirs together, in shares of one core.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.requires import ROOT
from tests.shop import picture

IDLE_SECONDS = 20
SETTLE_SECONDS = 5
MIB = 1024 * 1024
START, CPU, MEMORY, MEMORY_READING = 3.0, 0.02, 250, 600  # targets: seconds, cores, MiB


def run() -> dict[str, Any]:
    """Seconds, cores and MiB, each with its target."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        command = [sys.executable, "-m", "bot", "serve", "--sandbox", "--port", "0", "--data", str(data)]
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)
        try:
            address = _address(process)
            httpx.get(f"{address}/healthz", trust_env=False).raise_for_status()
            start = time.perf_counter() - begun
            found = asyncio.run(_at_rest(process.pid, address, data))
            return {"start_seconds": round(start, 2), "start_target": START, **found, "met": found["met"] and start <= START}
        finally:
            process.terminate()
            process.communicate(timeout=30)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"Haggle is at (\S+)", line):
            return found[1].replace("localhost", "127.0.0.1")
    raise RuntimeError("Haggle did not start")


async def _at_rest(pid: int, address: str, folder: Path) -> dict[str, Any]:
    await asyncio.sleep(SETTLE_SECONDS)
    before, own = _cpu(pid), _cpu_of(psutil.Process(pid))
    await asyncio.sleep(IDLE_SECONDS)
    cores, own_cores = (_cpu(pid) - before) / IDLE_SECONDS, (_cpu_of(psutil.Process(pid)) - own) / IDLE_SECONDS
    memory = _memory(pid)
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as client:
        await _draft(client, (folder / "talk.token").read_text())
    reading = _memory(pid)
    return {
        "idle_cores": round(cores, 4), "idle_cores_of_haggle_alone": round(own_cores, 4), "idle_target": CPU,
        "memory_mib": memory, "memory_target": MEMORY, "reading_mib": reading, "reading_target": MEMORY_READING,
        "met": cores <= CPU and sum(memory.values()) <= MEMORY and sum(reading.values()) <= MEMORY_READING,
    }  # fmt: skip


def _family(pid: int) -> list[psutil.Process]:
    haggle = psutil.Process(pid)
    return [haggle, *haggle.children(recursive=True)]


def _cpu_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _cpu(pid: int) -> float:
    return sum(_cpu_of(one) for one in _family(pid))


def _memory(pid: int) -> dict[str, int]:
    """MiB by what runs: the module after `-m` and its first word, or the program."""
    found: dict[str, int] = {}
    for one in _family(pid):
        words = one.cmdline()
        name = " ".join(words[words.index("-m") + 1 :][:2]) if "-m" in words else Path(words[0]).name
        name = name if name not in found else f"{name} {one.pid}"
        found[name] = round(one.memory_info().rss / MIB)
    return found


async def _draft(client: httpx.AsyncClient, token: str) -> None:
    """Send a photo as the terminal does, and wait until it was read."""
    headers = {"Authorization": f"Bearer {token.strip()}", "X-Haggle": "bench"}
    files = {"photo": ("lamp.jpg", picture("ACME LAMP"), "image/jpeg")}
    kept = (await client.post("/api/v1/photos", files=files, headers=headers)).raise_for_status().json()["photos"][0]
    said = {"event_id": "bench-photo-1", "photos": [kept["sha256"]]}
    (await client.post("/api/v1/chat/messages", json=said, headers=headers)).raise_for_status()
    while not (await client.get("/api/v1/idle", headers=headers)).raise_for_status().json()["idle"]:
        pass


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
