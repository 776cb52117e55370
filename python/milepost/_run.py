"""milepost.Run: the checkpoints of one training run in one folder."""

from __future__ import annotations

import math
import os
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from milepost import _load, _native, _parts
from milepost._errors import Error, InvalidArgumentError, NotFoundError, WrongTypeError
from milepost._files import Path, Verify, about, check_of, text_of
from milepost._memory import Memory
from milepost._options import RunOptions, SaveOptions
from milepost._save import PendingSave, save, save_async

if TYPE_CHECKING:
    from typing_extensions import Unpack

_SUFFIX = ".milepost"


class SkippedCheckpointWarning(UserWarning):
    """A checkpoint was skipped, or could not be removed; the message names it and tells why."""


class KeepBest(NamedTuple):
    """Which checkpoints are the best of a run: by a top-level value, an int or a float, of what is saved."""

    value: str
    largest: bool = False
    count: int = 1  # type: ignore[assignment]  # hides the method of tuple


class RunCheckpoint(NamedTuple):
    """A checkpoint in the folder of a run, as its name tells."""

    path: str
    #: counted up by each save in the folder
    number: int
    #: as it was given to the save
    step: int
    #: a distributed checkpoint, which is a folder of files
    is_folder: bool = False

    def __fspath__(self) -> str:
        return self.path


class PendingCheckpoint(PendingSave):
    """A checkpoint that is saved in the background. result() also removes old ones."""

    def __init__(self, run: Run, checkpoint: RunCheckpoint, pending: PendingSave, prunes: bool) -> None:
        super().__init__(pending._native, pending._path, pending._told)
        self.checkpoint = checkpoint
        self._run = run
        self._prunes = prunes

    def result(self, timeout: float | None = None) -> None:
        """Waits until it has ended, as PendingSave.result() does, and removes the checkpoints that are not kept."""
        try:
            super().result(timeout)
        finally:
            if self.done():
                self._run._forget(self)  # its error was raised
        if self._prunes:
            self._prunes = False
            self._run._prune()


