"""Hostile archives and legacy files: a pickle that makes a call, in containers on which two readers disagree.

The pickle is not what is under test here, so a reader may refuse the container or the pickle; it must not accept the file.
"""

import io
import pickle
import struct
import tarfile
import zlib
from typing import Any, Dict, Iterator, List, Tuple

from hostile_case import ANY, Case
from pickle_assembler import (FLOATS, MAGIC_NUMBER, SYS_INFO, Entry, archive, call, legacy_file, legacy_stored, name, pickled, tensor,
                              text, value, zip_entries, zip_file)

GOOD = pickled(value({"weight": tensor()}))
GOOD_LEGACY = pickled(value({"weight": tensor(legacy_stored())}))


def evil(canary: str) -> bytes:
    return pickled(b"}", text("weight"), tensor(), b"s", text("x"), call(name("os", "system"), f"touch {canary}"), b"s")


def with_entry(graph: bytes, **headers: Dict[str, Any]) -> bytes:
    """An archive whose data.pkl has these fields in its headers."""
    entries = zip_entries(graph)
    entries[0] = Entry("archive/data.pkl", graph, **headers)
    return archive(entries)


def both(**fields: Any) -> Dict[str, Any]:
    return {"local": fields, "central": fields}


def headers(graph: bytes) -> Dict[str, Tuple[str, bytes]]:
    """Fields of data.pkl that one reader looks at and another does not."""
    zip64 = struct.pack("<HHQQ", 1, 16, len(graph), len(graph))
    entries = zip_entries(graph)
    deflated = [Entry("archive/data.pkl", graph, deflate=True), *entries[1:]]
    wrong = zlib.crc32(graph) ^ 0xFF
    return {
        "crc-central": ("a wrong CRC in the directory (CVE-2025-10156)", with_entry(graph, central={"crc": wrong})),
        "crc-local": ("a wrong CRC in the local header", with_entry(graph, local={"crc": wrong})),
        "crc-both": ("a wrong CRC in both", with_entry(graph, **both(crc=wrong))),
        "crc-zero": ("a CRC of 0 in both", with_entry(graph, **both(crc=0))),
        "local-name": ("another name in the local header (CVE-2025-1944)", with_entry(graph, local={"name": b"archive/datap.kl"})),
        "local-name-shorter": ("a shorter local name", with_entry(graph, local={"name": b"archive/data.pk"})),
        "central-name": ("another name in the directory", with_entry(graph, central={"name": b"archive/datap.kl"})),
        "flag-encrypted": ("the flag of encryption in both headers", with_entry(graph, **both(flags=1))),
        "flag-encrypted-central": ("the flag of encryption in the directory (CVE-2025-1945)", with_entry(graph, central={"flags": 1})),
        "flag-encrypted-local": ("the flag of encryption in the local header", with_entry(graph, local={"flags": 1})),
        "flag-patched": ("the flag of patched data (CVE-2025-1945)", with_entry(graph, central={"flags": 0x20})),
        "flag-strong": ("the flag of strong encryption (CVE-2025-1945)", with_entry(graph, central={"flags": 0x40})),
        "flag-masked": ("the flag of masked headers", with_entry(graph, **both(flags=0x2000))),
        "flag-descriptor": ("a data descriptor that is not there", with_entry(graph, **both(flags=8))),
        "flag-utf8": ("a UTF-8 name in one header alone", with_entry(graph, central={"flags": 0x800})),
        "method-local": ("deflated by the local header, stored by the directory", with_entry(graph, local={"method": 8})),
        "method-central": ("stored by the local header, deflated by the directory", with_entry(graph, central={"method": 8})),
        "method-bzip2": ("method 12", with_entry(graph, **both(method=12))),
        "method-zstd": ("method 93", with_entry(graph, **both(method=93))),
        "method-unknown": ("method 65535", with_entry(graph, **both(method=0xFFFF))),
        "version": ("a version of 255.255 that is needed", with_entry(graph, **both(version=0xFFFF))),
        "size-local": ("another size in the local header", with_entry(graph, local={"size": 1, "stored": 1})),
        "size-central-small": ("a size of the directory that ends within the pickle", with_entry(graph, central={"size": 5, "stored": 5})),
        "size-central-large": ("a size of the directory that is past the end of the file", with_entry(graph, central={"size": 1 << 30, "stored": 1 << 30})),
        "size-stored-differ": ("a stored entry of two sizes", with_entry(graph, central={"size": len(graph) + 1})),
        "size-largest": ("a size of 2^32-1 without a ZIP64 field", with_entry(graph, **both(size=0xFFFFFFFF, stored=0xFFFFFFFF))),
        "zip64": ("sizes in a ZIP64 field", with_entry(graph, central={"size": 0xFFFFFFFF, "stored": 0xFFFFFFFF, "extra": zip64})),
        "zip64-large": ("a ZIP64 size of 2^64-1", with_entry(graph, central={"size": 0xFFFFFFFF, "stored": 0xFFFFFFFF, "extra": struct.pack("<HH", 1, 16) + b"\xff" * 16})),
        "zip64-short": ("a ZIP64 field that is too short", with_entry(graph, central={"size": 0xFFFFFFFF, "stored": 0xFFFFFFFF, "extra": struct.pack("<HHI", 1, 4, 1)})),
        "zip64-offset": ("a ZIP64 offset past the end", with_entry(graph, central={"offset": 0xFFFFFFFF, "extra": struct.pack("<HHQ", 1, 8, 1 << 62)})),
        "extra-cut": ("an extra field that is longer than the field of extras", with_entry(graph, central={"extra": struct.pack("<HH", 0x4246, 0xFFFF)})),
        "offset-other": ("the offset of another entry", with_entry(graph, central={"offset": 0})),
        "offset-past-end": ("an offset past the end", with_entry(graph, central={"offset": 1 << 30})),
        "offset-overlap": ("two entries over the same bytes", archive([*entries, Entry("archive/data/9", FLOATS, central={"offset": 0})])),
        "deflated": ("a data.pkl that is deflated", archive(deflated)),
        "deflated-short": ("a deflated data.pkl that is longer than its size", archive([Entry("archive/data.pkl", graph, deflate=True, central={"size": 3}), *entries[1:]])),
        "deflated-broken": ("deflated data that is not", with_entry(graph, **both(method=8))),
        "deflated-zlib": ("deflated data with the header of zlib", with_entry(zlib.compress(graph), **both(method=8, size=len(graph)))),
    }


