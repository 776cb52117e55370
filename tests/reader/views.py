"""Sections 6.3 and 10: layouts and the tensors that have them; what is contiguous; the extent of a tensor."""

from dataclasses import dataclass
from functools import cached_property, reduce


@dataclass(frozen=True)
class WholeLayout:
    """A layout with its dims, its strides (None: contiguous) and the bits of its dtype."""

    dtype: int
    dims: list[int]
    strides: list[int] | None
    bits: int

    @cached_property
    def elements(self) -> int:
        return product(self.dims)

    @cached_property
    def extent(self) -> int:
        """Bytes from the tensor's offset to the end of the last element (rule 30)."""
        if self.elements == 0:
            return 0
        if self.strides is None:
            return (self.elements * self.bits + 7) // 8
        return (1 + self.last_element) * (self.bits // 8)

    @cached_property
    def last_element(self) -> int:
        return sum((dim - 1) * stride for dim, stride in zip(self.dims, self.strides))


@dataclass(frozen=True)
class View:
    """A tensor: a layout, from a byte of a storage on."""

    storage: int
    offset: int
    layout: WholeLayout

    @property
    def bits(self) -> int:
        return self.layout.bits

    @property
    def elements(self) -> int:
        return self.layout.elements

    @property
    def extent(self) -> int:
        return self.layout.extent


def product(factors) -> int:
    return reduce(lambda left, right: left * right, factors, 1)


def contiguous_strides(dims: list[int]) -> list[int]:
    """Section 10: the product of the sizes of the dims after each (0 if one of those is empty)."""
    return [product(dims[axis + 1 :]) for axis in range(len(dims))]


def is_contiguous(dims: list[int], strides: list[int]) -> bool:
    pairs = zip(dims, strides, contiguous_strides(dims))
    return 0 in dims or all(dim == 1 or stride == expected for dim, stride, expected in pairs)
