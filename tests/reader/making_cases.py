"""How the cases of rule_cases.py are made: a content, and what is changed in its columns."""

from dataclasses import dataclass
from typing import Callable

from columns import Codec, StringTable
from content import Content, Storage, Tensor, dtype
from conventions import DEFAULT_LIMITS, Limits, checksum128
from milepost_writer import Writer
from samples import FLOATS, sample, with_value

BIG = 1 << 63


@dataclass
class Case:
    """`content`, its columns changed by `change`, breaks `rule` and is refused with `violation`."""

    rule: int
    violation: str
    what: str
    content: Content
    change: Callable[[Writer], object] | None = None
    limits: Limits = DEFAULT_LIMITS

    def data(self) -> bytes:
        writer = Writer(self.content)
        if self.change:
            self.change(writer)
        return writer.assemble()


class ChunkWriter(Writer):
    """Stores the given bytes as the only chunk of a compressed storage."""

    def __init__(self, storage: Storage, given: bytes):
        self.given = given
        tensor = Tensor(0, dtype("u8"), [len(storage.data)])
        super().__init__(Content(values=[("v", tensor)], storages=[storage]))

    def encode_chunk(self, codec: Codec, raw: bytes) -> bytes:
        self.columns.stored_nbytes.append(len(self.given))
        self.columns.raw_checksums.append(checksum128(raw))
        self.columns.stored_checksums.append(checksum128(self.given))
        return self.given


CASES: list[Case] = []


def case(rule: int, violation: str, what: str, content: Content | None = None, change=None, **limits) -> None:
    CASES.append(Case(rule, violation, what, content or sample(), change, Limits(**limits)))


def setting(column: str, row: int, name: str, value):
    """A change of one field of one row."""
    return lambda writer: setattr(getattr(writer.columns, column)[row], name, value)


def replacing(column: str, value):
    return lambda writer: setattr(writer.columns, column, value)


def appending(column: str, row):
    return lambda writer: getattr(writer.columns, column).append(row)


def number_setting(column: str, at: int, value: int):
    return lambda writer: getattr(writer.columns, column).__setitem__(at, value)


def dropping(column: str):
    """Takes the last one away."""
    return lambda writer: getattr(writer.columns, column).pop()


def together(*changes):
    return lambda writer: [change(writer) for change in changes]


def tensor_content(tensor: Tensor, data: bytes = FLOATS) -> Content:
    return with_value(tensor, [Storage(data)])


def raw_texts(*texts: bytes) -> StringTable:
    ends = [sum(len(text) for text in texts[: i + 1]) for i in range(len(texts))]
    return StringTable(ends, b"".join(texts))
