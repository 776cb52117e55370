"""Reads each checkpoint that random_checkpoints makes with the second reader, compares its image and its
digest with those of the original, and writes what it read with the second writer: the same bytes. Chunks that are
compressed are passed through.

    compare_random.py READER_FOLDER RANDOM_CHECKPOINTS --count N --seed S
"""

import argparse
import os
import struct
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else ""]

import content  # noqa: E402
from columns import Codec  # noqa: E402
from conventions import CODEC_RAW, Refused, checksum128  # noqa: E402
from decode_content import decode_content  # noqa: E402
from digests import FileDigest, shown  # noqa: E402
from image import image_of  # noqa: E402
from milepost_writer import Writer  # noqa: E402
from opening import Checkpoint, open_data  # noqa: E402

RECORD = struct.Struct("<QQQ")
NUMBER = struct.Struct("<Q")


class PassingWriter(Writer):
    """Writes compressed chunks as the file has them: their bytes depend on the version of zstd."""

    def __init__(self, given: content.Content, checkpoint: Checkpoint):
        self.passed = (
            checkpoint.data[chunk.offset : chunk.offset + chunk.stored_nbytes]
            for chunks in checkpoint.walk.chunks
            for chunk in chunks
        )
        super().__init__(given, alignment=checkpoint.walk.header.alignment)

    def encode_chunk(self, codec: Codec, raw: bytes) -> bytes:
        stored = next(self.passed)
        if len(stored) == len(raw):
            stored = raw
        if codec.code != CODEC_RAW:
            self.columns.stored_nbytes.append(len(stored))
            if len(stored) < len(raw):
                self.columns.raw_checksums.append(checksum128(raw))
        self.columns.stored_checksums.append(checksum128(stored))
        return stored


def differing_lines(expected: bytes, found: bytes) -> str:
    pairs = zip(expected.split(b"\n"), found.split(b"\n"))
    number, (first, second) = next(each for each in enumerate(pairs, 1) if each[1][0] != each[1][1])
    at = max(0, len(os.path.commonprefix([first, second])) - 120)
    shown = [line[at : at + 240].decode("utf-8", "replace") for line in (first, second)]
    return f"line {number}\n  expected {shown[0]}\n  found    {shown[1]}"


def difference(image: bytes, data: bytes, digest: bytes) -> str | None:
    try:
        checkpoint = open_data(data)
        given = decode_content(checkpoint)
    except Refused as refused:
        return f"refused by the second reader: {refused}"
    numbers = list(dict.fromkeys(view.storage for view in checkpoint.walk.views))
    if numbers != sorted(numbers):
        return f"storages are not numbered by the first tensor that views them: {numbers}"
    found = image_of(given)
    if found != image:
        return differing_lines(image, found)
    found = shown(FileDigest(checkpoint.walk).digest())
    if found != digest.decode():
        return f"digest: expected {digest.decode()}, found {found}"
    written = PassingWriter(given, checkpoint).assemble()
    if written != data:
        at = len(os.path.commonprefix([written, data]))
        return f"written again by the second writer: differs from byte {at} on; sizes {len(data)} and {len(written)}"
    return None


def records(stream):
    while header := stream.read(RECORD.size):
        seed, image_nbytes, file_nbytes = RECORD.unpack(header)
        image, data = stream.read(image_nbytes), stream.read(file_nbytes)
        (digest_nbytes,) = NUMBER.unpack(stream.read(NUMBER.size))
        yield seed, image, data, stream.read(digest_nbytes)


def compare(stream, count: int) -> int:
    """Exit status: 0 if all are the same and none is missing."""
    compared = 0
    for seed, image, data, digest in records(stream):
        found = difference(image, data, digest)
        if found:
            print(f"seed {seed}: second reader: {found}", flush=True)
            return 1
        compared += 1
    print(f"{compared} of {count} compared with the second reader", flush=True)
    return 0 if compared == count else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", type=Path)
    parser.add_argument("program", type=Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    print(f"seeds {arguments.seed} to {arguments.seed + arguments.count - 1}", flush=True)
    read_end, write_end = os.pipe()
    command = [str(arguments.program), "--count", str(arguments.count), "--seed", str(arguments.seed)]
    made = subprocess.Popen([*command, "--out", f"/dev/fd/{write_end}"], pass_fds=[write_end])
    os.close(write_end)
    with open(read_end, "rb", buffering=1 << 20) as stream:
        status = compare(stream, arguments.count)
    return 1 if made.wait() or status else 0


if __name__ == "__main__":
    sys.exit(main())
