"""One hostile file, and what a reader may answer to it."""

from dataclasses import dataclass
from typing import FrozenSet, Iterator, Sequence, Tuple

from pickle_assembler import archive, legacy_file, legacy_stored, pickled, tensor, text, zip_entries


def either(*answers: str) -> FrozenSet[str]:
    return frozenset(answers)


GLOBAL = either("unsupported/global")
ANY = either("unsupported/global", "unsupported/opcode", "unsupported/feature", "corrupt/foreign", "corrupt/foreign_checksum",
             "truncated/cut", "truncated/empty", "not_a_checkpoint/magic", "not_a_checkpoint/zero_header",
             "limit_exceeded/records", "limit_exceeded/index_bytes", "limit_exceeded/decoded_bytes", "limit_exceeded/depth",
             "limit_exceeded/name_bytes", "limit_exceeded/rank")
#: Of a pickle that is not in a PyTorch file: it may be taken for something else, too.
BARE = either("unsupported/global", "unsupported/opcode", "unsupported/feature", "corrupt/foreign", "truncated/cut", "truncated/empty",
              "not_a_checkpoint/magic")


@dataclass(frozen=True)
class Case:
    """A file, the answers of which one must be given, and words that its message must have. `live`: a pickle that Python,
    which calls what it reads, really runs. `accepts`: odd but harmless, and torch.load(weights_only=True) reads it: it may
    also be read."""

    name: str
    what: str
    content: bytes
    answers: FrozenSet[str]
    words: Tuple[str, ...] = ()
    live: bytes = b""
    accepts: bool = False


def wrapped(name: str, what: str, payload: bytes, answers: FrozenSet[str], words: Sequence[str] = (), live: bool = False,
            whole: bytes = b"", accepts: bool = False) -> Iterator[Case]:
    """The payload beside a tensor in a zip archive and in a legacy file, and alone. `whole`: the pickle, if it is not one
    of the payload."""
    is_whole = payload == b""
    safe = name.replace("/", "_")[:100]
    weight = text("weight")
    graph = whole if is_whole else pickled(b"}", weight, tensor(), b"s", text("x"), payload, b"s")
    yield Case(f"{safe}.pt", what, archive(zip_entries(graph)), answers, tuple(words), accepts=accepts)
    graph = whole if is_whole else pickled(b"}", weight, tensor(legacy_stored()), b"s", text("x"), payload, b"s")
    yield Case(f"{safe}.legacy.pt", f"{what}, in a legacy file", legacy_file(graph), answers | LEGACY, tuple(words), accepts=accepts)
    graph = whole if is_whole else pickled(payload, protocol=4)
    yield Case(f"{safe}.bare.pt", f"{what}, alone", graph, answers | BARE, live=graph if live else b"")


#: The place of a mistake is less clear in pickles that follow each other, and a persistent id has another form.
LEGACY = either("corrupt/foreign", "truncated/cut")
