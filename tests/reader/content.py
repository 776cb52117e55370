"""What a checkpoint holds, as plain dataclasses: the input of milepost_writer.py. Terms of section 6."""

import struct
from dataclasses import dataclass, field

from columns import KNOWN_DTYPES

CODES = {name: (code, bits) for code, (name, bits) in KNOWN_DTYPES.items()}


@dataclass(frozen=True)
class DtypeOf:
    code: int
    name: str
    bits: int


def dtype(name: str) -> DtypeOf:
    code, bits = CODES[name]
    return DtypeOf(code, name, bits)


@dataclass
class Null:
    pass


@dataclass
class Bool:
    value: bool


@dataclass
class Int:
    value: int


@dataclass
class Float:
    """Kept as its 8 bytes, so that no NaN payload is lost on the way."""

    raw: bytes

    @classmethod
    def of(cls, number: float) -> "Float":
        return cls(struct.pack("<d", number))

    @classmethod
    def of_bits(cls, bits: int) -> "Float":
        return cls(struct.pack("<Q", bits))

    @property
    def number(self) -> float:
        return struct.unpack("<d", self.raw)[0]


@dataclass
class Complex:
    real: Float
    imag: Float


@dataclass
class String:
    text: str
    subtype: int = 0


@dataclass
class Bytes:
    data: bytes
    subtype: int = 0


@dataclass
class List:
    items: list = field(default_factory=list)


@dataclass
class Tuple:
    items: list = field(default_factory=list)
    subtype: int = 0


@dataclass
class Set:
    """The writer sorts the elements by canonical key."""

    items: list = field(default_factory=list)


@dataclass
class Dict:
    items: list[tuple] = field(default_factory=list)
    subtype: int = 0
    attributes: "Dict | None" = None


@dataclass
class Tensor:
    """A view of a storage, by its number. strides: in elements, None if contiguous. offset: in bytes."""

    storage: int
    dtype: DtypeOf
    shape: list[int]
    strides: list[int] | None = None
    offset: int = 0
    role: int = 0
    requires_grad: bool = False


@dataclass
class Storage:
    data: bytes
    codec: int = 0
    parameter: int = 0  # of the codec


Entries = list[tuple[str, object]]


@dataclass
class Model:
    name: str
    entries: Entries = field(default_factory=list)
    metadata: object = field(default_factory=Null)


@dataclass
class Group:
    """The positions default to the end of the group's keys: params, then param_names."""

    hyperparameters: Entries = field(default_factory=list)
    params: list[int] = field(default_factory=list)
    param_names: list[str] | None = None
    params_position: int | None = None
    param_names_position: int | None = None


@dataclass
class State:
    index: int
    entries: Entries = field(default_factory=list)


@dataclass
class Optimizer:
    name: str
    algorithm: str = ""
    groups: list[Group] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    state_extras: Entries = field(default_factory=list)
    extras: Entries = field(default_factory=list)
    param_keys: list[str] = field(default_factory=list)  # the key of each parameter by its index, or none


@dataclass
class Content:
    """order: all names in the order in which the parts were added; None: models, optimizers, values."""

    models: list[Model] = field(default_factory=list)
    optimizers: list[Optimizer] = field(default_factory=list)
    values: Entries = field(default_factory=list)
    storages: list[Storage] = field(default_factory=list)
    order: list[str] | None = None
