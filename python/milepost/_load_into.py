"""milepost.load_into: a model or an optimizer of a file into a live one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from milepost import _native
from milepost._errors import NotFoundError, WrongTypeError
from milepost._files import Path, Verify, about, open_file, text_of
from milepost._memory import Limits, Progress
from milepost._options import texts

Mode = Literal["checked", "staged", "direct"]


class LoadReport(NamedTuple):
    """What a load did. Paths begin with the name of the model or the optimizer in the file: "model/conv1.weight"."""

    matched_by: Literal["name", "order"]
    loaded: list[str]
    missing: list[str]
    unexpected: list[str]
    #: (path, shape in the file, live shape)
    shape_mismatches: list[tuple[str, tuple[int, ...], tuple[int, ...]]]
    #: (path, dtype in the file, live dtype)
    dtype_mismatches: list[tuple[str, str, str]]
    #: (path, names in the file, live names)
    group_mismatches: list[tuple[str, list[str], list[str]]]
    unused_options: list[str]
    #: whether everything matched
    complete: bool
    text: str

    def __str__(self) -> str:
        return self.text


def load_into(
    target: Any,
    path: Path,
    name: str | None = None,
    *,
    strict: bool = True,
    only: str | Iterable[str] = (),
    rename: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    strip_prefixes: str | Iterable[str] = (),
    cast: bool = False,
    mode: Mode = "checked",
    verify: Verify = "on_access",
    threads: int = 0,
    progress: Progress | None = None,
    limits: Limits | None = None,
    digest: str | None = None,
) -> LoadReport:
    """Loads a model into a torch.nn.Module or a dict of tensors, or an optimizer into a torch.optim.Optimizer.

        milepost.load_into(net, "run.milepost")
        milepost.load_into(optimizer, "run.milepost")

    The tensors are read into the memory that the live ones have. All names, shapes, dtypes and checksums are compared
    first: after an error nothing has changed. A model or an optimizer of another format is read into memory before.

    name: of the model or the optimizer in the file; None: the only one, or else "model" or "optimizer".
    strict: whatever does not match is an error; otherwise what matches is loaded, and the report has the rest.
    only: patterns of live names; nothing else is loaded.
    rename: patterns of names of the file, and what they become: {"encoder.*": "backbone.*"}. The first that fits.
    strip_prefixes: taken off the names of the file, for example "module.", "_orig_mod.". Before `rename`.
    cast: convert between f16, bf16, f32 and f64 where dtypes differ.
    mode: "checked" reads the file twice, "staged" takes as much memory again, "direct" may have written a part when the
        file turns out to be damaged.
    digest: of the content that the file has to have, as for load().

    Parameters of an optimizer are matched by name where both sides have names, else by order. Hyperparameters and state
    come as they are in the file: nothing is cast, no key is dropped. State that the live optimizer does not have yet is
    made on the device of its parameter.

    Raises MismatchError, with all findings in one message; NotFoundError; those of load().
    """
    text = text_of(path)
    options = {
        "strict": strict,
        "only": texts(only),
        "rename": list(rename.items() if isinstance(rename, Mapping) else rename),
        "strip_prefixes": texts(strip_prefixes),
        "cast": cast,
        "mode": mode,
        "threads": threads,
    }
    live = _live_of(target)
    file = open_file(path, verify=verify, threads=threads, limits=limits, digest=digest)
    with about(text):
        part = _part_of(file, live.KIND, name)
        return LoadReport(**live.load(file, part, options, progress, limits))


def _live_of(target: Any) -> Any:
    import sys

    if "torch" in sys.modules:
        from milepost.torch import _live

        if (found := _live.of(target)) is not None:
            return found
    raise WrongTypeError(
        f"cannot load into {type(target).__module__}.{type(target).__qualname__}: expected a torch.nn.Module, a "
        "torch.optim.Optimizer, or a dict of tensors of torch",
        "wrong_type",
    )


def _part_of(file: _native.File, kind: str, name: str | None) -> str:
    """The name of the model or the optimizer in the file."""
    if name is not None:
        return name  # a path to a dict of tensors among the values, too
    names = file.models() if kind == "model" else file.optimizers()
    if len(names) == 1:
        return names[0]
    if kind in names:
        return kind
    has = f"has {', '.join(map(repr, names))}: pass one of these as name=" if names else f"has no {kind}"
    raise NotFoundError(f"the file {has}", kind)
