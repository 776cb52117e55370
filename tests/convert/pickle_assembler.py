"""Pickles, zip archives and legacy PyTorch files written byte by byte, with any field as wrong as wanted.

Nothing here makes an object of what it writes: a pickle is assembled from opcodes, so that a file can hold a call of
os.system that was never made.
"""

import pickle
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Union

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
SYS_INFO = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}

PROTO_2 = b"\x80\x02"


# Opcodes with their arguments.


def text(value: Union[str, bytes]) -> bytes:
    """BINUNICODE; bytes are taken as they are, for what is not UTF-8."""
    data = value if isinstance(value, bytes) else value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def short_text(value: str) -> bytes:
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def data(value: bytes) -> bytes:
    """SHORT_BINBYTES or BINBYTES."""
    if len(value) < 256:
        return b"C" + bytes([len(value)]) + value
    return b"B" + struct.pack("<I", len(value)) + value


def integer(value: int) -> bytes:
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -(1 << 31) <= value < (1 << 31):
        return b"J" + struct.pack("<i", value)
    encoded = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(encoded)]) + encoded


def name(module: Union[str, bytes], attribute: Union[str, bytes]) -> bytes:
    """GLOBAL."""
    parts = [part if isinstance(part, bytes) else part.encode() for part in (module, attribute)]
    return b"c" + parts[0] + b"\n" + parts[1] + b"\n"


def stack_name(module: bytes, attribute: bytes) -> bytes:
    """STACK_GLOBAL of two operands that are pushed by any opcodes."""
    return module + attribute + b"\x93"


def value(of: Any) -> bytes:
    """A plain value as protocol 2 writes it, without memo. Bytes are opcodes already."""
    if isinstance(of, bytes):
        return of
    if of is None:
        return b"N"
    if of is True or of is False:
        return b"\x88" if of else b"\x89"
    if isinstance(of, int):
        return integer(of)
    if isinstance(of, float):
        return b"G" + struct.pack(">d", of)
    if isinstance(of, str):
        return text(of)
    if isinstance(of, tuple):
        return b"(" + b"".join(value(item) for item in of) + b"t"
    if isinstance(of, list):
        return b"](" + b"".join(value(item) for item in of) + b"e"
    if isinstance(of, dict):
        return b"}(" + b"".join(value(key) + value(item) for key, item in of.items()) + b"u"
    raise TypeError(f"no opcodes for {type(of).__name__}")


def call(function: bytes, *arguments: Any) -> bytes:
    """REDUCE: what Python calls."""
    return function + value(tuple(arguments)) + b"R"


def stored(key: str = "0", storage_class: bytes = name("torch", "FloatStorage"), count: int = 2,
           kind: str = "storage", location: str = "cpu") -> bytes:
    """BINPERSID of a storage, as PyTorch 1.6 and newer write it."""
    return value((kind, storage_class, key, location, count)) + b"Q"


def legacy_stored(key: str = "0", storage_class: bytes = name("torch", "FloatStorage"), count: int = 2) -> bytes:
    """The same of a legacy file: one item more."""
    return value(("storage", storage_class, key, "cpu", count, None)) + b"Q"


def tensor(storage: Optional[bytes] = None, offset: Any = 0, size: Any = (2,), stride: Any = (1,), grad: Any = False,
           hooks: Optional[bytes] = None, *more: Any) -> bytes:
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    no_hooks = call(name("collections", "OrderedDict"))
    return call(rebuild, storage or stored(), offset, size, stride, grad, hooks or no_hooks, *more)


def pickled(*body: bytes, protocol: int = 2) -> bytes:
    return b"\x80" + bytes([protocol]) + b"".join(body) + b"."


# Zip archives.


@dataclass
class Entry:
    """One file of an archive. `local` and `central` replace fields of one header only: flags, method, crc, stored, size,
    name, extra, offset, version, comment."""

    name: Union[str, bytes]
    content: bytes
    local: Dict[str, Any] = field(default_factory=dict)
    central: Dict[str, Any] = field(default_factory=dict)
    deflate: bool = False

    def fields(self, packed: bytes, replaced: Dict[str, Any]) -> Dict[str, Any]:
        known = self.name if isinstance(self.name, bytes) else self.name.encode()
        return {"flags": 0, "method": 8 if self.deflate else 0, "crc": zlib.crc32(self.content), "stored": len(packed),
                "size": len(self.content), "name": known, "extra": b"", "version": 20, "comment": b"", **replaced}

    def packed(self) -> bytes:
        if not self.deflate:
            return self.content
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(self.content) + packer.flush()


def archive(entries: Sequence[Entry], prefix: bytes = b"", end: Optional[Dict[str, Any]] = None,
            suffix: bytes = b"") -> bytes:
    """A zip archive. `end` replaces fields of the end record: count, nbytes, offset, comment, disk."""
    out = bytearray(prefix)
    directory = bytearray()
    for entry in entries:
        packed = entry.packed()
        begin = len(out)
        of = entry.fields(packed, entry.local)
        out += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", of["version"], of["flags"], of["method"], 0, 0, of["crc"],
                           of["stored"], of["size"], len(of["name"]), len(of["extra"])) + of["name"] + of["extra"] + packed
        of = entry.fields(packed, entry.central)
        directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, of["version"], of["flags"], of["method"], 0, 0,
                                 of["crc"], of["stored"], of["size"], len(of["name"]), len(of["extra"]),
                                 len(of["comment"]), 0, 0, 0, of.get("offset", begin))
        directory += of["name"] + of["extra"] + of["comment"]
    last = {"count": len(entries), "nbytes": len(directory), "offset": len(out), "comment": b"", "disk": 0, **(end or {})}
    return bytes(out + directory) + struct.pack(
        "<4sHHHHIIH", b"PK\5\6", last["disk"], last["disk"], last["count"], last["count"], last["nbytes"], last["offset"],
        len(last["comment"])) + last["comment"] + suffix


FLOATS = struct.pack("<2f", 1.0, 2.0)


def zip_entries(graph: bytes, top: str = "archive", records: Sequence[bytes] = (FLOATS,)) -> List[Entry]:
    """The entries of a .pt that holds this pickle."""
    entries = [Entry(f"{top}/data.pkl", graph), Entry(f"{top}/byteorder", b"little")]
    entries += [Entry(f"{top}/data/{number}", record) for number, record in enumerate(records)]
    return [*entries, Entry(f"{top}/version", b"3\n")]


def zip_file(graph: bytes, **options: Any) -> bytes:
    return archive(zip_entries(graph, **options))


# Legacy files.


def legacy_file(graph: bytes, keys: Any = ("0",), storages: Optional[bytes] = None, magic: Optional[bytes] = None,
                version: Optional[bytes] = None, sys_info: Optional[bytes] = None) -> bytes:
    """A file of versions before 1.6: five pickles, then the storages. `magic`, `version`, `sys_info` and bytes as `keys`
    are whole pickles."""
    parts = [pickle.dumps(MAGIC_NUMBER, 2) if magic is None else magic,
             pickle.dumps(1001, 2) if version is None else version,
             pickle.dumps(SYS_INFO, 2) if sys_info is None else sys_info,
             graph,
             keys if isinstance(keys, bytes) else pickle.dumps(list(keys), 2),
             struct.pack("<Q", 2) + FLOATS if storages is None else storages]
    return b"".join(parts)
