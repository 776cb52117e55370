"""The file formats that Milepost is compared with, each used as its documentation shows. A class for each; what it needs is
imported when it is made, so that a package that is not there is a row that states so."""

import os
import shutil
from typing import Any

import numpy as np

from data import Tensor


def as_bytes(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


class Format:
    """Saves tensors to a path where nothing is, and loads them. `loads` states what a load leaves in memory."""

    package = ""
    loads = "copies"

    def save(self, tensors: list[Tensor], path: str) -> None:
        raise NotImplementedError

    def save_durably(self, tensors: list[Tensor], path: str) -> None:
        """None of the peers has a durable save of its own but tensorstore: a save, then fsync of the file and its folder."""
        self.save(tensors, path)
        sync(path)

    def load(self, path: str) -> list[np.ndarray]:
        """The bytes of all tensors, in the order of the names."""
        raise NotImplementedError

    def names(self, path: str) -> list[str]:
        """Opens the file and lists its tensors, without reading them."""
        raise NotImplementedError

    def first(self, path: str, name: str) -> np.ndarray:
        """Opens the file and reads one tensor."""
        raise NotImplementedError

    def prepare(self, tensors: list[Tensor], path: str) -> None:
        """What comes before a save to that path, and is not measured."""

    def close(self) -> None:
        """Removes what a format leaves beside its files."""


def sync(path: str) -> None:
    for name in (path, os.path.dirname(path)):
        descriptor = os.open(name, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def remove(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.remove(path)


class Torch(Format):
    package = "torch"

    def __init__(self) -> None:
        import torch
        self.torch = torch

    def tensors(self, tensors: list[Tensor]) -> dict[str, Any]:
        made = {}
        for tensor in tensors:
            made[tensor.name] = self.torch.from_numpy(tensor.array)
            if tensor.dtype == "bf16":
                made[tensor.name] = made[tensor.name].view(self.torch.bfloat16)
        return made

    def array(self, tensor: Any) -> np.ndarray:
        return tensor.contiguous().flatten().view(self.torch.uint8).numpy()

    def save(self, tensors: list[Tensor], path: str) -> None:
        self.torch.save(self.tensors(tensors), path)

    def load(self, path: str) -> list[np.ndarray]:
        loaded = self.torch.load(path)
        return [self.array(loaded[name]) for name in sorted(loaded)]

    def names(self, path: str) -> list[str]:
        return list(self.torch.load(path, mmap=True))

    def first(self, path: str, name: str) -> np.ndarray:
        return self.array(self.torch.load(path, mmap=True)[name])


class Safetensors(Torch):
    package = "safetensors"
    loads = "views of the mapped file, not verified"

    def __init__(self) -> None:
        super().__init__()
        import safetensors
        import safetensors.torch
        self.module = safetensors

    def save(self, tensors: list[Tensor], path: str) -> None:
        self.module.torch.save_file(self.tensors(tensors), path)

    def load(self, path: str) -> list[np.ndarray]:
        loaded = self.module.torch.load_file(path)
        return [self.array(loaded[name]) for name in sorted(loaded)]

    def names(self, path: str) -> list[str]:
        with self.module.safe_open(path, framework="pt") as file:
            return list(file.keys())

    def first(self, path: str, name: str) -> np.ndarray:
        with self.module.safe_open(path, framework="pt") as file:
            return self.array(file.get_tensor(name))


class ZTensor(Format):
    package = "ztensor"
    loads = "views of the mapped file where it is not compressed, not verified"
    encoding: str | None = None

    def __init__(self) -> None:
        import ztensor
        self.ztensor = ztensor

    def save(self, tensors: list[Tensor], path: str) -> None:
        with self.ztensor.Writer(path, canonical=self.encoding is None) as writer:
            for tensor in sorted(tensors, key=lambda tensor: tensor.name):  # as its canonical form demands
                writer.add(tensor.name, as_bytes(tensor.array), list(tensor.array.shape), tensor.dtype, encoding=self.encoding)

    def array(self, tensor: Any) -> np.ndarray:
        if self.encoding is not None:
            return np.frombuffer(tensor.tobytes(), np.uint8)
        if tensor.dtype == "bf16":  # numpy takes no bf16
            import torch
            return torch.from_dlpack(tensor).flatten().view(torch.uint8).numpy()
        return as_bytes(np.from_dlpack(tensor))

    def load(self, path: str) -> list[np.ndarray]:
        with self.ztensor.open(path) as file:
            return [self.array(tensor) for _, tensor in file.items()]

    def names(self, path: str) -> list[str]:
        with self.ztensor.open(path) as file:
            return list(file.keys())

    def first(self, path: str, name: str) -> np.ndarray:
        with self.ztensor.open(path) as file:
            return self.array(file[name])


class ZTensorZstd(ZTensor):
    encoding = "zt.zstd-seekable/1"


class Numpy(Format):
    package = "numpy"

    def save(self, tensors: list[Tensor], path: str) -> None:
        with open(path, "wb") as file:  # a name without .npz would get one
            np.savez(file, **{tensor.name: tensor.array for tensor in tensors})

    def load(self, path: str) -> list[np.ndarray]:
        with np.load(path) as file:
            return [as_bytes(file[name]) for name in sorted(file.files)]

    def names(self, path: str) -> list[str]:
        with np.load(path) as file:
            return file.files

    def first(self, path: str, name: str) -> np.ndarray:
        with np.load(path) as file:
            return as_bytes(file[name])


class Hdf5(Format):
    package = "h5py"
    options: dict[str, Any] = {}

    def __init__(self) -> None:
        import h5py
        self.h5py = h5py

    def save(self, tensors: list[Tensor], path: str) -> None:
        with self.h5py.File(path, "w") as file:
            for tensor in tensors:
                options = self.options if tensor.array.ndim > 0 and tensor.array.size > 0 else {}
                file.create_dataset(tensor.name, data=tensor.array, **options)

    def datasets(self, file: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, self.h5py.Dataset) else None)
        return found

    def load(self, path: str) -> list[np.ndarray]:
        with self.h5py.File(path) as file:
            found = self.datasets(file)
            return [as_bytes(found[name][()]) for name in sorted(found)]

    def names(self, path: str) -> list[str]:
        with self.h5py.File(path) as file:
            return list(self.datasets(file))

    def first(self, path: str, name: str) -> np.ndarray:
        with self.h5py.File(path) as file:
            return as_bytes(file[name][()])


class Hdf5Gzip(Hdf5):
    options = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


class TensorStore(Format):
    """A Zarr 3 array for each tensor, in a folder."""

    package = "tensorstore"
    codecs: list[dict[str, Any]] = [{"name": "bytes"}]

    def __init__(self) -> None:
        import tensorstore
        self.tensorstore = tensorstore

    def spec(self, path: str, name: str, durable: bool = False) -> dict[str, Any]:
        return {"driver": "zarr3", "kvstore": {"driver": "file", "path": os.path.join(path, name.replace("/", "%"))},
                "context": {"file_io_sync": durable}}

    def metadata(self, array: np.ndarray) -> dict[str, Any]:
        return {"data_type": array.dtype.name, "shape": list(array.shape), "codecs": self.codecs,
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(array.shape)}}}

    def write(self, tensors: list[Tensor], path: str, durable: bool) -> None:
        opened = [self.tensorstore.open(self.spec(path, tensor.name, durable) | {"metadata": self.metadata(tensor.array)},
                                        create=True) for tensor in tensors]
        written = [store.result().write(tensor.array) for store, tensor in zip(opened, tensors)]
        for future in written:
            future.result()

    def save(self, tensors: list[Tensor], path: str) -> None:
        self.write(tensors, path, durable=False)

    def save_durably(self, tensors: list[Tensor], path: str) -> None:
        self.write(tensors, path, durable=True)

    def load(self, path: str) -> list[np.ndarray]:
        opened = [self.tensorstore.open(self.spec(path, name)) for name in sorted(os.listdir(path))]
        read = [store.result().read() for store in opened]
        return [as_bytes(np.asarray(future.result())) for future in read]

    def names(self, path: str) -> list[str]:
        opened = [self.tensorstore.open(self.spec(path, name)) for name in os.listdir(path)]
        return [str(store.result().domain) for store in opened]

    def first(self, path: str, name: str) -> np.ndarray:
        return as_bytes(np.asarray(self.tensorstore.open(self.spec(path, name)).result().read().result()))


