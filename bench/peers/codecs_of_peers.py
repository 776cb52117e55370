"""Codecs that Milepost's are compared with: each tensor in memory to bytes, and back, on one core."""

import json
import os
from typing import Any

import numpy as np

from data import Tensor
from formats import Format, as_bytes

# Blocks of the best speed and ratio that were found for each, in bytes.
OPENZL_BLOCK = 128 << 10


class Codec:
    """Compresses one tensor. `prepare` is not timed."""

    package = ""

    def prepare(self, tensor: Tensor) -> Any:
        return tensor

    def compress(self, prepared: Any) -> Any:
        raise NotImplementedError

    def decompress(self, compressed: Any, tensor: Tensor) -> Any:
        """Something whose bytes `restored` returns."""
        raise NotImplementedError

    def restored(self, decompressed: Any) -> np.ndarray:
        return np.frombuffer(decompressed, np.uint8)

    def nbytes(self, compressed: Any) -> int:
        return len(compressed)


class ZipNN(Codec):
    """It reorders the caller's buffer in place: `prepare` makes a copy. What is not a float is kept as it is."""

    package = "zipnn"
    NAMES = {"bf16": "bfloat16", "f16": "float16", "f32": "float32"}

    def __init__(self) -> None:
        import zipnn
        self.zipnn = zipnn
        self.made: dict[str, Any] = {}

    def of(self, tensor: Tensor) -> Any:
        if tensor.dtype not in self.made:
            self.made[tensor.dtype] = self.zipnn.ZipNN(input_format="byte", threads=1,
                                                       bytearray_dtype=self.NAMES[tensor.dtype])
        return self.made[tensor.dtype]

    def prepare(self, tensor: Tensor) -> Any:
        return tensor, bytearray(as_bytes(tensor.array))

    def compress(self, prepared: Any) -> Any:
        tensor, copy = prepared
        return self.of(tensor).compress(copy) if tensor.dtype in self.NAMES else bytes(copy)

    def decompress(self, compressed: Any, tensor: Tensor) -> Any:
        return self.of(tensor).decompress(compressed) if tensor.dtype in self.NAMES else compressed


class OpenZL(Codec):
    """Floats are split; exponents are coded by Huffman, the rest is stored. f16: bytes are transposed, both coded."""

    package = "openzl"
    NODES = {"bf16": "BFloat16Deconstruct", "f32": "Float32Deconstruct"}

    def __init__(self) -> None:
        import openzl.ext
        self.zl = openzl.ext
        self.contexts: dict[str, Any] = {}

    def context(self, dtype: str) -> Any:
        if dtype not in self.contexts:
            zl = self.zl
            compressor = zl.Compressor()
            compressor.set_parameter(zl.CParam.FormatVersion, zl.MAX_FORMAT_VERSION)
            if dtype in self.NODES:
                graph = getattr(zl.nodes, self.NODES[dtype])()(compressor, zl.graphs.Store(), zl.graphs.Huffman())
            else:
                graph = zl.nodes.ConvertNumToStructLE()(compressor, zl.nodes.TransposeSplit()(compressor, zl.graphs.Huffman()))
            compressor.select_starting_graph(graph)
            context = zl.CCtx()
            context.set_parameter(zl.CParam.StickyParameters, 1)
            context.ref_compressor(compressor)
            context.set_parameter(zl.CParam.FormatVersion, zl.MAX_FORMAT_VERSION)
            self.contexts[dtype] = (context, compressor)
        return self.contexts[dtype][0]

    def prepare(self, tensor: Tensor) -> Any:
        unsigned = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}[tensor.array.itemsize]
        return tensor.dtype, tensor.array.reshape(-1).view(unsigned)

    def compress(self, prepared: Any) -> Any:
        dtype, words = prepared
        context, count = self.context(dtype), OPENZL_BLOCK // words.itemsize
        return [context.compress([self.zl.Input(self.zl.Type.Numeric, words[i:i + count])])
                for i in range(0, len(words), count)]

    def decompress(self, compressed: Any, tensor: Tensor) -> Any:
        context = self.zl.DCtx()
        return [context.decompress(block)[0].content for block in compressed]

    def restored(self, decompressed: Any) -> np.ndarray:
        return np.concatenate([as_bytes(np.asarray(block.as_nparray())) for block in decompressed])

    def nbytes(self, compressed: Any) -> int:
        return sum(map(len, compressed))


