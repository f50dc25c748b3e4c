"""Many seeds, several at once: each process of the pool prepares a stage of its own and plays one seed after the other on it."""

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


def _play(seed: int, folder: str, several: bool) -> tuple[int, bool, str]:
    """One seed on this process's own stage. Answers seed, whether it went well, and what to print."""
    global _stage
    own = Path(folder) / f"seed-{seed}"
    shutil.rmtree(own, ignore_errors=True)
    try:
        if _stage is None:
            _stage = Stage(Path(tempfile.mkdtemp(prefix="stage-", dir=folder)), several=several)
            Finalize(_stage, _stage.close, exitpriority=1)
            logs.set_up("error")  # what the prepared house does is not what is looked at; that has logs of its own
            _stage.prepare()
        own.mkdir()
        line = run(seed, _stage, own)
    except Failed as failure:
        return seed, False, str(failure)
    except Exception:  # noqa: BLE001 - a run that broke by itself is shown like one that failed
        return seed, False, f"seed {seed} broke:\n{traceback.format_exc()}\nfolder: {own}"
    shutil.rmtree(own)
    return seed, True, line


def run_all(seeds: list[int], folder: str, workers: int, *, several: bool, keep_going: bool) -> list[int]:
    failed: list[int] = []
    todo = list(seeds)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        running: set[Future[tuple[int, bool, str]]] = set()
        while todo or running:
            while todo and len(running) < workers:
                running.add(pool.submit(_play, todo.pop(0), folder, several))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for one in done:
                seed, well, told = one.result()
                print(told, flush=True)
                if not well:
                    failed.append(seed)
                    todo = todo if keep_going else []
    return sorted(failed)
