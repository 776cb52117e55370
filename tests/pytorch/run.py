"""The checks against the real PyTorch. Started by scripts/test-pytorch:

    run.py BUILD_FOLDER

Prints a line for each check, with what it compared and how closely; the last line is `N passed, N failed`."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "reader"))

import check_failing  # noqa: E402
import check_lenet  # noqa: E402
import check_libtorch  # noqa: E402
import check_named_state  # noqa: E402
import check_optimizers  # noqa: E402
import check_schedulers  # noqa: E402
import check_values  # noqa: E402
import torch  # noqa: E402
from checking import Tools, run_checks  # noqa: E402

THEMES = [check_lenet, check_optimizers, check_named_state, check_schedulers, check_values, check_libtorch, check_failing]


def main(build: str) -> int:
    torch.set_num_threads(1)  # small tensors: threads that wait for each other cost more than they give
    print(f"PyTorch {torch.__version__}, CPU capability {torch.backends.cpu.get_cpu_capability()}", flush=True)
    passed, failed = 0, []
    with tempfile.TemporaryDirectory(prefix="milepost-pytorch-") as scratch:
        for theme in THEMES:
            more_passed, more_failed = run_checks(theme.checks(Tools(Path(build), Path(scratch))))
            passed, failed = passed + more_passed, failed + more_failed
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