class Blosc2(Codec):
    package = "blosc2"

    def __init__(self) -> None:
        import blosc2
        self.blosc2 = blosc2
        blosc2.set_nthreads(1)

    def compress(self, prepared: Any) -> Any:
        return self.blosc2.compress2(prepared.array, codec=self.blosc2.Codec.ZSTD, clevel=1, nthreads=1,
                                     typesize=prepared.array.itemsize, filters=[self.blosc2.Filter.SHUFFLE],
                                     filters_meta=[0])

    def decompress(self, compressed: Any, tensor: Tensor) -> Any:
        return self.blosc2.decompress2(compressed, nthreads=1)


CODECS = {"zipnn": ZipNN, "openzl": OpenZL, "blosc2": Blosc2}


class CodecFile(Format):
    """A file for a codec that has none: the blocks of all tensors one after the other, then their sizes as JSON, then the
    size of that."""

    def __init__(self, codec: Codec, tensors: list[Tensor]) -> None:
        self.codec, self.package, self.tensors = codec, codec.package, tensors

    def save(self, tensors: list[Tensor], path: str) -> None:
        sizes = []
        with open(path, "wb", buffering=1 << 20) as file:
            for tensor in tensors:
                packed = self.codec.compress(self.codec.prepare(tensor))
                blocks = packed if isinstance(packed, list) else [packed]
                sizes.append([len(block) for block in blocks])
                for block in blocks:
                    file.write(block)
            end = json.dumps(sizes).encode()
            file.write(end + len(end).to_bytes(8, "little"))

    def load(self, path: str) -> list[np.ndarray]:
        loaded = []
        with open(path, "rb", buffering=1 << 20) as file:
            file.seek(-8, os.SEEK_END)
            end_nbytes = int.from_bytes(file.read(8), "little")
            file.seek(-8 - end_nbytes, os.SEEK_END)
            all_sizes = json.loads(file.read(end_nbytes))
            file.seek(0)
            for tensor, sizes in zip(self.tensors, all_sizes):
                blocks = [file.read(size) for size in sizes]
                packed = blocks if isinstance(self.codec, OpenZL) else blocks[0]
                loaded.append(self.codec.restored(self.codec.decompress(packed, tensor)))
        return loaded


class LmzMemory:
    """lmz compresses files only: it is given files in memory (/dev/shm), and one worker."""

    package = "lmzip"

    def __init__(self, tensors: list[Tensor]) -> None:
        import lmz.api
        from formats import Safetensors
        self.lmz = lmz.api
        self.base = f"/dev/shm/milepost-bench-{os.getpid()}"
        Safetensors().save(tensors, self.base + ".in")

    def compress(self) -> int:
        self.remove(".lmz")
        self.lmz.compress(self.base + ".in", self.base + ".lmz", workers=1)
        return os.path.getsize(self.base + ".lmz")

    def decompress(self) -> None:
        self.lmz.decompress(self.base + ".lmz", self.base + ".out", workers=1, overwrite=True)

    def check(self) -> None:
        with open(self.base + ".in", "rb") as before, open(self.base + ".out", "rb") as after:
            if before.read() != after.read():
                raise ValueError("lmz did not restore the file")

    def remove(self, *endings: str) -> None:
        for ending in endings or (".in", ".lmz", ".out"):
            if os.path.exists(self.base + ending):
                os.remove(self.base + ending)