class TensorStoreZstd(TensorStore):
    codecs = [{"name": "bytes"},
              {"name": "blosc", "configuration": {"cname": "zstd", "clevel": 1, "shuffle": "bitshuffle"}}]


class Lmz(Safetensors):
    """Compresses a safetensors file that was written before, which is not counted: it takes no tensors in memory."""

    package = "lmzip"
    loads = "copies"

    def __init__(self) -> None:
        super().__init__()
        import lmz.api
        self.lmz = lmz.api

        self.plain = self.restored = ""

    def prepare(self, tensors: list[Tensor], path: str) -> None:
        """Writes the file that is compressed."""
        if not self.plain:
            self.plain = os.path.join(os.path.dirname(path), f"lmz-{os.getpid()}.safetensors")
            super().save(tensors, self.plain)

    def save(self, tensors: list[Tensor], path: str) -> None:
        self.lmz.compress(self.plain, path)

    def load(self, path: str) -> list[np.ndarray]:
        self.restored = path + ".safetensors"
        self.lmz.decompress(path, self.restored, overwrite=True)
        return super().load(self.restored)

    def close(self) -> None:
        for path in (self.plain, self.restored):
            remove(path)


RAW = {"torch": Torch, "safetensors": Safetensors, "ztensor": ZTensor, "numpy": Numpy, "h5py": Hdf5,
       "tensorstore": TensorStore}
PACKED = {"ztensor": ZTensorZstd, "h5py": Hdf5Gzip, "tensorstore": TensorStoreZstd, "lmz": Lmz}
