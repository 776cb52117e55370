"""Prints what torch.load makes of the files of a folder, in a form that is the same in all versions of PyTorch:

    describe_pytorch.py [--weights-only] FOLDER      all NAME.pt in it

One line of JSON a file: its name and the object, or its name, null and the error; before them the version. Runs in Python 3.6
and newer, with PyTorch 1.6 and newer.
"""

import ctypes
import json
import struct
import sys
import warnings
from pathlib import Path

import torch


def bits_of(tensor):
    """Of its elements, whatever their dtype."""
    for resolve in ("resolve_conj", "resolve_neg"):
        tensor = getattr(tensor, resolve, lambda same=tensor: same)()
    whole = tensor.detach().contiguous()
    if whole.numel() == 0:
        return ""
    return ctypes.string_at(whole.data_ptr(), whole.numel() * whole.element_size()).hex()


class Description:
    def __init__(self):
        self.storages = {}

    def tensor(self, given):
        storage = given.storage()
        nbytes = storage.size() * given.element_size()
        number = self.storages.setdefault(storage.data_ptr(), len(self.storages)) if nbytes else None
        return {
            "tensor": type(given).__name__, "dtype": str(given.dtype), "shape": list(given.shape),
            "strides": list(given.stride()) if given.numel() else None, "offset": given.storage_offset() if nbytes else None,
            "storage": [number, nbytes], "requires_grad": given.requires_grad, "bits": bits_of(given),
            "attributes": self.of(dict(vars(given))),
        }

    def of(self, given):
        if isinstance(given, torch.Tensor):
            return self.tensor(given)
        if isinstance(given, dict):
            pairs = [[self.of(key), self.of(item)] for key, item in given.items()]
            attributes = [[key, self.of(item)] for key, item in vars(given).items()] if hasattr(given, "__dict__") else []
            return {"dict": type(given).__name__, "items": pairs, "attributes": attributes}
        if isinstance(given, (list, tuple)):
            return {"list": type(given).__name__, "items": [self.of(item) for item in given]}
        if isinstance(given, set):
            return {"set": sorted((self.of(item) for item in given), key=json.dumps)}
        if isinstance(given, float):
            return {"float": struct.pack(">d", given).hex()}
        if isinstance(given, complex):
            return {"complex": [self.of(given.real), self.of(given.imag)]}
        if isinstance(given, (bytes, bytearray)):
            return {type(given).__name__: given.hex()}
        if given is None or isinstance(given, (bool, int, str)):
            return given
        return {"other": type(given).__name__, "text": str(given)}


def main():
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(10000)
    options = {"weights_only": "--weights-only" in sys.argv[1:-1]}
    if not options["weights_only"] and tuple(int(part) for part in torch.__version__.split(".")[:2]) < (1, 13):
        options = {}  # it does not have the option
    print(json.dumps(torch.__version__))
    for path in sorted(Path(sys.argv[-1]).glob("*.pt")):
        try:
            print(json.dumps([path.name, Description().of(torch.load(str(path), **options)), ""]))
        except Exception as error:
            print(json.dumps([path.name, None, "{}: {}".format(type(error).__name__, str(error).replace("\n", " ")[-200:])]))


if __name__ == "__main__":
    main()
