"""safe_open: what safetensors 0.8 has under that name, for files of Milepost and of other formats."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from milepost import _libraries, _native, _parts
from milepost._errors import InvalidArgumentError, NotFoundError
from milepost._files import Path, Verify, about, open_file, text_of
from milepost._index import select
from milepost._memory import Limits, Memory, check_limit

if TYPE_CHECKING:
    from typing_extensions import Self

_FRAMEWORKS = {
    "pt": "torch",
    "torch": "torch",
    "pytorch": "torch",
    "np": "numpy",
    "numpy": "numpy",
    "jax": "jax",
    "flax": "jax",
}
#: The codes of safetensors for dtypes; the others have the name that they have in a file, in capitals.
_CODES = {"f8_e4m3fn": "F8_E4M3", "f8_e8m0fnu": "F8_E8M0", "f4_e2m1fn": "F4"}
METADATA = "metadata"


class safe_open:  # noqa: N801
    """An open file whose tensors are read when they are asked for.

        with milepost.safe_open("model.milepost", framework="pt", device="cpu") as f:
            for name in f.keys():
                tensor = f.get_tensor(name)

    filename: a path, or a URL of fsspec. framework: "pt", "np" or "jax", or another name of these. device: of torch.
    backend: "mmap" gives views of the mapped file, "pread" reads into memory.
    verify: "on_access" compares the checksums of what is asked for, "full" all of the file, "never" none.
    digest: of the content that the file has to have, as for milepost.load().

    The names of a file of save_file() are those of its tensors, the names of any other file their paths, such as
    "model/conv1.weight". Any thread.
    """

    def __init__(
        self,
        filename: Path,
        framework: str,
        device: Any = "cpu",
        *,
        backend: str = "mmap",
        verify: Verify = "on_access",
        limits: Limits | None = None,
        digest: str | None = None,
    ) -> None:
        if framework not in _FRAMEWORKS:
            raise InvalidArgumentError(f"framework {framework} is not one of {', '.join(_FRAMEWORKS)}", "option")
        if backend not in ("mmap", "pread"):
            raise InvalidArgumentError(f"backend {backend} is not one of mmap, pread", "option")
        self._library = _libraries.library(_FRAMEWORKS[framework])
        self._device = self._library.device_of(device)
        self._path = text_of(filename)
        self._mapped = backend == "mmap"
        self._limits = limits
        self._verify = verify != "never"
        self._file: _native.File | None = open_file(
            filename, verify=verify, mmap=self._mapped, limits=limits, digest=digest
        )
        self._tensors = named_tensors(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file. Tensors that were returned stay valid."""
        self._file = None

    def _opened(self) -> _native.File:
        file = self._file  # once: another thread may close it
        if file is None:
            raise InvalidArgumentError(f"{self._path}: the file is closed", "option", self._path)
        return file

    def keys(self) -> list[str]:
        """The names, sorted."""
        self._opened()
        return sorted(self._tensors)

    def offset_keys(self) -> list[str]:
        """The names, in the order of the file."""
        self._opened()
        places = {name: (tensor.storage or 0, tensor.offset) for name, tensor in self._tensors.items()}
        return sorted(places, key=places.__getitem__)

    def metadata(self) -> dict[str, Any] | None:
        """The metadata that save_file() was given, or None."""
        file = self._opened()
        if METADATA not in file.values():
            return None
        found = file.value(METADATA, self._make_tensor, self._library.special)
        return found if type(found) is dict else None

    def get_tensor(self, name: str) -> Any:
        """A tensor: a view of the mapped file, which of torch may be written to and of NumPy may not."""
        return self._whole(self._tensor(name))

    def get_tensors(self) -> dict[str, Any]:
        """All tensors by name, in the order of the file. They are checked or read by several threads."""
        file = self._opened()
        with about(self._path):
            memory = Memory(file, self._tensors.values(), mapped=self._mapped, verify=self._verify, limits=self._limits)
            return {name: self._decoded(tensor, memory) for name, tensor in self._tensors.items()}

    def get_slice(self, name: str) -> Slice:
        """A tensor of which parts are read: get_slice(name)[:, ::8]."""
        return Slice(self, self._tensor(name))

    def _tensor(self, name: str) -> _native.Tensor:
        self._opened()
        try:
            return self._tensors[name]
        except KeyError:
            raise NotFoundError(
                f"{self._path}: the file does not have a tensor {name!r}", "tensor", self._path
            ) from None

    def _whole(self, tensor: _native.Tensor) -> Any:
        with about(self._path):
            return self._make_tensor(tensor)

    def _make_tensor(self, tensor: _native.Tensor) -> Any:
        memory = Memory(self._opened(), [tensor], mapped=self._mapped, verify=False, limits=self._limits)
        return self._decoded(tensor, memory)

    def _decoded(self, tensor: _native.Tensor, memory: Memory) -> Any:
        return self._library.without_grad(self._library.decode(tensor, memory, self._device))

    def _part(self, tensor: _native.Tensor) -> Any:
        """A part of a tensor: a view of the mapped file, else a contiguous copy. To a device only the part is moved."""
        file = self._opened()
        with about(self._path):
            if self._mapped and tensor.is_mapped and self._device is None:
                return self._make_tensor(tensor)
            check_limit(tensor.nbytes, self._limits)
            (view,) = file.read([tensor], 0, None)
            return self._library.of_bytes(tensor, view, self._device)


class Slice:
    """A tensor of an open file, of which an index reads a part: only the chunks that hold its elements."""

    def __init__(self, file: safe_open, tensor: _native.Tensor) -> None:
        self._file = file
        self._tensor = tensor

    def get_shape(self) -> list[int]:
        return list(self._tensor.shape)

    def get_dtype(self) -> str:
        """The code of the dtype in safetensors, for example "BF16"."""
        return _CODES.get(self._tensor.dtype, self._tensor.dtype.upper())

    def __getitem__(self, index: Any) -> Any:
        """What the index selects: a view as get_tensor() returns it, or a copy where the tensor is not in the mapped
        file. Ints, slices with a positive step, None and `...` read only what they select, any other index all."""
        selection = select(index, self._tensor.shape) if self._tensor.bits >= 8 else None
        if selection is None:
            return self._file._whole(self._tensor)[index]
        return self._file._part(self._tensor.slice(selection.ranges))[selection.then]


def named_tensors(file: _native.File) -> dict[str, _native.Tensor]:
    """The tensors of a file by name: of save_file() by that of the entry, of any other one by path."""
    record = _parts.record_of(file)
    if record.root is not None and file.models() == [record.root]:
        return {tensor.name: tensor for tensor in file.tensors(record.root)}
    return {file.tensor_path(number): tensor for number, tensor in enumerate(file.all_tensors())}
