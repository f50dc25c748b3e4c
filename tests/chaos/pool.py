"""Many seeds, several at once: each process of the pool prepares a stage of its own and plays one group of seeds after the other on it."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import traceback
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing.util import Finalize
from pathlib import Path

from bot import logs
from tests.chaos.run import Failed, run
from tests.chaos.stage import Stage

_stage: Stage | None = None


def _play(seeds: list[int], folder: str, several: bool, blocks: int) -> tuple[list[int], bool, str]:
    """Some seeds at the same time on this process's own stage. Answers them, whether it went well, and what to print."""
    global _stage
    own = Path(folder) / f"seed-{seeds[0]}"
    shutil.rmtree(own, ignore_errors=True)
    try:
        _stage = _stage or _prepared(folder, several, blocks)
        own.mkdir()
        line = run(seeds, _stage, own)
    except Failed as failure:
        return seeds, False, str(failure)
    except Exception:  # noqa: BLE001 - a run that broke by itself is shown like one that failed
        return seeds, False, f"seeds {seeds} broke:\n{traceback.format_exc()}\nfolder: {own}"
    shutil.rmtree(own)
    return seeds, True, line


def _prepared(folder: str, several: bool, blocks: int) -> Stage:
    stage = Stage(Path(tempfile.mkdtemp(prefix="stage-", dir=folder)), several=several, blocks=blocks)
    Finalize(stage, stage.close, exitpriority=1)
    logs.set_up("error")  # what the prepared house does is not what is looked at; that has logs of its own
    stage.prepare()
    return stage


def run_all(groups: list[list[int]], folder: str, workers: int, *, several: bool, keep_going: bool) -> list[int]:
    """Play groups of seeds, `workers` of them at once. Answers those that failed."""
    failed: list[int] = []
    todo, blocks = list(groups), max(map(len, groups))
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        running: set[Future[tuple[list[int], bool, str]]] = set()
        while todo or running:
            while todo and len(running) < workers:
                running.add(pool.submit(_play, todo.pop(0), folder, several, blocks))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for one in done:
                seeds, well, told = one.result()
                print(told, flush=True)
                if not well:
                    failed += seeds
                    todo = todo if keep_going else []
    return sorted(failed)
