"""The command `milepost` from outside, as docs/command-line.md describes it. Usage:

    test_cli.py MILEPOST GOLDEN [unittest arguments]

MILEPOST is the program, GOLDEN a folder of checkpoints: good-*.milepost are whole, bad-* and unsupported-* are not.
Damage is done to copies. Every position and bit is fixed: two runs do the same.
"""

import os
import pathlib
import sys
import unittest

import harness
from content_cases import *  # noqa: F403 - unittest looks for the cases here
from damage_cases import *  # noqa: F403
from foreign_cases import *  # noqa: F403
from good_cases import *  # noqa: F403
from shell_cases import *  # noqa: F403
from usage_cases import *  # noqa: F403

if __name__ == "__main__":
    harness.PROGRAM = os.path.abspath(sys.argv[1])
    harness.GOLDEN = pathlib.Path(sys.argv[2])
    if not harness.good_files():
        sys.exit(f"test_cli.py: no good-*.milepost in {harness.GOLDEN}")
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
