"""Milepost for Lightning: checkpoints of a Trainer as files of Milepost.

    from milepost.lightning import MilepostIO

    trainer = Trainer(plugins=[MilepostIO()])

Works with the package `lightning` and with `pytorch_lightning`, whichever the program has imported.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from milepost._encoding import plain
from milepost._errors import InvalidArgumentError
from milepost._load import load
from milepost._options import PytreeOptions
from milepost._save import save

if TYPE_CHECKING:
    from typing_extensions import Unpack

if TYPE_CHECKING or "lightning" in sys.modules or "pytorch_lightning" not in sys.modules:
    from lightning.fabric.plugins.io.checkpoint_io import CheckpointIO
else:
    from lightning_fabric.plugins.io.checkpoint_io import CheckpointIO

__all__ = ["MilepostIO"]


class MilepostIO(CheckpointIO):
    """Saves and loads what a Trainer hands over.

    default: for objects that callbacks or hyperparameters put into the checkpoint and that are not data; milepost.plain
        stores NamedTuples, enums and the like as built-in types. Without it they are refused, with their path.
    options: those of milepost.save, such as codec="planes".
    """

    def __init__(self, *, default: Callable[[Any], Any] | None = plain, **options: Unpack[PytreeOptions]) -> None:
        self._options = {"default": default, **options}

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """`storage_options`, a dict, replaces options of the constructor for this save."""
        name = os.fspath(path)
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        save(checkpoint, name, **{**self._options, **(storage_options or {})})

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """`map_location` is a device, or None; `weights_only` does not matter: a file holds no code."""
        device = map_location
        if callable(map_location) or isinstance(map_location, dict):
            raise InvalidArgumentError(f"map_location is {map_location!r}: pass a device", "option")
        loaded = load(path, device=device)
        if type(loaded) is not dict:
            raise InvalidArgumentError(f"{path}: is not a checkpoint of Lightning, which is a dict", "wrong_type")
        return loaded

    def remove_checkpoint(self, path: Any) -> None:
        """Removes a file, or a folder that another plugin made."""
        with suppress(FileNotFoundError):
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.remove(path)
