"""Kills ranks that save to one folder at random moments, and requires that the folder is always one whole checkpoint.

    kill_distributed.py [--kills N] [--ranks N] [--seed N]

Needs the package on PYTHONPATH. The last line tells the seed and how many kills came in the middle of a save.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from dataclasses import dataclass

import torch

import rank_jobs
import ranks
from milepost.torch import distributed
from milepost.torch.distributed import _record
from milepost.torch.distributed._folder import Folder

_ANSWER_SECONDS = 20.0


@dataclass
class Tally:
    kills: int = 0
    #: After which there were parts that the record does not name.
    in_a_save: int = 0
    saves: int = 0


def number_of(folder: str) -> int:
    """The number that the checkpoint is of. Raises AssertionError if it is of two."""
    distributed.verify(folder)
    state = distributed.read(folder)
    number = state["number"]
    assert state["list"] == [{"number": number}, {"number": number}], state["list"]
    for name in ("rows", "copies"):
        assert torch.all(state[name] == number), (name, state[name].unique(), number)
    return int(number)


def _wait_for_save(folder: str, last: int, processes: list[ranks.BaseProcess]) -> None:
    """Until the first save of these ranks is the current checkpoint."""
    end = time.monotonic() + 60
    before = distributed_id(folder) if last else None
    while distributed_id(folder) in (None, before):
        assert time.monotonic() < end, "no save"
        assert all(process.is_alive() for process in processes), "a rank ended"
        time.sleep(0.01)


def distributed_id(folder: str) -> str | None:
    try:
        return _record.read(Folder(folder)).save_id
    except FileNotFoundError:
        return None


def kill_once(folder: str, last: int, count: int, chance: random.Random, tally: Tally) -> int:
    """One round: ranks save, and some are killed. Returns the number of the checkpoint that the folder then is."""
    with ranks.started(count, rank_jobs.save_for_ever, folder, last + 1) as started:
        processes = [process for process, _ in started]
        _wait_for_save(folder, last, processes)
        time.sleep(chance.uniform(0, 0.5))
        killed = chance.sample(range(count), chance.choice((1, 1, count)))
        for rank in killed:
            processes[rank].kill()
        for rank, (_, answer) in enumerate(started):
            if rank not in killed and answer.poll(_ANSWER_SECONDS):
                succeeded, text = answer.recv()
                assert not succeeded, text
    number = number_of(folder)
    assert number > last, (number, last)
    named = {part.file for part in _record.read(Folder(folder)).parts}
    left = [name for name in os.listdir(folder) if name.startswith("part-") and name not in named]
    tally.kills += 1
    tally.in_a_save += bool(left)
    tally.saves += number - last
    for name in left:  # as they would be removed after ten minutes
        os.utime(os.path.join(folder, name), (0, 0))
    return number


def run(kills: int, count: int, seed: int) -> Tally:
    tally, chance, last = Tally(), random.Random(seed), 0
    with tempfile.TemporaryDirectory() as parent:
        folder = os.path.join(parent, "run")
        for _ in range(kills):
            last = kill_once(folder, last, count, chance, tally)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--ranks", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = parser.parse_args()
    tally = run(given.kills, given.ranks, given.seed)
    print(
        f"seed {given.seed}: {tally.kills} kills of {given.ranks} ranks, {tally.in_a_save} in the middle of a save, "
        f"{tally.saves} saves: each time one whole checkpoint, never an older one"
    )


if __name__ == "__main__":
    main()
