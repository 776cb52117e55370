"""The two planners: those of torch.distributed.checkpoint, with typed values in place of pickle."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.distributed.checkpoint.default_planner import (
    DefaultLoadPlanner,
    DefaultSavePlanner,
    create_default_local_load_plan,
)
from torch.distributed.checkpoint.metadata import Metadata, StorageMeta, TensorStorageMetadata
from torch.distributed.checkpoint.planner import LoadPlan, ReadItem, SavePlan, WriteItem, WriteItemType

from milepost import _native
from milepost._encoding import Default, Encoding
from milepost._errors import MismatchError, NotFoundError, WrongTypeError
from milepost._files import open_bytes
from milepost._memory import Memory
from milepost._save import save_options
from milepost.torch import _tensors
from milepost.torch.distributed._state import Paths, flatten, set_at

_VALUE = "value"


@contextmanager
def _not_flattening(planner: DefaultSavePlanner | DefaultLoadPlanner) -> Iterator[None]:
    """The planner of torch takes the state as it is given: it is flat already."""
    flattens, planner.flatten_state_dict = planner.flatten_state_dict, False
    try:
        yield
    finally:
        planner.flatten_state_dict = flattens


def _flat(state_dict: Any, flattens: bool) -> tuple[dict[str, Any], Paths]:
    if flattens:
        return flatten(state_dict)
    return dict(state_dict), Paths((name, (name,)) for name in state_dict)


def _tensors_of(flat: Mapping[str, Any]) -> dict[str, Any]:
    """What torch's planners prepare; they would drop or change some values that are not tensors."""
    return {name: value for name, value in flat.items() if isinstance(value, torch.Tensor)}


class SavePlanner(DefaultSavePlanner):
    """DefaultSavePlanner of torch, whose values that are not tensors keep their types and are not pickled.

        dcp.save(state_dict, storage_writer=StorageWriter(folder), planner=SavePlanner())

    What can be saved is what milepost.save can save. All else is refused on all ranks before anything is written, with
    its name. `default` is that of milepost.save; the other arguments are those of DefaultSavePlanner.

    With a storage writer of torch, each value is the bytes of a small file of Milepost.
    """

    def __init__(self, *args: Any, default: Default | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default = default

    def set_up_planner(
        self, state_dict: Any, storage_meta: StorageMeta | None = None, is_coordinator: bool = False
    ) -> None:
        flat, paths = _flat(state_dict, self.flatten_state_dict)
        with _not_flattening(self):
            super().set_up_planner(_tensors_of(flat), storage_meta, is_coordinator)
        self.state_dict = {name: self.state_dict.get(name, value) for name, value in flat.items()}
        self.mappings = paths

    def create_local_plan(self) -> SavePlan:
        plan = super().create_local_plan()
        for item in self.plan.items:
            self._check(item)
        return dataclasses.replace(plan, planner_data=self.mappings)

    def _check(self, item: WriteItem) -> None:
        """Raises WrongTypeError for what cannot be saved."""
        name = item.index.fqn
        if item.type == WriteItemType.BYTE_IO:
            # Encoding borrows the memory of tensors; nothing is written.
            _native.Checkpoint(Encoding(self.default)).add_value(name, self.value_of(item))
            return
        found = self.lookup_object(item.index)
        if fault := _tensors.fault_of(found):
            raise WrongTypeError(f"{name}: {fault}", "wrong_type")

    def finish_plan(self, new_plan: SavePlan) -> SavePlan:
        # A plan that was cached has the storage data of an earlier save.
        return dataclasses.replace(super().finish_plan(new_plan), storage_data=new_plan.storage_data)

    def value_of(self, write_item: WriteItem) -> Any:
        """The value of an item that is not a tensor: what is stored. Made to be overridden."""
        return self.lookup_object(write_item.index)

    def transform_object(self, write_item: WriteItem, object: Any) -> Any:
        """For writers of torch: a value as bytes."""
        if write_item.type != WriteItemType.BYTE_IO:
            return super().transform_object(write_item, object)
        contents = _native.Checkpoint(Encoding(self.default))
        contents.add_value(_VALUE, object)
        contents.set_order([_VALUE])
        return io.BytesIO(contents.save_to_bytes(save_options()))


class LoadPlanner(DefaultLoadPlanner):
    """DefaultLoadPlanner of torch, which loads typed values and runs no pickle.

        dcp.load(state_dict, storage_reader=StorageReader(folder), planner=LoadPlanner())

    The arguments are those of DefaultLoadPlanner. A name that the checkpoint does not have is NotFoundError, or is left
    as it is with allow_partial_load=True; a tensor of another size is MismatchError. A tensor of another dtype is
    converted, as torch does.
    """

    def set_up_planner(self, state_dict: Any, metadata: Metadata | None = None, is_coordinator: bool = False) -> None:
        flat, paths = _flat(state_dict, self.flatten_state_dict)
        with _not_flattening(self):
            super().set_up_planner(_tensors_of(flat), metadata, is_coordinator)
        self.original_state_dict = state_dict
        for name, tensor in self.state_dict.items():
            if tensor is not flat.get(name) and name in paths:  # was on the device 'meta', and now has memory
                set_at(state_dict, paths[name], tensor)
        self.state_dict = {name: self.state_dict.get(name, value) for name, value in flat.items()}
        self.mappings = paths

    def create_local_plan(self) -> LoadPlan:
        assert self.metadata is not None
        known = self.metadata.state_dict_metadata
        # An empty dict of the program has nothing to be loaded, unless the checkpoint knows that it was empty.
        wanted = {name: value for name, value in self.state_dict.items() if name in known or not _is_empty(value)}
        for name, value in wanted.items():
            self._check(name, value, known.get(name))
        return create_default_local_load_plan(wanted, self.metadata, not self.allow_partial_load)

    def _check(self, name: str, value: Any, stored: Any) -> None:
        if stored is None:
            if not self.allow_partial_load:
                raise NotFoundError(f"{name}: the checkpoint does not have it", "tensor")
        elif isinstance(stored, TensorStorageMetadata):
            if not isinstance(value, torch.Tensor):
                raise WrongTypeError(f"{name}: is a tensor in the checkpoint, and {type(value)} here", "wrong_type")
            if value.size() != stored.size:
                raise MismatchError(
                    f"{name}: has the size {tuple(stored.size)} in the checkpoint, and {tuple(value.size())} here",
                    "size",
                )

    def load_value(self, read_item: ReadItem, value: Any) -> None:
        """Puts a value that is not a tensor into its place. Made to be overridden."""
        set_at(self.original_state_dict, self.mappings[read_item.dest_index.fqn], value)

    def load_bytes(self, read_item: ReadItem, value: io.BytesIO) -> None:
        """From readers of torch: what SavePlanner.transform_object returned."""
        file = open_bytes(value.read())
        memory = Memory(file, file.all_tensors(), mapped=False)
        found = file.value(_VALUE, lambda tensor: _tensors.decode(tensor, memory), _tensors.special)
        self.load_value(read_item, found)


def _is_empty(value: Any) -> bool:
    return isinstance(value, Mapping) and not value
