#!/usr/bin/env python3
"""Writes HDF5 files with h5py, and with Keras where it is installed, and expected.json: what h5py reads of each.

    make_hdf5_files.py FOLDER
    make_hdf5_files.py --seeds FOLDER      small ones of one feature each, for fuzz/corpus/hdf5

The files in tests/convert/files/hdf5 were written by h5py 3.16.0 with HDF5 2.0.0, NumPy 2.4.6 and Keras 3.15.1 (jax 0.10.2).
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict

import h5py
import numpy
from hdf5_described import described

NUMBERS = ["bool", "i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "u1", "<u2", ">u2", "<u4", ">u4", "<u8", ">u8",
           "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<c8", ">c8", "<c16", ">c16"]


def numbers(dtype: Any, *shape: int) -> Any:
    count = int(numpy.prod(shape))
    return (numpy.arange(count) * 37 % 101 - 50).reshape(shape).astype(dtype)


def fill_dtypes(file: h5py.File) -> None:
    for dtype in NUMBERS:
        file[f"dtypes/{numpy.dtype(dtype).name}{'be' if dtype[0] == '>' else ''}"] = numbers(dtype, 2, 3)
    enum = h5py.enum_dtype({"RED": 1, "GREEN": 500}, basetype="<i2")
    file.create_dataset("enum", data=numpy.array([1, 500]), dtype=enum)
    file["scalar"] = numpy.float32(2.5)
    file["bool_scalar"] = True
    file["none"] = numpy.zeros((0, 3), "f4")
    file["null"] = h5py.Empty("f4")
    bf16 = file.create_dataset("bf16", data=numpy.arange(6, dtype="u2").reshape(2, 3).view("V2"))
    bf16.attrs["dtype"] = "bfloat16"


def fill_layouts(file: h5py.File) -> None:
    group = file.create_group("layouts")
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    for name, dtype in [("compact", "<f4"), ("compact_be", ">f4")]:
        space = h5py.h5s.create_simple((2, 3))
        made = h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(numpy.dtype(dtype)), space, compact)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, numbers(dtype, 2, 3))
    group.create_dataset("unwritten", (4, 5), "f4")
    group.create_dataset("filled", (4, 5), "<i4", fillvalue=7)
    group.create_dataset("chunked", data=numbers("f4", 7, 10), chunks=(3, 4))
    group.create_dataset("gzip", data=numbers("f4", 20, 30), chunks=(8, 8), compression="gzip")
    group.create_dataset("all", data=numbers(">f8", 20, 30), chunks=(8, 30), compression="gzip", shuffle=True, fletcher32=True)
    group.create_dataset("checksum", data=numbers("u1", 21), chunks=(7,), fletcher32=True)
    group.create_dataset("shuffle", data=numbers("<i4", 3, 5, 7), chunks=(2, 2, 3), shuffle=True)
    sparse = group.create_dataset("sparse", (50, 4), "<i2", chunks=(5, 2), fillvalue=-3, compression="gzip", maxshape=(None, 4))
    sparse[12:14] = numbers("<i2", 2, 4)
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((2, 3))
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    made = h5py.h5d.create(group.id, b"early", h5py.h5t.STD_I32LE, h5py.h5s.create_simple((5, 7)), early)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, numbers("<i4", 5, 7))


    if file.libver[0] == "earliest":  # one kind of index for all
        return
    group.create_dataset("single", data=numbers("<i2", 9, 9), chunks=(9, 9), compression="gzip")
    group.create_dataset("single_plain", data=numbers("<i2", 9, 9), chunks=(9, 9))
    group.create_dataset("growing", data=numbers("<i4", 150), chunks=(2,), maxshape=(None,))
    group.create_dataset("growing_2", data=numbers("<i4", 5, 40), chunks=(2, 3), maxshape=(10, None), compression="gzip")
    group.create_dataset("growing_all", data=numbers("<i4", 9, 11), chunks=(2, 3), maxshape=(None, None))
    group.create_dataset("growing_all_gzip", data=numbers("<i4", 9, 11), chunks=(2, 3), maxshape=(None, None), compression="gzip")
    group.create_dataset("limited", data=numbers("<i4", 9, 11), chunks=(2, 3), maxshape=(20, 30))


def fill_texts(file: h5py.File) -> None:
    file["texts/one"] = "grüße"
    file["texts/empty"] = ""
    file.create_dataset("texts/list", data=["a", "", "ccc"], dtype=h5py.string_dtype())
    file.create_dataset("texts/grid", data=[["a", "b"], ["c", "d"]], dtype=h5py.string_dtype("ascii"), chunks=(1, 2), compression="gzip")
    file.create_dataset("texts/fixed", data=numpy.array([b"ab", b"abcd", b""], "S4"))
    file.create_dataset("texts/fixed_utf8", data="é".encode(), dtype=h5py.string_dtype("utf-8", 5))
    file.create_dataset("texts/bytes", data=numpy.array(b"\xff\xfe", "S4"))
    file.create_dataset("texts/unwritten", (3,), h5py.string_dtype())
    file.create_dataset("texts/null", data=h5py.Empty(h5py.string_dtype()))
    for name, padding, text in [("null_terminated", h5py.h5t.STR_NULLTERM, b"ab\0cd"), ("space_padded", h5py.h5t.STR_SPACEPAD, b"ab   ")]:
        kind = h5py.h5t.C_S1.copy()
        kind.set_size(5)
        kind.set_strpad(padding)
        made = h5py.h5d.create(file["texts"].id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, numpy.array(text, "S5"), kind)


def fill_attributes(file: h5py.File) -> None:
    file.attrs["title"] = "root"
    at = file.create_group("attributes").attrs
    for dtype in NUMBERS:
        at[f"{dtype.strip('<>')}{'be' if dtype[0] == '>' else ''}"] = numbers(dtype, 3)
    at["one"] = numpy.float16(0.1)
    at["bool"] = True
    at["complex"] = 1 - 2j
    at["grid"] = numbers("f4", 2, 2)
    at["none"] = numpy.zeros((0, 2))
    at["null"] = h5py.Empty("f4")
    at["text"] = "grüße"
    at["texts"] = ["a", "bb"]
    at["fixed"] = numpy.bytes_(b"ab")
    at["fixed_list"] = numpy.array([b"ab", b"c"])
    at["no_text"] = ""
    at["infinite"] = numpy.array([numpy.inf, -numpy.inf, 0.1])
    few = file.create_group("few").attrs
    few["b"] = 1
    few["a"] = True


def fill_links(file: h5py.File) -> None:
    file["shared/weight"] = numbers("f4", 4)
    file["shared/tied"] = file["shared/weight"]
    file["shared/word"] = "text"
    file["shared/again"] = file["shared/word"]
    file["shared/weight"].attrs["named"] = "once"
    file.create_group("empty_group")
    file["a/b/c/d"] = numbers("u1", 2)
    file["kind"] = numpy.dtype("<f4")
    file.create_dataset("committed", data=numbers("f4", 3), dtype=file["kind"])
    file["committed"].attrs.create("committed", 1.5, dtype=file["kind"])


def fill_many(file: h5py.File) -> None:
    for number in range(9):
        file[f"nine/{number}"] = numbers("u1", 1) + number
    for number in range(200):  # more than one level of any index
        file[f"many/{number}"] = file["nine/0"]
    for number in range(60):
        file["nine"].attrs[f"attribute_{number}"] = number
    file["nine"].attrs["long"] = "x" * 4200


def fill_ordered(file: h5py.File) -> None:
    for name in ["b", "a", "c"]:
        file.create_group(f"g_{name}", track_order=True)[f"x{name}"] = 1
        file[f"g_{name}"].attrs["z"] = 1
        file[f"g_{name}"].attrs["y"] = 2
    group = file.create_group("many", track_order=True)
    for number in range(20):
        group[f"{20 - number}"] = numpy.uint8(number)
        group.attrs[f"{20 - number}"] = number


def fill_few(file: h5py.File) -> None:
    file["a/b"] = numbers("f4", 4)
    file["a"].attrs["text"] = "few"
    file.create_dataset("chunked", data=numbers("f4", 7, 10), chunks=(3, 4), compression="gzip")


def fill_all(file: h5py.File) -> None:
    for fill in (fill_dtypes, fill_layouts, fill_texts, fill_attributes, fill_links):
        fill(file)


def keras_files(folder: Path) -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="first"), keras.layers.BatchNormalization(),
                              keras.layers.Dense(2, dtype="bfloat16")])
    model.compile("adam", "mse")
    model.fit(numpy.ones((2, 4)), numpy.ones((2, 2)), verbose=0)
    model.save_weights(folder / "keras.weights.h5")
    old = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="first")])
    old.compile("sgd", "mse")
    old.save(folder / "keras_old.h5")


def make_seeds(folder: Path) -> int:
    """A file for each dataset and group of the others, in an old and in the new form."""
    with tempfile.TemporaryDirectory() as scratch:
        with h5py.File(Path(scratch) / "x.h5", "w", libver="latest") as whole:
            fill_all(whole)
            for version in ["earliest", "latest"]:
                for number, name in enumerate(["enum", "bf16", "committed", *(f"layouts/{one}" for one in whole["layouts"]),
                                               *(f"texts/{one}" for one in ["list", "grid", "null", "space_padded"]), "few", "shared"]):
                    if version == "earliest" and number % 3:
                        continue
                    with h5py.File(folder / f"{version}-{name.replace('/', '-')}", "w", libver=version) as file:
                        whole.copy(name, file, name="x")
                with h5py.File(folder / f"{version}-many", "w", libver=version) as file:
                    for each in range(40):
                        file.attrs[f"a{each}"] = each
                        file[f"x{each}"] = file["x0"] if each else 1
    return 0


def main() -> int:
    if sys.argv[1] == "--seeds":
        return make_seeds(Path(sys.argv[2]))
    folder = Path(sys.argv[1])
    files: Dict[str, "tuple[Callable[[h5py.File], None], Dict[str, Any]]"] = {
        "earliest": (fill_all, {"libver": "earliest"}),
        "latest": (fill_all, {"libver": "latest"}),
        "v108": (fill_links, {"libver": ("v108", "v108")}),
        "v110": (fill_layouts, {"libver": ("v110", "v110")}),
        "many": (fill_many, {"libver": "earliest"}),
        "many_latest": (fill_many, {"libver": "latest"}),
        "ordered": (fill_ordered, {"track_order": True}),
        "ordered_latest": (fill_ordered, {"track_order": True, "libver": "latest"}),
        "user_block": (fill_few, {"userblock_size": 1024}),
        "user_block_latest": (fill_links, {"userblock_size": 512, "libver": "latest"}),
        "empty": (lambda file: None, {}),
    }
    for name, (fill, options) in files.items():
        with h5py.File(folder / f"{name}.h5", "w", **options) as file:
            fill(file)
    sizes = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    sizes.set_sizes(4, 4)
    with h5py.File(h5py.h5f.create(bytes(folder / "sizes_4.h5"), h5py.h5f.ACC_TRUNC, sizes)) as file:
        fill_few(file)
    try:
        keras_files(folder)
    except ImportError:
        print("Keras is not installed: its files are not written")
    expected = {path.name: described(str(path)) for path in sorted(folder.glob("*.h5"))}
    lines = [f"{json.dumps(name)}: {json.dumps(expected[name])}" for name in expected]
    (folder / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
