"""milepost.convert: files of other formats, in and out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from milepost import _native
from milepost._errors import InvalidArgumentError, Loss, UnsupportedError
from milepost._files import Path, about, is_remote, text_of
from milepost._memory import Limits, Progress
from milepost._options import Codec, texts
from milepost._save import save_options

#: The formats; hdf5 is only read.
Format = Literal["milepost", "pytorch", "safetensors", "npz", "npy", "gguf", "hdf5"]

_MOST_LISTED = 5


class Converted(NamedTuple):
    """What convert() did."""

    #: The format of the source, and of the target.
    from_format: str
    to_format: str
    #: What the target does not hold; with `lossy=True` alone.
    losses: list[Loss]
    #: The file that opens what was written: the target, or the index of shards.
    path: str


def convert(
    source: Path,
    target: Path,
    *,
    from_format: Format | None = None,
    to_format: Format | None = None,
    models: Mapping[str, str] | None = None,
    only: str | Iterable[str] = (),
    verify: bool = False,
    lossy: bool = False,
    max_shard_size: int | None = None,
    codec: Codec = "raw",
    level: int = 1,
    durable: bool = True,
    keep_previous: bool = False,
    create_only: bool = False,
    threads: int = 0,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> Converted:
    """Reads a checkpoint of any format and writes it in another one. Nothing in the file is run.

        milepost.convert("resnet18.pth", "resnet18.milepost")
        milepost.convert("run.milepost", "weights.safetensors", lossy=True)

    Tensors are read when they are written, block by block: memory does not grow with the file. Afterwards `target` is
    the new file, or after an error the old one.

    from_format: of the source; None: by its content. to_format: of the target; None: by its extension.
    models: nested dicts of tensors that become models: {"nets/generator": "generator"}.
    only: patterns of paths, such as "model/*"; what none of them matches is left out. A pattern that
        matches nothing is an InvalidArgumentError.
    verify: read the new file again, and compare it bit for bit with what was to be written; MismatchError otherwise.
    lossy: write the file even if the format cannot hold all; the result lists what is left out.
    max_shard_size: of safetensors, in bytes: more is written as NAME-00001-of-0000N.safetensors and an index.
    codec, level: of files of Milepost. The other options are those of save().

    Raises UnsupportedError with the condition "not_held" if the format cannot hold all of it, before anything is
    written: its attribute `losses` has the list. Other conditions of it: "global" and "opcode" for a pickle that is
    more than data, "feature" for what cannot be read or written. Otherwise the errors of load() and save().
    """
    name, output = text_of(source), text_of(target)
    for path in (name, output):
        if is_remote(path):
            raise InvalidArgumentError(f"{path}: convert reads and writes local files", "option", path)
    written = to_format or _format_of(output)
    patterns = texts(only)
    options = {
        "format": written,
        "lossy": lossy,
        "verify": verify,
        "max_shard_nbytes": max_shard_size or 0,
        "save": save_options(
            codec=codec,
            level=level,
            durable=durable,
            keep_previous=keep_previous,
            create_only=create_only,
            keep_storages=True,
            threads=threads,
            limits=limits,
        ),
    }
    opening = {
        "access": "read",  # a failing disk is then an error, not a signal
        "format": from_format,
        "models": list((models or {}).items()),
        "limits": limits or {},
    }
    with about(name):
        file = _native.File.open(os.fsencode(name), opening)
        losses = [Loss(*each) for each in _native.find_losses(file, written, patterns)]
        if losses and not lossy:
            raise _not_held(losses, written, name)
    with about(output):
        opened_by = os.fsdecode(_native.export(file, os.fsencode(output), options, patterns, progress))
    with about(name):
        file.check_unchanged()
    return Converted(file.format, written, losses, opened_by)


def _format_of(output: str) -> str:
    found = _native.format_of_extension(os.fsencode(output))
    if found is None:
        raise InvalidArgumentError(
            f"{output}: its extension is not that of a format: pass to_format=", "option", output
        )
    return found


def _not_held(losses: list[Loss], format: str, path: str) -> UnsupportedError:
    listed = "".join(f"\n  {loss.path}: {loss.reason}" for loss in losses[:_MOST_LISTED])
    more = f"\n  and {len(losses) - _MOST_LISTED} more" if len(losses) > _MOST_LISTED else ""
    error = UnsupportedError(
        f"{path}: a {format} file cannot hold {len(losses)} of its parts; lossy=True writes the rest:{listed}{more}",
        "not_held",
        path,
    )
    error.losses = losses
    return error
