"""Section 6.5, rules 23 to 30: tensors."""

from conventions import expect, refuse
from walk import TENSOR, Walk, is_contiguous, product

BOUND = 1 << 63


def rule_23_references(walk: Walk) -> None:
    c = walk.columns
    count = sum(1 for value in c.values if value.kind == TENSOR)
    expect(len(c.tensors), count, "corrupt/reference", "number of tensors, by the values of kind tensor")
    listed, used = {dtype.code for dtype in c.dtypes}, set()
    for i, tensor in enumerate(c.tensors):
        if tensor.storage >= len(c.storages):
            refuse(
                "corrupt/reference",
                f"tensors[{i}].storage: expected below {len(c.storages)}, found {tensor.storage}",
            )
        if tensor.dtype not in listed:
            refuse("corrupt/reference", f"tensors[{i}].dtype: expected one of dtypes, found {tensor.dtype}")
        used.add(tensor.dtype)
    for code in sorted(listed - used):
        refuse("corrupt/reference", f"dtypes, code {code}: expected a tensor that uses it, found none")


def rule_24_flags(walk: Walk) -> None:
    for i, tensor in enumerate(walk.columns.tensors):
        if tensor.flags > 1:
            refuse("corrupt/reserved", f"tensors[{i}].flags: expected 0 or 1, found {tensor.flags}")


def rule_25_rank(walk: Walk) -> None:
    limit = min(64, walk.limits.rank)
    for i, tensor in enumerate(walk.columns.tensors):
        if tensor.rank > limit:
            refuse("limit_exceeded/rank", f"tensors[{i}].rank: expected at most {limit}, found {tensor.rank}")


def rule_26_dims(walk: Walk) -> None:
    total = sum(tensor.rank * (1 + tensor.flags) for tensor in walk.columns.tensors)
    expect(len(walk.columns.dims), total, "corrupt/shape", "number of dims, by rank and flags of the tensors")


def rule_27_size(walk: Walk) -> None:
    for i, view in enumerate(walk.views):
        size = product(dim for dim in view.dims if dim) * view.bits
        if size >= BOUND:
            refuse(
                "corrupt/shape",
                f"tensors[{i}]: expected dims (without 0) times bits below 2^63, found {size}",
            )


def rule_28_whole_bytes(walk: Walk) -> None:
    for i, view in enumerate(walk.views):
        if view.bits < 8 and view.elements * view.bits % 8:
            refuse(
                "corrupt/shape",
                f"tensors[{i}]: expected whole bytes, found {view.elements} elements of {view.bits} bits",
            )


def rule_29_strides(walk: Walk) -> None:
    for i, view in enumerate(walk.views):
        if view.strides is not None:
            check_strides(i, view)


def check_strides(i: int, view) -> None:
    if view.bits % 8:
        refuse("corrupt/stride", f"tensors[{i}]: expected no strides with {view.bits} bits, found them")
    if view.elements == 0:
        refuse("corrupt/stride", f"tensors[{i}]: expected no strides without elements, found them")
    for axis, stride in enumerate(view.strides):
        if stride >= BOUND:
            refuse("corrupt/stride", f"tensors[{i}], stride {axis}: expected below 2^63, found {stride}")
    if is_contiguous(view.dims, view.strides):
        refuse(
            "corrupt/stride",
            f"tensors[{i}]: expected no strides stored for a contiguous tensor, found {view.strides}",
        )
    last = view.last_element * (view.bits // 8)
    if last >= BOUND:
        refuse(
            "corrupt/stride", f"tensors[{i}]: expected the last element below 2^63 bytes, found it at {last}"
        )


def rule_30_ranges(walk: Walk) -> None:
    for i, view in enumerate(walk.views):
        offset = view.tensor.offset
        if view.bits >= 8 and offset % (view.bits // 8):
            refuse(
                "corrupt/tensor_range",
                f"tensors[{i}].offset: expected a multiple of {view.bits // 8}, found {offset}",
            )
        nbytes = walk.columns.storages[view.tensor.storage].nbytes
        if offset + view.reach > nbytes:
            refuse(
                "corrupt/tensor_range",
                f"tensors[{i}]: expected its end within the {nbytes} bytes of "
                f"storages[{view.tensor.storage}], found it at {offset + view.reach}",
            )


RULES = {
    23: rule_23_references,
    24: rule_24_flags,
    25: rule_25_rank,
    26: rule_26_dims,
    27: rule_27_size,
    28: rule_28_whole_bytes,
    29: rule_29_strides,
    30: rule_30_ranges,
}
