"""milepost.open: an open file, whose parts are read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from milepost import _libraries, _native, _optimizer, _parts
from milepost._errors import InvalidArgumentError, NotFoundError
from milepost._files import Path, Verify, about, open_file, text_of
from milepost._load import special_maker, tensor_maker
from milepost._memory import Limits, Memory, Progress

if TYPE_CHECKING:
    from typing_extensions import Self


class Damage(NamedTuple):
    """A range of the file whose bytes are not those that were saved."""

    condition: str
    message: str
    begin: int
    end: int


class File:
    """An open checkpoint of any format. Immutable: any thread.

        with milepost.open("run.milepost") as file:
            weight = file["model/conv1.weight"].torch()      # a view of the mapped file
            rows = file["model/embedding.weight"][1000:1010].numpy()
            lr = file.get("optimizer/param_groups/0/lr")

    What was returned stays valid when it is closed, and when the file is replaced or deleted.
    """

    def __init__(self, native: _native.File, path: str, mapped: bool, limits: Limits | None) -> None:
        self._native: _native.File | None = native
        self._mapped = mapped
        self._limits = limits
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._native = None

    def _opened(self) -> _native.File:
        file = self._native  # once: another thread may close it
        if file is None:
            raise InvalidArgumentError(f"{self.path}: the file is closed", "option", self.path)
        return file

    @property
    def models(self) -> list[str]:
        """The names of the models, in the order of the file."""
        return self._opened().models()

    @property
    def optimizers(self) -> list[str]:
        return self._opened().optimizers()

    @property
    def values(self) -> list[str]:
        """The names of the other values."""
        return [name for name in self._opened().values() if name != _parts.RECORD]

    @property
    def digest(self) -> str:
        """The digest of the content, "xxh3-128:" and 32 hex digits: the same whatever the codec and the order of names.
        It finds accidents and mix-ups, not attackers. Pass it as `digest=` to open no other content. Files of other
        formats have none: UnsupportedError."""
        return self._opened().digest

    @property
    def format(self) -> str:
        """ "milepost", or that of another format: "pytorch", "safetensors", "npz", "npy", "gguf", "hdf5"."""
        return self._opened().format

    @property
    def warnings(self) -> list[str]:
        """What is wrong and did not keep the file from opening."""
        return self._opened().warnings

    def __len__(self) -> int:
        """The number of tensors."""
        return self._opened().tensor_count

    def __iter__(self) -> Iterator[str]:
        """The paths of all tensors, in the order of the file."""
        file = self._opened()
        return (file.tensor_path(number) for number in range(file.tensor_count))

    def __contains__(self, path: object) -> bool:
        try:
            self._opened().tensor(str(path))
        except (NotFoundError, InvalidArgumentError):
            return False
        return True

    def __getitem__(self, path: str) -> FileTensor:
        """A tensor by its path, such as "model/conv1.weight" or "optimizer/state/0/exp_avg"; no byte of it is read."""
        with about(self.path):
            return FileTensor(self._opened(), self._opened().tensor(path), self._mapped, self._limits)

    def get(self, path: str, *, framework: str | None = None) -> Any:
        """What is at a path: a tensor, a top-level value, or a part of one ("config/lr", "losses/0").

        Raises NotFoundError if there is nothing; for a model or an optimizer call model() and optimizer().
        """
        file = self._opened()
        with about(self.path):
            return file.value(path, self._maker(framework), special_maker(framework))

    def model(self, name: str = "model", *, framework: str | None = None) -> dict[str, Any]:
        """The state_dict of a model."""
        file = self._opened()
        with about(self.path):
            record = _parts.record_of(file)
            entries, metadata = file.model(name, self._maker(framework), special_maker(framework))
            return _parts.model_of(entries, metadata, name in record.ordered)

    def optimizer(self, name: str = "optimizer", *, framework: str | None = None) -> dict[str, Any]:
        """The state_dict of an optimizer."""
        file = self._opened()
        with about(self.path):
            return _optimizer.build(file.optimizer(name, self._maker(framework), special_maker(framework)))

    def verify(self, *, threads: int = 0, progress: Progress | None = None) -> list[Damage]:
        """Checks every byte of the file. Returns what is damaged, in the order of the file; [] if nothing is. Raises
        UnsupportedError for a file of another format, which does not have the checksums."""
        with about(self.path):
            report = self._opened().verify(threads, progress)
        return [Damage(*each) for each in report["damage"]]

    def _maker(self, framework: str | None) -> Any:
        file = self._opened()
        record = _parts.record_of(file)

        def make(tensor: _native.Tensor) -> Any:
            memory = Memory(file, [tensor], mapped=self._mapped, verify=False, limits=self._limits)
            return tensor_maker(file, record, memory, framework)(tensor)

        return make


class FileTensor:
    """A tensor of an open file, or a part of one. No byte of it is read before it is asked for."""

    def __init__(
        self,
        file: _native.File,
        native: _native.Tensor,
        mapped: bool,
        limits: Limits | None,
        *,
        is_part: bool = False,
    ) -> None:
        self._file = file
        self._native = native
        self._mapped = mapped
        self._limits = limits
        self._is_part = is_part

    @property
    def name(self) -> str:
        """Within its model or its state."""
        return self._native.name

    @property
    def dtype(self) -> str:
        """The name of the dtype in the file, for example "bf16"."""
        return self._native.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self._native.shape

    @property
    def nbytes(self) -> int:
        """Its size when contiguous."""
        return self._native.nbytes

    @property
    def digest(self) -> str:
        """The digest of its dtype, shape, strides and offset, and of the bytes of its storage; not of its name. A part
        of a tensor has none."""
        number = self._native.number
        if self._is_part or number is None:
            raise InvalidArgumentError(f"{self!r}: a part of a tensor has no digest", "option")
        return self._file.tensor_digest(number)

    def __repr__(self) -> str:
        return repr(self._native)

    def torch(self) -> Any:
        """A tensor of PyTorch; what is written to it stays in this process."""
        return self._made("torch")

    def numpy(self) -> Any:
        """An array of NumPy, read-only where it is a view of the mapped file. Needs ml_dtypes for bf16, f8, f6, f4."""
        return self._made("numpy")

    def jax(self) -> Any:
        """An array of JAX."""
        return self._made("jax")

    def __getitem__(self, index: Any) -> FileTensor:
        """A part of it: ints, slices with a positive step, None and `...`; of that, only chunks with its elements are
        checked, or read. The dimension of an int stays, with the size 1."""
        from milepost._index import select

        selection = select(index, self.shape)
        if selection is None or any(each is None for each in selection.then):
            raise InvalidArgumentError(f"{self!r}: an index of a file is made of ints, slices and '...'", "layout")
        part = self._native.slice(selection.ranges)
        return FileTensor(self._file, part, self._mapped, self._limits, is_part=True)

    def _made(self, framework: str) -> Any:
        library = _libraries.library(framework)
        return library.decode(self._native, self._memory())

    def _memory(self) -> Memory:
        return Memory(self._file, [self._native], mapped=self._mapped, verify=False, limits=self._limits)

    def __dlpack__(self, **options: Any) -> Any:
        """Memory of the CPU. For one that honours the read-only flag it is a read-only array; PyTorch ignores the flag,
        and writes to memory of this process, never to the file."""
        storage = self._memory().storage(self._native, writable=True)
        return _native.dlpack_array(self._native, storage).__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def open(
    path: Path,
    *,
    verify: Verify = "on_access",
    mmap: bool = True,
    threads: int = 0,
    limits: Limits | None = None,
    digest: str | None = None,
) -> File:
    """Opens a file: its index is checked, and no tensor touched. The options are those of load().

    Files of other formats, too: docs/python.md, "Other formats".
    """
    native = open_file(path, verify=verify, mmap=mmap, threads=threads, limits=limits, digest=digest)
    return File(native, text_of(path), mmap, limits)
