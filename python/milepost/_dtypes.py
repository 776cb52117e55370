"""The names of dtypes in a file (docs/format.md, section 6.3) and in the frameworks. They agree but for one."""

from __future__ import annotations

#: Those that NumPy has by itself.
PLAIN = {
    "bool": "bool",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
    "c64": "complex64",
    "c128": "complex128",
}
#: Those that the package ml_dtypes adds to it. Of the last three an array has one element a byte, a file fewer bits.
ADDED = {
    "bf16": "bfloat16",
    "f8_e4m3fn": "float8_e4m3fn",
    "f8_e5m2": "float8_e5m2",
    "f8_e4m3fnuz": "float8_e4m3fnuz",
    "f8_e5m2fnuz": "float8_e5m2fnuz",
    "f8_e8m0fnu": "float8_e8m0fnu",
    "f8_e3m4": "float8_e3m4",
    "f8_e4m3": "float8_e4m3",
    "f8_e4m3b11fnuz": "float8_e4m3b11fnuz",
    "f6_e2m3fn": "float6_e2m3fn",
    "f6_e3m2fn": "float6_e3m2fn",
    "f4_e2m1fn": "float4_e2m1fn",
}
#: PyTorch has some of all of these; its name for two elements in a byte is another one.
TORCH = PLAIN | ADDED | {"f4_e2m1fn": "float4_e2m1fn_x2"}
