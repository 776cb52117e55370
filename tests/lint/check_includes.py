#!/usr/bin/env python3
"""Reads every #include of the project and names each one that design.md's rooms do not allow.

    check_includes.py [--root FOLDER]      checks a tree
    check_includes.py --self-test          checks that each rule finds what breaks it
"""

import argparse
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tree import project_files, project_root

# The rooms of lib/, and which other ones each may enter. Public headers and std are open to all of them.
ARROWS = {
    "base": set(),
    "core": {"base"},
    "platform": {"base", "core"},
    "codec": {"base", "core"},
    "format": {"base", "core", "codec"},
    "saving": {"base", "core", "platform", "codec", "format"},
    "loading": {"base", "core", "platform", "codec", "format"},
    "live": {"base", "core"},
    "run": {"base", "core", "platform"},
}

# The rooms of convert/, likewise. They may enter lib/base too, whose headers are complete without a source. What is in
# convert/ itself and knows no format is open to all of them; the table of formats enters all rooms.
CONVERT_ARROWS = {
    "content": set(),
    "zip": set(),
    "pickle": set(),
    "objects": set(),
    "pytorch": {"zip", "pickle", "objects"},
    "numpy": {"zip"},
    "safetensors": set(),
    "gguf": set(),
    "hdf5": {"zip"},
}
CONVERT_COMMON = re.compile(r"convert/[^/]+\.hpp")
CONVERT_TABLE = re.compile(r"convert/(formats|sniff)\.cpp")

# Third-party headers: pattern -> the files that may include them.
THIRD_PARTY = {
    r"(zstd|xxhash|xxh_x86dispatch)\.h": r"lib/codec/[^/]+\.cpp|bench/.+",
    r"emmintrin\.h": r"lib/base/stream_copy\.cpp",  # SSE2, which all x86-64 has
    # What is compiled with flags of an instruction set.
    r"immintrin\.h": r"lib/(codec/checksum\.cpp|(codec|format)/[^/]+_(avx2|avx512)\.[ch]pp)",
    r"arm_neon\.h": r"lib/codec/[^/]+_neon\.[ch]pp",
    r"(checkpoint_generated\.h|flatbuffers/.+)": r"lib/format/index\.cpp",
    r"nlohmann/.+": r"(cli|examples|convert/safetensors)/.+",
    r"(CLI|fmt)/.+": r"(cli|examples)/.+",
    r"Eigen/.+": r"examples/.+",
    r"zlib\.h": r"(examples|convert/zip)/.+",
    r"minizip/.+": r"convert/zip/.+",
    r"(benchmark/.+|simdjson\.h)": r"bench/.+",
    r"nanobind/.+": r"python/native/.+",
    r"(ATen|c10|torch)/.+": r"include/milepost/libtorch(/[^/]+)?\.hpp|examples/libtorch\.cpp",
}

# Headers for one instruction set: only what is compiled for it may include them.
ISA_HEADER = re.compile(r".+_(avx2|avx512|neon)\.hpp")

# What the operating system offers: one room of the library, and the one source that takes memory from it, which core
# needs; a user's own source for one platform; the benchmarks, which compare us with bare system calls.
OS_HEADER = re.compile(r"((sys|linux|asm|net|netinet|arpa)/.+|[a-z0-9_]+)\.h", re.IGNORECASE)
OS_USERS = re.compile(r"lib/platform/.+|lib/base/memory_posix\.cpp|(cli|examples)/.+_(posix|windows)\.cpp|bench/.+")

USERS = ("cli", "examples", "bench", "python")
FREE = ("tests", "fuzz")
SOURCE_SUFFIXES = {".hpp", ".cpp", ".in"}

STD_HEADERS = set("""
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
    clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint
    cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem forward_list fstream functional
    future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory
    memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore set
    shared_mutex span sstream stack stdexcept stop_token streambuf string string_view syncstream system_error thread
    tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
    """.split())

INCLUDE = re.compile(r"""^[ \t]*\#[ \t]*include[ \t]*(?P<open>[<"])(?P<name>[^>"\n]+)[>"]""", re.MULTILINE)
ANY_INCLUDE = re.compile(r"^[ \t]*\#[ \t]*(?:include|import)\b.*$", re.MULTILINE)


@dataclass(frozen=True)
class Include:
    file: str  # the file that includes, relative to the root, with /
    line: int
    name: str
    quoted: bool

    def breach(self, why: str) -> str:
        shown = f'"{self.name}"' if self.quoted else f"<{self.name}>"
        return f"{self.file}:{self.line}: {shown}: {why}"


