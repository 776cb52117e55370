"""Random HDF5 files, written by h5py: for check_hdf5.py --random."""

import random
from pathlib import Path
from typing import Any, List

import h5py
import numpy

LIBVERS: List[Any] = ["earliest", "latest", ("earliest", "v108"), ("v108", "v108"), ("v110", "v110"), ("v112", "v114")]
NUMBERS = ["bool", "i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "u1", "<u2", ">u2", "<u4", ">u4", "<u8", ">u8",
           "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<c8", ">c8", "<c16", ">c16"]
WORDS = ["", "a", "weights", "grüße", "日本語", "it's", "x" * 100]


def array(rng: random.Random, dtype: str, shape: "tuple[int, ...]") -> Any:
    values = numpy.random.default_rng(rng.getrandbits(32)).integers(-100, 100, shape)
    return values.astype("u1").astype("bool") if dtype == "bool" else values.astype(dtype)


def random_shape(rng: random.Random) -> "tuple[int, ...]":
    return tuple(rng.choice([0, 1, 2, 3, 5, 8, 17, 40]) if rng.random() < 0.95 else 200 for _ in range(rng.randrange(4)))


def add_numbers(rng: random.Random, group: h5py.Group, name: str) -> None:
    shape, dtype = random_shape(rng), rng.choice(NUMBERS)
    options: "dict[str, Any]" = {}
    if shape and 0 not in shape and rng.random() < 0.6:
        options["chunks"] = tuple(rng.randint(1, max(1, dim)) for dim in shape)
        options["maxshape"] = tuple(rng.choice([dim, dim + 7, None]) for dim in shape)
        if rng.random() < 0.5:
            options["maxshape"] = None
        if rng.random() < 0.5:
            options["compression"] = "gzip"
            options["compression_opts"] = rng.randrange(10)
        options["shuffle"] = rng.random() < 0.3
        options["fletcher32"] = rng.random() < 0.3
    if rng.random() < 0.3 and dtype not in ("bool", "<c8", ">c8", "<c16", ">c16"):
        options["fillvalue"] = rng.randrange(100)
    if rng.random() < 0.2:
        made = group.create_dataset(name, shape, dtype, **options)
        if shape and 0 not in shape and rng.random() < 0.7:
            at = tuple(slice(rng.randrange(dim), dim) for dim in shape)
            made[at] = array(rng, dtype, tuple(part.stop - part.start for part in at))
    else:
        group.create_dataset(name, data=array(rng, dtype, shape), dtype=dtype, **options)


def add_texts(rng: random.Random, group: h5py.Group, name: str) -> None:
    if rng.random() < 0.5:
        data = [rng.choice(WORDS) for _ in range(rng.randint(1, 12))]
        chunks = (rng.randint(1, len(data)),) if rng.random() < 0.4 else None
        group.create_dataset(name, data=data, dtype=h5py.string_dtype(), chunks=chunks,
                             compression="gzip" if chunks and rng.random() < 0.5 else None)
    else:
        data = numpy.array([rng.choice(WORDS).encode() for _ in range(rng.randint(1, 12))], "S100")
        group.create_dataset(name, data=data[0] if rng.random() < 0.3 else data)


def add_attribute(rng: random.Random, at: Any, name: str) -> None:
    kind = rng.randrange(6)
    if kind == 0:
        at[name] = rng.choice(WORDS)
    elif kind == 1:
        at[name] = [rng.choice(WORDS) for _ in range(rng.randint(1, 5))]
    elif kind == 2:
        at[name] = h5py.Empty("f4")
    else:
        value = array(rng, rng.choice(NUMBERS), random_shape(rng)[:2])
        if value.nbytes < 60000:  # what an old object header holds
            at[name] = value


def fill(rng: random.Random, group: h5py.Group, depth: int, track: bool) -> None:
    count = rng.choice([0, 1, 3, 9, 12, 60]) if depth < 2 else rng.randrange(4)
    for number in range(count):
        name = f"{rng.choice('abcdeä')}{number}"
        kind = rng.random()
        if kind < 0.6:
            add_numbers(rng, group, name)
        elif kind < 0.75:
            add_texts(rng, group, name)
        elif kind < 0.85 and depth < 4:
            fill(rng, group.create_group(name, track_order=track), depth + 1, track)
        elif kind < 0.9 and depth < 4:
            fill(rng, group.create_group(name), depth + 1, track)
        else:
            members = [member for member in group.values() if isinstance(member, h5py.Dataset)]
            group[name] = rng.choice(members) if members else numpy.float32(number)
    for holder in [group, *group.values()]:
        for number in range(rng.choice([0, 0, 0, 1, 3, 12])):
            add_attribute(rng, holder.attrs, f"attribute_{number}")


def fill_large(rng: random.Random, file: h5py.File) -> None:
    """Indexes of several levels and pages."""
    gzip = rng.choice([None, "gzip"])
    count = rng.choice([2000, 9000, 40000])
    for name, limit in [("growing", None), ("limited", count + 5), ("fixed", count)]:
        made = file.create_dataset(f"large/{name}", (count,), "<u2", chunks=(1,), maxshape=(limit,), compression=gzip)
        for _ in range(rng.choice([1, 3])):
            begin = rng.randrange(count)
            made[begin:begin + rng.choice([10, 2000, count])] = rng.randrange(65536)
    file.create_dataset("large/grid", data=array(rng, "<i4", (60, 50)), chunks=(1, rng.choice([1, 7])), maxshape=(None, None))
    small = file.create_dataset("large/small", data=7)
    for number in range(rng.choice([500, 4000])):
        file[f"large/links/{number * 7919 % 10007}"] = small


def write_random(path: Path, seed: int) -> None:
    rng = random.Random(seed)
    track = rng.random() < 0.3
    block = rng.choice([0, 0, 0, 512, 4096])
    with h5py.File(path, "w", libver=rng.choice(LIBVERS), track_order=track, userblock_size=block) as file:
        fill(rng, file, 0, track)
        if rng.random() < 0.05:
            fill_large(rng, file)
