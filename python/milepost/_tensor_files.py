"""Files and bytes that hold a dict of tensors and metadata: what the functions of safetensors take and return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milepost import _libraries, _native, _parts
from milepost._encoding import Encoding
from milepost._errors import InvalidArgumentError, WrongTypeError
from milepost._files import Path, about, open_bytes, text_of, write_file
from milepost._memory import Memory
from milepost._safe_open import METADATA, named_tensors, safe_open
from milepost._save import save_options


def encode(tensors: Any, metadata: Mapping[str, Any] | None, library: _libraries.Library) -> _native.Checkpoint:
    if not isinstance(tensors, dict):
        raise WrongTypeError(f"expected a dict of tensors, found {type(tensors)}", "wrong_type")
    for name, tensor in tensors.items():
        if type(name) is not str:
            raise WrongTypeError(f"expected the name of a tensor, a str, found {name!r}", "wrong_type")
        if not library.is_tensor(tensor):
            raise WrongTypeError(f"{name}: expected a tensor of {library.NAME}, found {type(tensor)}", "wrong_type")
    encoding = Encoding(None)
    contents = _native.Checkpoint(encoding)
    plain = {name: library.without_grad(tensor) for name, tensor in tensors.items()}
    contents.add_model("model", plain, getattr(tensors, "_metadata", None))
    names = ["model"]
    if metadata is not None:
        contents.add_value(METADATA, _checked(metadata))
        names.append(METADATA)
    contents.add_value(_parts.RECORD, _parts.Record("model", [], _parts.arrays_of(encoding)).as_dict())
    contents.set_order([*names, _parts.RECORD])
    return contents


def _checked(metadata: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(metadata, Mapping) or not all(type(key) is str for key in metadata):
        raise WrongTypeError("metadata: expected a dict with str keys", "wrong_type")
    return dict(metadata)


def save_file(
    tensors: Any,
    filename: Path,
    metadata: Mapping[str, Any] | None,
    library: _libraries.Library,
    options: dict[str, Any],
) -> None:
    name = text_of(filename)
    with about(name):
        write_file(encode(tensors, metadata, library), name, save_options(**options), None)


def save(
    tensors: Any, metadata: Mapping[str, Any] | None, library: _libraries.Library, options: dict[str, Any]
) -> bytes:
    return encode(tensors, metadata, library).save_to_bytes(save_options(**options))


def load_file(filename: Path, framework: str, device: Any, backend: str, options: dict[str, Any]) -> dict[str, Any]:
    with safe_open(filename, framework, device, backend=backend, **options) as file:
        return file.get_tensors()


def load(data: bytes, library: _libraries.Library) -> dict[str, Any]:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidArgumentError(f"expected bytes, found {type(data)}", "wrong_type")
    file = open_bytes(bytes(data))
    tensors = named_tensors(file)
    memory = Memory(file, tensors.values(), mapped=False)
    return {name: library.decode(tensor, memory) for name, tensor in tensors.items()}