def place_of(file: str) -> str:
    """The room of lib/, or "include", "convert", "cli", "examples", "bench", "python", "tests", "fuzz"; else ""."""
    parts = file.split("/")
    if parts[0] == "lib" and len(parts) > 2 and parts[1] in ARROWS:
        return parts[1]
    return parts[0] if parts[0] in ("include", "convert", *USERS, *FREE) and len(parts) > 1 else ""


def breach_of(include: Include, files: set[str]) -> str | None:
    """Why the include is not allowed, or None."""
    place = place_of(include.file)
    if place in FREE:
        return None
    if ".." in include.name.split("/"):
        return "climbs out of its folder"
    if not include.quoted and include.name in STD_HEADERS:
        return None
    if include.name.startswith("milepost/"):
        return public_breach(include, files)
    for pattern, allowed in THIRD_PARTY.items():
        if re.fullmatch(pattern, include.name):
            return None if re.fullmatch(allowed, include.file) else f"only {allowed} may include this"
    return quoted_breach(include, place, files) if include.quoted else system_breach(include)


def public_breach(include: Include, files: set[str]) -> str | None:
    if include.quoted:
        return "public headers are included in angle brackets"
    header = f"include/{include.name}"
    return None if header in files or f"{header}.in" in files else "there is no such public header"


def system_breach(include: Include) -> str | None:
    if not OS_HEADER.fullmatch(include.name):
        return "is in none of the lists of tests/lint/check_includes.py"
    return None if OS_USERS.fullmatch(include.file) else "headers of the operating system belong to lib/platform and lib/base/memory_posix.cpp"


def quoted_breach(include: Include, place: str, files: set[str]) -> str | None:
    if place == "include":
        return "a public header may include std and public headers only"
    if place in USERS:
        beside = f"{include.file.rpartition('/')[0]}/{include.name}"
        return None if beside in files else "a user of the library may include public headers and its own folder only"
    if place == "convert":
        return convert_breach(include, files)
    isa = ISA_HEADER.fullmatch(include.name)
    if isa and not re.fullmatch(rf".+_{isa[1]}\.[ch]pp", include.file):
        return f"only files for {isa[1]} may include this"
    room = include.name.split("/")[0]
    if room not in ARROWS or f"lib/{include.name}" not in files:
        return 'is not a file of a room (write "room/file.hpp")'
    return None if room == place or room in ARROWS[place] else f"lib/{place} may not enter lib/{room}"


def convert_breach(include: Include, files: set[str]) -> str | None:
    name = include.name
    if name.startswith("base/") and f"lib/{name}" in files:
        return None
    if not name.startswith("convert/") or name not in files:
        return 'is not a file of lib/base or of convert (write "convert/room/file.hpp")'
    if CONVERT_COMMON.fullmatch(name) or CONVERT_TABLE.fullmatch(include.file):
        return None
    place, room = include.file.split("/")[1], name.split("/")[1]
    allowed = room == place or room in CONVERT_ARROWS.get(place, set())
    return None if allowed else f"convert/{place} may not enter convert/{room}"


def includes_of(root: Path, file: str) -> tuple[list[Include], list[str]]:
    """All includes of a file, and those that cannot be read (a macro)."""
    text = (root / file).read_text(encoding="utf-8")
    found, unread = [], []
    for match in ANY_INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        parsed = INCLUDE.match(text, match.start())
        if parsed:
            found.append(Include(file, line, parsed["name"], parsed["open"] == '"'))
        elif place_of(file) not in FREE:
            unread.append(f"{file}:{line}: cannot be read: {match[0].strip()}")
    return found, unread


def check(root: Path, files: set[str]) -> tuple[int, list[str]]:
    """The number of includes read, and every breach."""
    count, breaches = 0, []
    for file in sorted(files):
        if Path(file).suffix not in SOURCE_SUFFIXES:
            continue
        includes, unread = includes_of(root, file)
        breaches += unread
        if includes and not place_of(file):
            breaches.append(f"{file}: C++ outside of the rooms")
            continue
        count += len(includes)
        for include in includes:
            why = breach_of(include, files)
            if why:
                breaches.append(include.breach(why))
    return count, breaches


