"""Section 6.5, rules 23 to 30: layouts and tensors."""

from conventions import expect, refuse
from views import WholeLayout, is_contiguous, product
from walk import TENSOR, Walk

BOUND = 1 << 63


def rule_23_references(walk: Walk) -> None:
    check_tensor_values(walk)
    check_tensor_storages(walk)
    check_tensor_offsets(walk)
    check_storage_nbytes(walk)
    check_storage_codecs(walk)
    check_layout_dtypes(walk)
    check_used_dtypes(walk)
    check_layout_numbers(walk)
    check_storage_numbers(walk)


def check_tensor_values(walk: Walk) -> None:
    count = sum(1 for value in walk.columns.values if value.kind == TENSOR)
    expect(walk.tensor_count, count, "corrupt/reference", "number of tensor_layouts, by the values of kind tensor")


def check_tensor_storages(walk: Walk) -> None:
    count, storages = len(walk.columns.tensor_storages), walk.storage_count
    if count != walk.tensor_count and (count or storages != walk.tensor_count):
        refuse(
            "corrupt/reference",
            f"number of tensor_storages: expected {walk.tensor_count}, or 0 with as many storages, "
            f"found {count} with {storages} storages",
        )


def check_tensor_offsets(walk: Walk) -> None:
    count = len(walk.columns.tensor_offsets)
    if count not in (0, walk.tensor_count):
        refuse("corrupt/reference", f"number of tensor_offsets: expected 0 or {walk.tensor_count}, found {count}")


def check_storage_nbytes(walk: Walk) -> None:
    """Without them storage i is as large as the extent of tensor i: each tensor views its own, from 0 on."""
    if walk.columns.storage_nbytes:
        return
    for name in ("tensor_storages", "tensor_offsets"):
        count = len(getattr(walk.columns, name))
        expect(count, 0, "corrupt/reference", f"number of {name}, where storage_nbytes has none")


def check_storage_codecs(walk: Walk) -> None:
    count, storages = len(walk.columns.storage_codecs), walk.storage_count
    if count not in (0, storages):
        refuse("corrupt/reference", f"number of storage_codecs: expected 0 or {storages}, found {count}")


def check_layout_dtypes(walk: Walk) -> None:
    listed = {dtype.code for dtype in walk.columns.dtypes}
    for i, layout in enumerate(walk.columns.layouts):
        if layout.dtype not in listed:
            refuse("corrupt/reference", f"layouts[{i}].dtype: expected one of dtypes, found {layout.dtype}")


def check_used_dtypes(walk: Walk) -> None:
    used = {layout.dtype for layout in walk.columns.layouts}
    for i, dtype in enumerate(walk.columns.dtypes):
        if dtype.code not in used:
            refuse("corrupt/reference", f"dtypes[{i}], code {dtype.code}: expected a layout that has it, found none")


def check_layout_numbers(walk: Walk) -> None:
    below(walk.columns.tensor_layouts, len(walk.columns.layouts), "tensor_layouts")


def check_storage_numbers(walk: Walk) -> None:
    below(walk.tensor_storages, walk.storage_count, "tensor_storages")


def below(numbers: list[int], count: int, name: str) -> None:
    for i, number in enumerate(numbers):
        if number >= count:
            refuse("corrupt/reference", f"{name}[{i}]: expected below {count}, found {number}")


def rule_24_flags(walk: Walk) -> None:
    for i, layout in enumerate(walk.columns.layouts):
        if layout.flags > 1:
            refuse("corrupt/reserved", f"layouts[{i}].flags: expected 0 or 1, found {layout.flags}")


def rule_25_rank(walk: Walk) -> None:
    limit = min(64, walk.limits.rank)
    for i, layout in enumerate(walk.columns.layouts):
        if layout.rank > limit:
            refuse("limit_exceeded/rank", f"layouts[{i}].rank: expected at most {limit}, found {layout.rank}")


def rule_26_dims(walk: Walk) -> None:
    total = sum(layout.rank * (1 + layout.flags) for layout in walk.columns.layouts)
    expect(len(walk.columns.dims), total, "corrupt/shape", "number of dims, by rank and flags of the layouts")


def rule_27_size(walk: Walk) -> None:
    for i, layout in enumerate(walk.layouts):
        size = product(dim for dim in layout.dims if dim) * layout.bits
        if size >= BOUND:
            refuse(
                "corrupt/shape",
                f"layouts[{i}]: expected dims (without 0) times bits below 2^63, found {size}",
            )


def rule_28_whole_bytes(walk: Walk) -> None:
    for i, layout in enumerate(walk.layouts):
        if layout.bits < 8 and layout.elements * layout.bits % 8:
            refuse(
                "corrupt/shape",
                f"layouts[{i}]: expected whole bytes, found {layout.elements} elements of {layout.bits} bits",
            )


def rule_29_strides(walk: Walk) -> None:
    for i, layout in enumerate(walk.layouts):
        if layout.strides is not None:
            check_strides(i, layout)


def check_strides(i: int, layout: WholeLayout) -> None:
    if layout.bits % 8:
        refuse("corrupt/stride", f"layouts[{i}]: expected no strides with {layout.bits} bits, found them")
    if layout.elements == 0:
        refuse("corrupt/stride", f"layouts[{i}]: expected no strides without elements, found them")
    for axis, stride in enumerate(layout.strides):
        if stride >= BOUND:
            refuse("corrupt/stride", f"layouts[{i}], stride {axis}: expected below 2^63, found {stride}")
    if is_contiguous(layout.dims, layout.strides):
        refuse(
            "corrupt/stride",
            f"layouts[{i}]: expected no strides stored for a contiguous tensor, found {layout.strides}",
        )
    last = layout.last_element * (layout.bits // 8)
    if last >= BOUND:
        refuse(
            "corrupt/stride", f"layouts[{i}]: expected the last element below 2^63 bytes, found it at {last}"
        )


def rule_30_ranges(walk: Walk) -> None:
    for i, view in enumerate(walk.views):
        if view.bits >= 8 and view.offset % (view.bits // 8):
            refuse(
                "corrupt/tensor_range",
                f"tensor {i}, offset: expected a multiple of {view.bits // 8}, found {view.offset}",
            )
        nbytes = walk.storage_nbytes[view.storage]
        if view.offset + view.extent > nbytes:
            refuse(
                "corrupt/tensor_range",
                f"tensor {i}: expected its end within the {nbytes} bytes of "
                f"storage {view.storage}, found it at {view.offset + view.extent}",
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
