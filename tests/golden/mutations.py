"""The second reader and the library give one verdict, and list the same damage, for random mutations of the golden files.

    mutations.py READER_FOLDER GOLDEN_FOLDER GOLDEN_TOOL [--count N] [--seed N] [--chunks] [--keep FOLDER]

Half of the mutations are raw: bytes are changed, removed or inserted, and the checksums find them. Half are re-sealed: the
header, the index or the chunks are changed and all checksums are made right again, so that rules must find them.
With --chunks all are re-sealed changes of one compressed chunk. Prints each file where the two differ, and at last how often each verdict occurred. Exits with 1 if any differ.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

BATCH = 100
LARGEST_FILE = 64 << 10
NUMBERS = [0, 1, 2, 3, 4, 8, 64, 127, 128, 255]


def changed_bytes(data: bytes, dice: random.Random, begin: int = 0) -> bytes:
    """One to four places changed: a bit, a byte, or four bytes that may be a size."""
    changed = bytearray(data)
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        at = dice.randrange(begin, len(changed))
        how = dice.randrange(4)
        if how == 0:
            changed[at] ^= 1 << dice.randrange(8)
        elif how == 1:
            changed[at] = dice.choice(NUMBERS)
        elif how == 2:
            changed[at] = (changed[at] + dice.choice([1, 255])) % 256
        else:
            changed[at : at + 4] = dice.choice([0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]).to_bytes(4, "little")
            del changed[len(data) :]
    return bytes(changed)


def raw(data: bytes, dice: random.Random) -> bytes:
    at, end = sorted(dice.randrange(len(data) + 1) for _ in range(2))
    how = dice.randrange(10)
    if how == 0:
        return data[:at]
    if how == 1:
        return data[:at] + data[end:]
    if how == 2:
        return data[:at] + bytes(end - at) + data[end:]
    if how == 3:
        return data[:at] + dice.randbytes(dice.choice([1, 63, 64, 65])) + data[at:]
    if how == 4:
        return data + data[at:end]
    return changed_bytes(data, dice)


def resealed(data: bytes, dice: random.Random, chunks_only: bool = False) -> bytes:
    """Header, storages and index taken apart, one of them changed, and all put together again."""
    opened = open_data(data)
    footer, walk = opened.walk.footer, opened.walk
    header, index = bytes(data[:HEADER_NBYTES]), bytes(opened.index)
    room = bytes(data[HEADER_NBYTES : footer.index_offset])
    chunks = [chunk for chunks in walk.chunks for chunk in chunks]
    if chunks_only:
        compressed = [chunk for chunk in chunks if chunk.compressed]
        return assemble(header, *changed_chunk(room, index, dice.choice(compressed), dice))
    how = dice.randrange(10)
    if how == 0:
        header = changed_bytes(header[:48], dice, begin=8) + header[48:]
        header = header[:48] + checksum128(header[:48])
    elif how < 4 and chunks:
        room, index = changed_chunk(room, index, dice.choice(chunks), dice)
    elif how < 5:
        index = index[: dice.randrange(8, len(index))] if dice.randrange(2) else index + bytes(dice.randrange(1, 9))
    else:
        index = changed_bytes(index, dice)
    return assemble(header, room, index)


def changed_chunk(room: bytes, index: bytes, chunk, dice: random.Random) -> tuple[bytes, bytes]:
    """Room and index with the stored bytes changed, and their checksum in the index."""
    begin = chunk.offset - HEADER_NBYTES
    stored = changed_bytes(room[begin : begin + chunk.stored_nbytes], dice)
    room = room[:begin] + stored + room[begin + len(stored) :]
    return room, index.replace(chunk.stored_checksum, checksum128(stored))


def has_compressed_chunk(data: bytes) -> bool:
    return any(chunk.compressed for chunks in open_data(data).walk.chunks for chunk in chunks)


def mutations(folder: Path, count: int, seed: int, chunks_only: bool):
    """Pairs of what it is and its bytes."""
    dice = random.Random(seed)
    files = {path.name: path.read_bytes() for path in sorted((folder / "files").glob("*.milepost"))}
    files = {name: data for name, data in files.items() if 64 <= len(data) <= LARGEST_FILE}
    sound = [name for name in files if name.startswith("good-")]
    if chunks_only:
        compressed = [name for name in sound if has_compressed_chunk(files[name])]
        for number in range(count):
            name = dice.choice(compressed)
            yield f"{number} (chunk of {name})", resealed(files[name], dice, chunks_only=True)
        return
    for number in range(count):
        name = dice.choice(sound if number % 2 or dice.randrange(4) else list(files))
        mutate = resealed if number % 2 else raw
        yield f"{number} ({mutate.__name__} {name})", mutate(files[name], dice)


def library_texts(tool: Path, folder: Path, batch: list[bytes]) -> list[tuple[str, str]]:
    """Verdict and digests of each."""
    paths = [folder / str(number) for number in range(len(batch))]
    for path, data in zip(paths, batch):
        path.write_bytes(data)
    lines = []
    for command in ("damage", "digests"):
        ran = subprocess.run([tool, command, *paths], check=True, stdout=subprocess.PIPE, text=True)
        lines.append(ran.stdout.splitlines())
    return list(zip(*lines, strict=True))


def compare(arguments) -> tuple[Counter, int]:
    """How often each verdict occurred, and how many differ."""
    seen, differ = Counter(), 0
    made = list(mutations(arguments.golden, arguments.count, arguments.seed, arguments.chunks))
    with tempfile.TemporaryDirectory() as scratch:
        for first in range(0, len(made), BATCH):
            batch = made[first : first + BATCH]
            texts = library_texts(arguments.tool, Path(scratch), [data for _, data in batch])
            for (what, data), (text, digests) in zip(batch, texts, strict=True):
                read = damage_text(data)
                read_digests = digests_text(data)
                if read_digests != digests:
                    differ += 1
                    print(f"mutation {what}: digests: library: {digests}; reader: {read_digests}")
                seen[" ".join(word for word in text.split() if "/" in word or word in ("ok", "verify"))] += 1
                if read != text:
                    differ += 1
                    print(f"mutation {what}: library: {text}; reader: {read}")
                    if arguments.keep:
                        (arguments.keep / what.split()[0]).write_bytes(data)
    return seen, differ


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", type=Path)
    parser.add_argument("golden", type=Path)
    parser.add_argument("tool", type=Path)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--chunks", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder for the files where the two differ")
    arguments = parser.parse_args()
    seen, differ = compare(arguments)
    for text, times in seen.most_common():
        print(f"{times:6}  {text}")
    print(f"{arguments.count} mutations, {len(seen)} different verdicts, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else "")
    from conventions import checksum128
    from digests import digests_text
    from header import HEADER_NBYTES
    from milepost_writer import assemble
    from opening import open_data
    from verdict import damage_text

    sys.exit(main())