# One allowed include of each kind, and one breach of each rule: file, text, and what the breach must say.
GOOD_TREE = {
    "include/milepost/error.hpp": "#include <string>\n",
    "include/milepost/result.hpp": "#include <milepost/error.hpp>\n",
    "include/milepost/version.hpp.in": "",
    "lib/base/checked.hpp": "#include <cstdint>\n",
    "lib/base/memory_posix.cpp": "#include <sys/mman.h>\n",
    "include/milepost/libtorch.hpp": "#include <ATen/ATen.h>\n#include <milepost/libtorch/tensor.hpp>\n",
    "include/milepost/libtorch/tensor.hpp": "#include <torch/optim.h>\n",
    "lib/core/text.hpp": "",
    "lib/core/text.cpp": '#include "base/checked.hpp"\n#include <milepost/error.hpp>\n#include <milepost/version.hpp>\n',
    "lib/platform/file.hpp": "#include <milepost/result.hpp>\n",
    "lib/platform/file_posix.cpp": '#include <fcntl.h>\n#include <sys/mman.h>\n#include "platform/file.hpp"\n',
    "lib/codec/codec.hpp": "#include <span>\n",
    "lib/codec/codec.cpp": '#include <zstd.h>\n  #  include <xxhash.h>\n#include "codec/codec.hpp"\n',
    "lib/format/names_avx2.cpp": "#include <immintrin.h>\n",
    "lib/base/stream_copy.cpp": "#include <emmintrin.h>\n",
    "lib/codec/kernels_avx512.hpp": "#include <immintrin.h>\n",
    "lib/codec/words_avx512.cpp": '#include <immintrin.h>\n#include "codec/kernels_avx512.hpp"\n',
    "lib/codec/words_neon.cpp": "#include <arm_neon.h>\n",
    "lib/format/index.hpp": '#include "codec/codec.hpp"\n',
    "lib/format/index.cpp": '#include "checkpoint_generated.h"\n// #include <fcntl.h>\n',
    "lib/saving/plan.hpp": '#include "platform/file.hpp"\n#include "format/index.hpp"\n',
    "lib/loading/open.hpp": '#include "platform/file.hpp"\n#include "format/index.hpp"\n',
    "lib/live/load_transaction.hpp": '#include "core/text.hpp"\n#include <milepost/result.hpp>\n',
    "lib/run/prune.cpp": '#include "platform/file.hpp"\n#include <milepost/result.hpp>\n',
    "convert/formats.hpp": "#include <milepost/error.hpp>\n",
    "convert/formats.cpp": '#include "convert/formats.hpp"\n#include "convert/numpy/npy.hpp"\n',
    "convert/zip/archive.hpp": "#include <minizip/unzip.h>\n",
    "convert/numpy/npy.hpp": '#include "base/checked.hpp"\n#include "convert/zip/archive.hpp"\n#include "convert/formats.hpp"\n',
    "cli/ls.hpp": "",
    "cli/ls.cpp": '#include "ls.hpp"\n#include <milepost/error.hpp>\n#include <fmt/core.h>\n#include <CLI/CLI.hpp>\n',
    "cli/terminal_posix.cpp": "#include <unistd.h>\n",
    "examples/lenet/net.cpp": "#include <Eigen/Core>\n#include <zlib.h>\n",
    "python/native/tensor.hpp": "#include <nanobind/nanobind.h>\n#include <milepost/error.hpp>\n",
    "bench/open.cpp": "#include <benchmark/benchmark.h>\n#include <fcntl.h>\n",
    "tests/unit/x.cpp": '#include "loading/open.hpp"\n#include "saving/plan.hpp"\n#include <doctest/doctest.h>\n',
}
BAD_FILES = [
    ("lib/base/up.hpp", '#include "core/text.hpp"', "lib/base may not enter lib/core"),
    ("lib/base/up2.hpp", '#include "codec/codec.hpp"', "lib/base may not enter lib/codec"),
    ("lib/core/up.hpp", '#include "platform/file.hpp"', "lib/core may not enter lib/platform"),
    ("lib/platform/side.hpp", '#include "codec/codec.hpp"', "lib/platform may not enter lib/codec"),
    ("lib/codec/side.hpp", '#include "platform/file.hpp"', "lib/codec may not enter lib/platform"),
    ("lib/format/side.hpp", '#include "platform/file.hpp"', "lib/format may not enter lib/platform"),
    ("lib/format/up.hpp", '#include "loading/open.hpp"', "lib/format may not enter lib/loading"),
    ("lib/saving/meet.cpp", '#include "loading/open.hpp"', "lib/saving may not enter lib/loading"),
    ("lib/loading/meet.cpp", '#include "saving/plan.hpp"', "lib/loading may not enter lib/saving"),
    ("lib/live/meet.cpp", '#include "loading/open.hpp"', "lib/live may not enter lib/loading"),
    ("lib/loading/meet_live.cpp", '#include "live/load_transaction.hpp"', "lib/loading may not enter lib/live"),
    ("lib/run/meet.cpp", '#include "loading/open.hpp"', "lib/run may not enter lib/loading"),
    ("lib/run/os_posix.cpp", "#include <unistd.h>", "operating system"),
    ("lib/live/meet_run.cpp", '#include "run/prune.hpp"', "is not a file of a room"),
    ("lib/loading/simd_avx2.cpp", "#include <immintrin.h>", "only lib/(codec/checksum"),
    ("lib/format/simd.cpp", "#include <immintrin.h>", "only lib/(codec/checksum"),
    ("lib/base/memory.cpp", "#include <emmintrin.h>", "only lib/base/stream_copy"),
    ("lib/codec/simd.cpp", "#include <arm_neon.h>", "only lib/codec/"),
    ("lib/codec/isa.cpp", '#include "codec/kernels_avx512.hpp"', "only files for avx512"),
    ("lib/codec/isa_avx2.cpp", '#include "codec/kernels_avx512.hpp"', "only files for avx512"),
    ("lib/loading/os.cpp", "#include <fcntl.h>", "operating system"),
    ("lib/saving/os.cpp", "#include <sys/stat.h>", "operating system"),
    ("lib/base/os_posix.cpp", "#include <sys/mman.h>", "operating system"),
    ("lib/core/os_posix.cpp", "#include <unistd.h>", "operating system"),
    ("cli/os.cpp", "#include <unistd.h>", "operating system"),
    ("lib/format/zstd.cpp", "#include <zstd.h>", "only lib/codec"),
    ("lib/codec/xxhash.hpp", "#include <xxhash.h>", "only lib/codec"),
    ("lib/loading/xxhash.cpp", "#include <xxh_x86dispatch.h>", "only lib/codec"),
    ("lib/loading/generated.cpp", '#include "checkpoint_generated.h"', "only lib/format/index"),
    ("lib/format/validate.cpp", "#include <flatbuffers/flatbuffers.h>", "only lib/format/index"),
    ("lib/core/short.cpp", '#include "text.hpp"', "is not a file of a room"),
    ("lib/core/climb.cpp", '#include "../base/checked.hpp"', "climbs out"),
    ("lib/core/quoted.cpp", '#include "milepost/error.hpp"', "angle brackets"),
    ("lib/core/gone.cpp", "#include <milepost/gone.hpp>", "no such public header"),
    ("lib/core/macro.cpp", "#include HEADER", "cannot be read"),
    ("lib/core/fmt.cpp", "#include <fmt/core.h>", "only (cli|examples)"),
    ("lib/core/boost.cpp", "#include <boost/any.hpp>", "none of the lists"),
    ("lib/stray.cpp", "#include <string>", "outside of the rooms"),
    ("lib/core/json.cpp", "#include <simdjson.h>", "only bench"),
    ("convert/inner.cpp", '#include "core/text.hpp"', "is not a file of lib/base or of convert"),
    ("convert/zip/up.hpp", '#include "convert/numpy/npy.hpp"', "convert/zip may not enter convert/numpy"),
    ("convert/up.hpp", '#include "convert/zip/archive.hpp"', "convert/up.hpp may not enter convert/zip"),
    ("convert/numpy/zlib.cpp", "#include <zlib.h>", "only (examples|convert/zip)"),
    ("convert/os.cpp", "#include <fcntl.h>", "operating system"),
    ("include/milepost/inner.hpp", '#include "base/checked.hpp"', "std and public headers only"),
    ("include/milepost/os.hpp", "#include <fcntl.h>", "operating system"),
    ("include/milepost/torch.hpp", "#include <ATen/ATen.h>", "only include/milepost/libtorch"),
    ("include/milepost/zstd.hpp", "#include <zstd.h>", "only lib/codec"),
    ("cli/inner.cpp", '#include "base/checked.hpp"', "its own folder only"),
    ("cli/eigen.cpp", "#include <Eigen/Core>", "only examples"),
    ("examples/lenet/inner.cpp", '#include "format/index.hpp"', "its own folder only"),
    ("cli/python.cpp", "#include <nanobind/nanobind.h>", "only python/native"),
    ("python/native/inner.cpp", '#include "loading/open.hpp"', "its own folder only"),
    ("bench/inner.cpp", '#include "loading/open.hpp"', "its own folder only"),
]


def self_test() -> list[str]:
    """What the rules miss, and what they find where nothing is wrong."""
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for file, text in GOOD_TREE.items():
            write(root, file, text)
        _, breaches = check(root, set(GOOD_TREE))
        failures += [f"found in the good tree: {breach}" for breach in breaches]
        for file, text, expected in BAD_FILES:
            write(root, file, text + "\n")
            _, breaches = check(root, {*GOOD_TREE, file})
            if len(breaches) != 1 or expected not in breaches[0] or not breaches[0].startswith(file):
                failures.append(f"{file}: {text}: expected one breach with '{expected}', found {breaches}")
    return failures


def write(root: Path, file: str, text: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=project_root())
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        failures = self_test()
        print("\n".join(failures) or f"each of {len(BAD_FILES)} breaches is found")
        return 1 if failures else 0
    count, breaches = check(arguments.root, {path.as_posix() for path in project_files(arguments.root)})
    if count == 0:
        breaches.append("no include found at all: is this the root?")
    print("\n".join(breaches) or f"{count} includes, all allowed")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