def names(graph: bytes) -> Dict[str, Tuple[str, bytes]]:
    """Which entry is the pickle."""
    rest = zip_entries(graph)[1:]
    cut = zip_file(graph)
    good, bad = Entry("archive/data.pkl", GOOD), Entry("archive/data.pkl", graph)
    return {
        "twice-good-first": ("two data.pkl, the second makes a call", archive([good, bad, *rest])),
        "twice-bad-first": ("two data.pkl, the first makes a call", archive([bad, good, *rest])),
        "two-folders-good-first": ("two folders with a data.pkl each", archive([*zip_entries(GOOD), *zip_entries(graph, top="other")])),
        "two-folders-bad-first": ("the other way round", archive([*zip_entries(graph, top="other"), *zip_entries(GOOD)])),
        "no-folder": ("data.pkl without a folder", archive([Entry("data.pkl", graph), Entry("data/0", FLOATS), Entry("version", b"3\n")])),
        "deep-folder": ("a folder in the folder", archive(zip_entries(graph, top="a/b/c"))),
        "case": ("DATA.PKL", archive([Entry("archive/DATA.PKL", graph), *rest])),
        "extension": ("data.txt (CVE-2025-1889)", archive([Entry("archive/data.txt", graph), *rest])),
        "no-pickle": ("no data.pkl", archive(rest)),
        "folder-entry": ("data.pkl/, a folder with content", archive([Entry("archive/data.pkl/", graph), *rest])),
        "folder-and-file": ("data.pkl/ beside data.pkl", archive([Entry("archive/data.pkl/", GOOD), bad, *rest])),
        "backslash": ("a backslash in the name", archive([Entry("archive\\data.pkl", graph), *rest])),
        "dots": ("a name with ..", archive([Entry("archive/../archive/data.pkl", graph), *rest])),
        "absolute": ("an absolute name", archive([Entry("/archive/data.pkl", graph), *rest])),
        "nul": ("a NUL after the name", archive([Entry(b"archive/data.pkl\0.txt", graph), *rest])),
        "empty-name": ("an entry without a name", archive([Entry("", graph), bad, *rest])),
        "not-utf8": ("a name that is not UTF-8", archive([Entry(b"\xff\xfe/data.pkl", graph), Entry(b"\xff\xfe/version", b"3\n")])),
        "long-name": ("a name of 65,535 bytes", archive([Entry("a" * 65_526 + "/data.pkl", graph), *rest])),
        "nested": ("an archive in the archive", archive([Entry("archive/data.pkl", zip_file(graph)), *rest])),
        "extra-pickle": ("another pickle in the folder, which torch.load(pickle_file=) would read", archive([*zip_entries(graph), Entry("archive/config.json", graph)])),
        "torchscript": ("the parts of TorchScript", archive([*zip_entries(graph), Entry("archive/constants.pkl", graph), Entry("archive/code/__torch__.py", b"x")])),
        "torchscript-only-constants": ("constants.pkl", archive([*zip_entries(GOOD), Entry("archive/constants.pkl", graph)])),
        "package": ("the parts of torch.package", archive([*zip_entries(graph), Entry("archive/.data/extern_modules", b"os\n"), Entry("archive/x.py", b"import os")])),
        "model-json": ("the format before 1.4", archive([Entry("archive/model.json", b"{}"), *zip_entries(graph)])),
        "format-version": (".format_version 2", archive([*zip_entries(graph), Entry("archive/.format_version", b"2")])),
        "version-text": ("a version that is not a number", archive([*zip_entries(graph)[:-1], Entry("archive/version", b"x")])),
        "version-large": ("version 10^30", archive([*zip_entries(graph)[:-1], Entry("archive/version", b"1" + b"0" * 30)])),
        "version-missing": ("no version", archive(zip_entries(graph)[:-1])),
        "byteorder": ("a byte order that does not exist", archive([Entry("archive/data.pkl", graph), Entry("archive/byteorder", b"middle"), *zip_entries(graph)[2:]])),
        "byteorder-big": ("big-endian", archive([Entry("archive/data.pkl", graph), Entry("archive/byteorder", b"big"), *zip_entries(graph)[2:]])),
        "cut-directory": ("cut within the directory", cut[:-40]),
        "cut-half": ("cut in the middle", cut[: len(cut) // 2]),
        "cut-last": ("without its last byte", cut[:-1]),
        "npz": ("an .npz of an object array", archive([Entry("x.npy", b"\x93NUMPY\1\0v\0" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n" + graph)])),
    }


def ends(graph: bytes) -> Dict[str, Tuple[str, bytes]]:
    """Where the directory is."""
    sound, good = zip_file(graph), zip_file(GOOD)
    many = struct.pack("<4sIQIIQ", b"PK\6\7", 0, 1 << 62, 1, 0, 0)
    return {
        "prefix": ("bytes before the archive", b"\0" * 100 + sound),
        "prefix-pickle": ("a pickle before the archive", pickled(value({})) + sound),
        "prefix-legacy": ("a legacy file before the archive", legacy_file(pickled(value({}))) + sound),
        "prefix-offsets": ("bytes before the archive, counted in its offsets", archive(zip_entries(graph), prefix=b"\x89PNG\r\n\x1a\n" + b"\0" * 56)),
        "suffix": ("bytes after the archive", sound + b"\0" * 100),
        "two-archives": ("two archives, the second makes a call", good + sound),
        "two-archives-bad-first": ("two archives, the first makes a call", sound + good),
        "comment": ("a comment with another end record", archive(zip_entries(graph), end={"comment": good[-22:]})),
        "comment-archive": ("a comment that is an archive", archive(zip_entries(graph), end={"comment": good})),
        "count-less": ("fewer entries than there are", archive(zip_entries(graph), end={"count": 1})),
        "count-more": ("more entries than there are", archive(zip_entries(graph), end={"count": 100})),
        "count-none": ("no entries", archive(zip_entries(graph), end={"count": 0})),
        "count-65535": ("65,535 entries", archive(zip_entries(graph), end={"count": 0xFFFF})),
        "offset-past-end": ("a directory past the end", archive(zip_entries(graph), end={"offset": 1 << 30})),
        "offset-largest": ("a directory at 2^32-1 without ZIP64", archive(zip_entries(graph), end={"offset": 0xFFFFFFFF})),
        "size-larger": ("a directory that is larger than the file", archive(zip_entries(graph), end={"nbytes": 1 << 30})),
        "size-zero": ("a directory of 0 bytes", archive(zip_entries(graph), end={"nbytes": 0})),
        "disk": ("the second disk of two", archive(zip_entries(graph), end={"disk": 1})),
        "zip64-end": ("a ZIP64 end record past the end", sound[:-22] + many + archive(zip_entries(graph), end={"count": 0xFFFF, "offset": 0xFFFFFFFF, "nbytes": 0xFFFFFFFF})[-22:]),
        "only-end": ("an end record alone", sound[-22:]),
        "7z": ("the magic of 7z before a pickle", b"7z\xbc\xaf\x27\x1c\0\4" + graph),
        "rar": ("the magic of rar", b"Rar!\x1a\7\1\0" + graph),
        "gzip": ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\3" + zlib.compress(graph)[2:-4] + struct.pack("<II", zlib.crc32(graph), len(graph))),
        "png": ("the magic of PNG", b"\x89PNG\r\n\x1a\n" + graph),
        "tar": ("the format before 0.1.10, a tar archive (CVE-2025-32434)", tar(graph)),
        "magic-only": ("a local header's magic before a pickle", b"PK\3\4" + graph),
    }


def tar(graph: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for entry, content in (("sys_info", pickle.dumps(SYS_INFO, 2)), ("pickle", graph), ("storages", pickle.dumps(0, 2) + graph), ("tensors", pickle.dumps(0, 2) + graph)):
            info = tarfile.TarInfo(entry)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return out.getvalue()


def bombs(graph: bytes) -> Dict[str, Tuple[str, bytes]]:
    zeros: List[Entry] = [Entry("archive/data.pkl", graph), Entry("archive/version", b"3\n")]
    return {
        "deflate": ("a data.pkl of 128 MiB of zeros", archive([Entry("archive/data.pkl", bytes(128 << 20), deflate=True), *zeros[1:]])),
        "deflate-texts": ("a data.pkl of 64 MiB: empty lists", archive([Entry("archive/data.pkl", b"\x80\x02" + b"]0" * (32 << 20) + b"N.", deflate=True), *zeros[1:]])),
        "deflate-record": ("a record of 128 MiB that the directory gives as 8 bytes", archive([*zeros, Entry("archive/data/0", bytes(128 << 20), deflate=True, central={"size": 8})])),
        "entries": ("40,000 entries of one name", archive([*zeros, *[Entry("archive/x", b"")] * 40_000])),
    }


def legacy(canary: str) -> Dict[str, Tuple[str, bytes]]:
    """A call in each of the pickles of a legacy file, and counts that do not fit."""
    bad = pickled(call(name("os", "system"), f"touch {canary}"))
    large = struct.pack("<Q", 1 << 62)
    weights = pickled(value({"weight": tensor(legacy_stored(count=1 << 40))}))
    return {
        "magic": ("a call as the magic number", legacy_file(GOOD_LEGACY, magic=bad)),
        "magic-computed": ("a magic number that a call makes (GHSA-97f8-7cmv-76j2)", legacy_file(GOOD_LEGACY, magic=pickled(call(name("builtins", "int"), str(MAGIC_NUMBER))))),
        "magic-then-call": ("the right number after a call", legacy_file(GOOD_LEGACY, magic=pickled(call(name("os", "system"), f"touch {canary}") + b"0", value(MAGIC_NUMBER)))),
        "magic-other": ("another magic number", legacy_file(GOOD_LEGACY, magic=pickled(value(MAGIC_NUMBER + 1)))),
        "version": ("a call as the version", legacy_file(GOOD_LEGACY, version=bad)),
        "version-other": ("version 1002", legacy_file(bad, version=pickled(value(1002)))),
        "sys-info": ("a call as the system's description", legacy_file(GOOD_LEGACY, sys_info=bad)),
        "sys-info-big-endian": ("a big-endian system", legacy_file(bad, sys_info=pickle.dumps({**SYS_INFO, "little_endian": False}, 2))),
        "sys-info-list": ("a list as the description", legacy_file(bad, sys_info=pickle.dumps([], 2))),
        "object": ("a call as the object", legacy_file(bad)),
        "keys": ("a call as the keys", legacy_file(GOOD_LEGACY, keys=bad)),
        "keys-of-call": ("a call among the keys", legacy_file(GOOD_LEGACY, keys=pickled(b"]", call(name("os", "system"), f"touch {canary}"), b"a"))),
        "keys-missing": ("no keys for a storage that is used", legacy_file(GOOD_LEGACY, keys=())),
        "keys-twice": ("a key that comes twice", legacy_file(GOOD_LEGACY, keys=("0", "0"), storages=(struct.pack("<Q", 2) + FLOATS) * 2)),
        "keys-unknown": ("a key that no tensor has", legacy_file(GOOD_LEGACY, keys=("0", "1"), storages=(struct.pack("<Q", 2) + FLOATS) * 2)),
        "keys-numbers": ("keys that are numbers", legacy_file(GOOD_LEGACY, keys=pickled(value([0])))),
        "keys-text": ("a text as the keys", legacy_file(GOOD_LEGACY, keys=pickled(value("0")))),
        "keys-many": ("100,000 keys", legacy_file(GOOD_LEGACY, keys=pickled(b"](" + value("0") * 100_000 + b"e"))),
        "count-large": ("a storage of 2^62 elements", legacy_file(GOOD_LEGACY, storages=large + FLOATS)),
        "count-negative": ("a storage of -1 elements", legacy_file(GOOD_LEGACY, storages=b"\xff" * 8 + FLOATS)),
        "count-other": ("a count that differs from that of the pickle", legacy_file(GOOD_LEGACY, storages=struct.pack("<Q", 1) + FLOATS)),
        "count-both-large": ("2^40 elements in 8 bytes", legacy_file(weights, storages=struct.pack("<Q", 1 << 40) + FLOATS)),
        "storage-cut": ("a storage that is cut", legacy_file(GOOD_LEGACY, storages=struct.pack("<Q", 2) + FLOATS[:5])),
        "count-cut": ("a count that is cut", legacy_file(GOOD_LEGACY, storages=b"\2\0\0")),
        "storages-missing": ("no storages", legacy_file(GOOD_LEGACY, storages=b"")),
        "view": ("a storage that views another, past its end", legacy_file(pickled(value({"weight": tensor(value(("storage", name("torch", "FloatStorage"), "0", "cpu", 2, ("1", 1, 2))) + b"Q")})))),
        "zip-object": ("an archive in place of the object", legacy_file(zip_file(bad))),
        "cut-after-magic": ("nothing after the magic number", pickle.dumps(MAGIC_NUMBER, 2)),
        "cut-after-object": ("nothing after the object", legacy_file(GOOD_LEGACY, keys=b"", storages=b"")),
    }


def cases(canary: str) -> Iterator[Case]:
    graph = evil(canary)
    for group, made in (("header", headers(graph)), ("entry", names(graph)), ("end", ends(graph)), ("bomb", bombs(graph)), ("legacy", legacy(canary))):
        for kind, (what, content) in made.items():
            yield Case(f"{group}-{kind}.pt", what, content, ANY, accepts=kind == "two-archives-bad-first")
    # The same over a pickle that is sound, where the defect alone must be found.
    for kind in ("crc-central", "crc-both", "flag-encrypted", "size-central-small", "size-stored-differ", "method-unknown", "offset-past-end", "deflated-broken", "zip64-large"):
        what, content = headers(GOOD)[kind]
        yield Case(f"sound-{kind}.pt", f"a sound pickle with {what}", content, ANY)
    for number in range(0, len(zip_file(GOOD)), 7):
        yield Case(f"cut-{number}.pt", f"a sound file, cut to {number} bytes", zip_file(GOOD)[:number], ANY)
    for number in range(0, len(legacy_file(GOOD_LEGACY)), 7):
        yield Case(f"cut-{number}.legacy.pt", f"a sound legacy file, cut to {number} bytes", legacy_file(GOOD_LEGACY)[:number], ANY)
