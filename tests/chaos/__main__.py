"""`python -m tests.chaos --seeds 50`: run seeds until one fails; say which and how to see it again."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile

from tests.chaos.guard import guarded
from tests.chaos.pool import run_all


def main() -> int:
    wishes = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    wishes.add_argument("--seeds", type=int, default=50, help="how many")
    wishes.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    wishes.add_argument("--seed", type=int, help="just this one")
    wishes.add_argument("--together", type=int, default=1, help="how many are played at the same time in one house, each on its own items")
    wishes.add_argument("--workers", type=int, default=2, help="how many houses at once")
    wishes.add_argument("--postgres", action="store_true", help="a server and two workers on PostgreSQL, some of them frozen too")
    wishes.add_argument("--keep-going", action="store_true", help="do not end at the first seed that fails")
    asked = wishes.parse_args()
    seeds = [asked.seed] if asked.seed is not None else list(range(asked.first, asked.first + asked.seeds))
    groups = [seeds[start : start + asked.together] for start in range(0, len(seeds), asked.together)]
    folder = tempfile.mkdtemp(prefix="haggle-chaos-")
    failed = run_all(groups, folder, min(asked.workers, len(groups)), several=asked.postgres, keep_going=asked.keep_going)
    if failed:
        print(f"{len(failed)} failed: {', '.join(map(str, failed))}. How to see one again is said above.")
        return 1
    shutil.rmtree(folder)
    print(f"{len(seeds)} seeds, all well")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
