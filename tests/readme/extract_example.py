#!/usr/bin/env python3
"""extract_example.py README.md FIRST REST: writes the first block of C++ of the page, a program, to FIRST, and all
others, which build on each other, to REST."""

import re
import sys
from pathlib import Path


def main() -> int:
    page, first, rest = map(Path, sys.argv[1:])
    blocks = re.findall(r"^```cpp\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if len(blocks) < 2:
        print(f"{page}: {len(blocks)} blocks of C++, expected two or more")
        return 1
    first.write_text(blocks[0], encoding="utf-8")
    rest.write_text("\n".join(blocks[1:]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
