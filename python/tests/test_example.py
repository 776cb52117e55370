"""examples/python/train.py: killed in the middle, it goes on bit for bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import milepost
from same import assert_same

pytest.importorskip("torch")
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "examples" / "python" / "train.py"
IMAGES = Path("/usr/share/datasets/fashion-mnist")

pytestmark = pytest.mark.skipif(not IMAGES.is_dir(), reason="the package dataset-fashion-mnist is not installed")


def command(folder: Path, *more: str) -> list[str]:
    options = ["--run", str(folder), "--steps", "30", "--save-every", "5", "--batch", "16", *more]
    return [sys.executable, str(PROGRAM), *options]


def test_a_killed_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path / "a"), check=True, capture_output=True, text=True)
    assert "accuracy" in done.stdout
    straight = milepost.Run(tmp_path / "a").restore()
    assert straight["step"] == 30

    for name, more in (("file", []), ("folder", ["--distributed"])):
        with subprocess.Popen(command(tmp_path / name, *more), stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("step 20"):
                    process.kill()
        again = subprocess.run(command(tmp_path / name, *more), check=True, capture_output=True, text=True)
        assert again.stdout.startswith("goes on after step")
        resumed = milepost.Run(tmp_path / name).restore()
        # A folder has plain dicts, as torch.distributed.checkpoint has.
        resumed["model"] = type(straight["model"])(resumed["model"])
        vars(resumed["model"]).update(vars(straight["model"]))
        assert_same(straight, resumed)
