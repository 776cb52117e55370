"""milepost.load: a file as the object that was saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from milepost import _libraries, _native, _parts
from milepost._files import Path, Verify, about, open_file, text_of
from milepost._memory import Limits, Memory, Progress
from milepost._parts import Record


def load(
    path: Path,
    *,
    verify: Verify = "on_access",
    mmap: bool = True,
    device: Any = None,
    framework: str | None = None,
    threads: int = 0,
    progress: Progress | None = None,
    limits: Limits | None = None,
    digest: str | None = None,
) -> Any:
    """The object that milepost.save was given, with the same types all the way down.

    Tensors of PyTorch are views of the mapped file that may be written to: what is written stays in memory of this
    process. Arrays of NumPy are read-only views. Both keep what they need open: the file may be replaced or deleted.
    Tensors that are compressed in the file, and all of them with `mmap=False`, are in fresh memory, and writable.
    Files of other formats are read by their content: a `.pt` as torch.load(weights_only=True) reads it.

    path: of a file, or a URL of fsspec, such as s3://bucket/run.milepost, of which all that is read is read once.
    verify: "on_access" compares the checksums of all tensors, "full" those of every byte of the file, "never" none.
    device: of torch, where its tensors go; None leaves them on the CPU.
    framework: "torch", "numpy" or "jax" for all tensors; None: those that were saved, torch for files of C++ programs.
    progress: called as progress(done, total), in bytes of tensors that are checked or read.
    limits: for files of strangers; docs/python.md lists them.
    digest: of the content that the file has to have: File.digest, or what `milepost digest` prints.

    Raises a subclass of Error; ImportError where the framework is not installed.
    """
    name = text_of(path)
    file = open_file(path, verify=verify, mmap=mmap, threads=threads, limits=limits, digest=digest)
    with about(name):
        record = _parts.record_of(file)
        memory = Memory(
            file,
            file.all_tensors(),
            mapped=mmap,
            verify=verify != "never",
            limits=limits,
            threads=threads,
            progress=progress,
        )
        return decode(file, record, memory, framework, device)


def decode(file: _native.File, record: Record, memory: Memory, framework: str | None, device: Any) -> Any:
    make = tensor_maker(file, record, memory, framework, device)
    return _parts.decode(file.parts(make, special_maker(framework)), record)


TensorMaker = Callable[[_native.Tensor], Any]


def tensor_maker(
    file: _native.File, record: Record, memory: Memory, framework: str | None, device: Any = None
) -> TensorMaker:
    """Imports a framework at its first tensor: a file without tensors needs none."""
    # Of a file with several frameworks, the device is that of torch.
    is_mixed = framework is None and isinstance(record.arrays, dict)
    made: dict[str, tuple[_libraries.Library, Any]] = {}

    def make(tensor: _native.Tensor) -> Any:
        name = framework or record.framework_of(file, tensor)
        if name not in made:
            library = _libraries.library(name)
            made[name] = library, library.device_of(None if is_mixed and name != "torch" else device)
        library, place = made[name]
        return library.decode(tensor, memory, place)

    return make


def special_maker(framework: str | None) -> Callable[[_native.Special], Any]:
    def make(special: _native.Special) -> Any:
        return _libraries.library(framework or "torch").special(special)

    return make
