#!/usr/bin/env python3
"""extract_example.py README.md OUTPUT: writes the first block of C++ of the page to OUTPUT."""

import re
import sys
from pathlib import Path


def main() -> int:
    page, output = map(Path, sys.argv[1:])
    match = re.search(r"^```cpp\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if match is None:
        print(f"{page}: no block of C++")
        return 1
    output.write_text(match[1], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