class Run:
    """Saves checkpoints into a folder, finds the newest one that is whole, and removes old ones.

        run = milepost.Run("runs/mnist", keep=3, keep_best="loss")
        state = run.restore()                                   # None at the first start
        if state is not None:
            net.load_state_dict(state["model"])
        for step in range(start, steps):
            ...
            if step % 100 == 0:
                run.save(step, {"model": net.state_dict(), "step": step, "loss": loss.item()})

    folder: made where it does not exist.
    keep: how many of the newest checkpoints are kept; 1 at least.
    keep_best: the best ones are kept too: the name of a top-level value whose smallest is the best, or a KeepBest.

    A checkpoint is a file `000042.step-1500.milepost`. Its number is one more than the largest in the folder, and
    decides which is the newest: a run that goes back to an earlier step continues from there. No save replaces a
    file, files with other names are never touched, and old ones are removed only when a newer one is on the disk. A
    process that is killed, and a machine that loses power, at any moment leave a folder that restores the last
    checkpoint whose save has returned, or a newer one. The class milepost::Run of the C++ library does the same, with
    the same files.
    """

    def __init__(self, folder: Path, *, keep: int = 3, keep_best: str | KeepBest | None = None) -> None:
        best = KeepBest(keep_best) if isinstance(keep_best, str) else keep_best
        if best is not None and not isinstance(best, KeepBest):
            raise WrongTypeError(f"keep_best is {keep_best!r}: pass the name of a value, or a KeepBest", "wrong_type")
        self.folder = text_of(folder)
        self._best = best
        self._pending: PendingCheckpoint | None = None
        if keep < 1 or (best is not None and best.count < 1):
            raise InvalidArgumentError(f"keep and keep_best.count are 1 at least: keep is {keep}", "option")
        with about(self.folder):
            self._native = _native.Run.open(
                os.fsencode(self.folder), keep, None if best is None else (best.value, best.largest, best.count)
            )

    def save(self, step: int, state: Any, *, distributed: bool = False, **options: Unpack[RunOptions]) -> RunCheckpoint:
        """Saves a checkpoint as a new file, and then removes those that are not kept. `options` are those of
        milepost.save; with durable=False nothing is removed, because a power cut may lose the new file.

        distributed: saves a folder by milepost.torch.distributed.save, whose options it then takes; all ranks call it.
        """
        self._finish_pending()
        self._warn_of_no_value(state)
        if distributed:
            return self._save_distributed(step, state, dict(options))
        given: dict[str, Any] = {**options, "create_only": True}
        while True:
            checkpoint = self._next(step)
            try:
                save(state, checkpoint.path, **given)
                break
            except InvalidArgumentError as error:
                if error.condition != "target" or not os.path.lexists(checkpoint.path):
                    raise  # else another process took the name: it gets one of its own
        if options.get("durable", True):
            self._prune()
        return checkpoint

    def _save_distributed(self, step: int, state: Any, options: dict[str, Any]) -> RunCheckpoint:
        from milepost.torch import distributed

        named = distributed.agree(lambda: self._next(step))
        checkpoint = RunCheckpoint(named.path.removesuffix(_SUFFIX), named.number, named.step, True)
        notes = {key: value for key, value in state.items() if type(key) is str and type(value) in (int, float)}
        distributed.save(state, checkpoint.path, **{"notes": notes, **options})
        if options.get("durable", True) and distributed.is_coordinator():
            self._prune()
        return checkpoint

    def save_async(self, step: int, state: Any, **options: Unpack[SaveOptions]) -> PendingCheckpoint:
        """Saves a checkpoint in the background, as milepost.save_async does. Waits for the one before, and
        raises its error if result() did not; result(), or the next save, removes those that are not kept."""
        self._finish_pending()
        self._warn_of_no_value(state)
        checkpoint = self._next(step)
        given: dict[str, Any] = {**options, "create_only": True}
        pending = save_async(state, checkpoint.path, **given)
        self._pending = PendingCheckpoint(self, checkpoint, pending, options.get("durable", True))
        return self._pending

    def wait(self) -> None:
        """Waits for the last save_async(). Raises its error."""
        if self._pending is not None:
            self._pending.result()

    def checkpoints(self) -> list[RunCheckpoint]:
        """The complete checkpoints by their names alone, the newest first."""
        with about(self.folder):
            return [_described(each) for each in self._native.checkpoints()]

    def latest(self) -> RunCheckpoint | None:
        """The newest checkpoint whose checksums all hold; None if there is none. Reads all of it.

        Warns of newer ones that are damaged (SkippedCheckpointWarning). Raises the error of a newer one that is not
        damaged but cannot be read now, because to continue from an older one would lose work.
        """
        found = self._newest("never", True, 0)
        return None if found is None else found[0]

    def restore(
        self,
        into: dict[str, Any] | None = None,
        *,
        verify: Verify = "on_access",
        mmap: bool = True,
        threads: int = 0,
        device: Any = None,
    ) -> Any:
        """What the newest checkpoint whose checksums all hold has, as milepost.load returns it; None if there is none.

        As latest(), it reads all of the checkpoint, warns and raises. `verify` is for the load that follows.

        into: a state that is loaded in place from a distributed checkpoint, by all ranks, and returned. Without it, one
        is read as nested dicts of whole tensors.
        """
        if into is not None:
            return self._restore_into(into, verify, threads)
        found = self._newest(verify, mmap, threads)
        if found is None:
            return None
        checkpoint, file = found
        if file is None:
            from milepost.torch import distributed

            return distributed.read(checkpoint.path, verify=verify, threads=threads)
        with about(checkpoint.path):
            memory = Memory(file, file.all_tensors(), mapped=mmap, threads=threads)
            return _load.decode(file, _parts.record_of(file), memory, None, device)

    def _restore_into(self, into: dict[str, Any], verify: Verify, threads: int) -> dict[str, Any] | None:
        from milepost.torch import distributed

        newest = distributed.agree(self.latest)
        if newest is None:
            return None
        if not newest.is_folder:
            raise InvalidArgumentError(
                f"{newest.path}: is a single file: restore() without `into`", "option", newest.path
            )
        distributed.load(into, newest.path, verify=verify, threads=threads)
        return into

    def _newest(self, verify: Verify, mmap: bool, threads: int) -> tuple[RunCheckpoint, _native.File | None] | None:
        """The checkpoint, and the open file of one that is not a folder."""
        folders = [each for each in self.checkpoints() if each.is_folder]
        failure: Error | None = None
        found: tuple[RunCheckpoint, _native.File | None] | None = None
        try:
            found = self._newest_file(verify, mmap, threads)
        except Error as error:  # that of the newest one; a folder may be whole
            if not folders or not _is_damage(error):
                raise
            failure = error
        for folder in folders:
            if found is not None and folder.number < found[0].number:
                break
            if _is_whole(folder):
                return folder, None
        if found is None and failure is not None:
            raise failure
        return found

    def _newest_file(self, verify: Verify, mmap: bool, threads: int) -> tuple[RunCheckpoint, _native.File] | None:
        options = {"check": check_of(verify), "access": "automatic" if mmap else "read", "threads": threads}
        try:
            with about(self.folder):
                described, file, skipped = self._native.restore(options)
        except NotFoundError:
            return None
        for each, (condition, message) in skipped:
            if not _described(each).is_folder:  # the library does not read those
                _warn(f"skipped {_described(each).path}: {condition}: {message}")
        return _described(described), file

    def _next(self, step: int) -> RunCheckpoint:
        if isinstance(step, bool) or not hasattr(step, "__index__") or not 0 <= step.__index__() < 2**64:
            raise InvalidArgumentError(f"a step is an int from 0 on, not {step!r}", "option", self.folder)
        with about(self.folder):
            return _described(self._native.next(step.__index__()))

    def _warn_of_no_value(self, state: Any) -> None:
        """Without the value a checkpoint is never among the best, which nobody would notice."""
        name = None if self._best is None else self._best.value
        if name is None or type(state) is not dict:
            return
        value = state.get(name)
        if not isinstance(value, int | float) or math.isnan(value):
            _warn(f"keep_best: {name!r} of the state is {value!r:.60}, expected an int or a float: not among the best")

    def _forget(self, pending: PendingCheckpoint) -> None:
        if self._pending is pending:
            self._pending = None

    def _finish_pending(self) -> None:
        """The number of a save is taken when it ends: the next one begins after that."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        pending.result()  # its error is raised here, if nobody has asked for it

    def _prune(self) -> None:
        with about(self.folder):
            for warning in self._native.prune():
                _warn(warning)


def _is_damage(error: Error) -> bool:
    """Whether a checkpoint can never be restored from; the library has the same rule for files."""
    codes = ("corrupt", "truncated", "not_a_checkpoint", "mismatch", "not_found")
    return error.code in codes or error.condition == "read"


def _is_whole(folder: RunCheckpoint) -> bool:
    """Whether all checksums of a distributed checkpoint hold; warns if not. What is not damage is raised."""
    from milepost.torch import distributed

    try:
        distributed.verify(folder.path)
    except Error as error:
        if not _is_damage(error):
            raise
        _warn(f"skipped {folder.path}: {error.condition}: {error}")
        return False
    return True


def _described(given: tuple[bytes, int, int, bool]) -> RunCheckpoint:
    path, number, step, is_folder = given
    return RunCheckpoint(os.fsdecode(path), number, step, is_folder)


def _warn(text: str) -> None:
    warnings.warn(text, SkippedCheckpointWarning, stacklevel=4)
