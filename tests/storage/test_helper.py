"""The child process for heavy computing: what it survives."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.errors import TOO_SLOW, Busy, Invalid, Missing, Unreachable
from storage.helper import MIB, Helper

JOBS = "tests.storage.helper_jobs"
ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def helping(module: str = JOBS, **options: float) -> AsyncIterator[Helper]:
    helper = Helper(module, **options)  # type: ignore[arg-type]
    try:
        yield helper
    finally:
        await helper.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  another process's state has no event to wait for
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Running, and not only waiting to be buried by whoever adopted it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_answers_come_back_whole_and_the_child_is_nice_and_starts_late() -> None:
    blobs = [b"", b"a", os.urandom(3 * MIB)]
    async with helping() as helper:
        assert helper.pid is None
        values, answer = await helper.run("echo", {"word": "ünï"}, blobs)
        assert values == {"word": "ünï", "nice": min(os.nice(0) + 10, 19), "threads": "1"}
        assert answer == blobs
        assert helper.memory > MIB


async def test_our_errors_cross_as_themselves() -> None:
    async with helping() as helper:
        with pytest.raises(Busy) as busy:
            await helper.run("refuse", {"kind": "busy"})
        assert (busy.value.sentence, busy.value.retry_after, busy.value.code, busy.value.cause) == ("Later.", 7.5, "E1", "why")
        pid = helper.pid
        with pytest.raises(Missing) as missing:
            await helper.run("refuse", {"kind": "missing"})
        assert missing.value.field == "brand"
        assert helper.pid == pid


@pytest.mark.parametrize("job", ["die", "crash"])
async def test_a_job_that_kills_its_child_fails_alone(job: str) -> None:
    async with helping() as helper:
        poisoned = asyncio.create_task(helper.run(job, {}))
        others = [asyncio.create_task(helper.run("echo", {"n": n})) for n in range(3)]
        with pytest.raises(Invalid, match="leave it out") as fault:
            await poisoned
        assert ("lost its mind" in fault.value.cause) == (job == "crash")
        assert [(await other)[0]["n"] for other in others] == [0, 1, 2]


async def test_a_job_whose_child_was_killed_by_something_else_is_done_again(tmp_path: Path) -> None:
    async with helping() as helper:
        assert (await helper.run("die_once", {"mark": str(tmp_path / "mark")}))[0] == {"came": "back"}


async def test_a_child_killed_between_jobs_is_replaced() -> None:
    async with helping() as helper:
        await helper.run("echo", {})
        first = helper.pid
        assert first
        os.kill(first, signal.SIGKILL)
        await helper.run("echo", {})
        assert helper.pid != first


async def test_a_child_that_has_grown_is_replaced() -> None:
    async with helping(memory_limit=120 * MIB) as helper:
        await helper.run("echo", {})
        first = helper.pid
        assert first
        await helper.run("echo", {})
        assert helper.pid == first
        await helper.run("grow", {"mib": 150})
        assert helper.pid is None
        await until(lambda: not alive(first))
        await helper.run("echo", {})
        assert helper.memory < 120 * MIB


async def test_a_module_with_a_ceiling_gets_no_more_memory_than_that() -> None:
    async with helping("tests.storage.greedy_jobs") as helper:
        assert (await helper.run("take", {"mib": 100}))[0] == {"got": 100 * MIB}
        assert (await helper.run("take", {"mib": 300}))[0] == {"got": 0}
        assert (await helper.run("take", {"mib": 100}))[0] == {"got": 100 * MIB}


async def test_a_child_is_replaced_after_its_share_of_jobs() -> None:
    async with helping(jobs_limit=2) as helper:
        pids = []
        for _ in range(4):
            await helper.run("echo", {})
            pids.append(helper.pid)
        assert pids[0] is not None
        assert pids[1] is None
        assert pids[2] not in (None, pids[0])
        assert pids[3] is None


async def test_a_job_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    async with helping(seconds=1.0) as helper:
        with pytest.raises(Unreachable, match="too long") as slow:
            await helper.run("hang", {"mark": str(tmp_path / "mark")})
        assert slow.value.code == TOO_SLOW
        assert (await helper.run("echo", {"n": 1}))[0]["n"] == 1


async def test_a_cancelled_job_leaves_no_answer_for_the_next(tmp_path: Path) -> None:
    async with helping() as helper:
        task = asyncio.create_task(helper.run("hang", {"mark": str(tmp_path / "mark")}))
        await until((tmp_path / "mark").exists)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await helper.run("echo", {"n": 2}))[0]["n"] == 2


async def test_a_full_queue_says_when_to_come_back(tmp_path: Path) -> None:
    async with helping(waiting=2, seconds=30) as helper:
        tasks = [asyncio.create_task(helper.run("hang", {"mark": str(tmp_path / "mark")})) for _ in range(2)]
        await until((tmp_path / "mark").exists)
        with pytest.raises(Busy) as busy:
            await helper.run("echo", {})
        assert busy.value.retry_after > 0
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_idle_child_is_let_go_and_comes_back() -> None:
    async with helping(idle_seconds=0.05) as helper:
        await helper.run("echo", {})
        await until(lambda: helper.pid is None)
        assert (await helper.run("echo", {"n": 3}))[0]["n"] == 3


async def test_a_module_that_does_not_start_says_so() -> None:
    async with helping("tests.storage.no_such_module") as helper:
        with pytest.raises(Unreachable, match="doctor") as fault:
            await helper.run("echo", {})
        assert "no_such_module" in fault.value.cause


async def test_closing_ends_the_child_and_refuses_more() -> None:
    helper = Helper(JOBS)
    await helper.run("echo", {})
    pid = helper.pid
    assert pid
    await helper.close()
    assert not alive(pid)
    with pytest.raises(Unreachable):
        await helper.run("echo", {})


async def test_the_child_goes_when_its_parent_is_killed() -> None:
    code = (
        "import asyncio\nfrom storage.helper import Helper\n"
        f"async def main():\n    h = Helper({JOBS!r})\n"
        "    await h.run('echo', {})\n    print(h.pid, flush=True)\n    await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout
    child = int(await parent.stdout.readline())
    assert alive(child)
    parent.kill()
    await parent.wait()
    await until(lambda: not alive(child))


async def test_the_main_process_stays_light() -> None:
    """Nothing that decodes or infers is imported by what the main process needs."""
    code = (
        "import sys, storage.photos, storage.helper, integrations.ai.offline, bot.read_photos\n"
        "print([name for name in ('PIL', 'numpy', 'cv2', 'onnxruntime', 'rapidocr', 'zxingcpp', 'openai') if name in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert output.decode().strip() == "[]"
