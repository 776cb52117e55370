"""Round trips through writer and reader: values, tensors, optimizers, and the command line."""

import json
import math
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import walk
from content import (
    CODES,
    Bool,
    Bytes,
    Complex,
    Content,
    Dict,
    DtypeOf,
    Float,
    Group,
    Int,
    List,
    Model,
    Null,
    Optimizer,
    Set,
    State,
    Storage,
    String,
    Tensor,
    Tuple,
    dtype,
)
from first_access import tensor_bytes
from canonical_key import canonical_key
from milepost_writer import Writer
from opening import open_data
from samples import F32, FLOATS, listed, named_params, sample, with_value
from verifying import verify

READER = Path(__file__).with_name("milepost_reader.py")


def number(value) -> dict:
    return {"kind": "float", "value": value}


def text(value: str) -> dict:
    return {"kind": "string", "value": value}


def whole(value) -> dict:
    return {"kind": "int", "value": value}


# content, its VALUE in milepost.ls/1
VALUES = [
    (Null(), {"kind": "null"}),
    (Bool(False), {"kind": "bool", "value": False}),
    (Bool(True), {"kind": "bool", "value": True}),
    *[(Int(i), whole(i)) for i in (0, 1, -1, 127, 128, 255, -128, -129, 1 << 53, -(1 << 53))],
    *[(Int(i), whole(str(i))) for i in ((1 << 53) + 1, 1 << 63, -(1 << 63) - 1, 1 << 64)],
    *[(Int(i), whole(str(i))) for i in (-(1 << 2039), (1 << 2039) - 1)],
    (Float.of(0.1), number(0.1)),
    (Float.of(-0.0), number(-0.0)),
    (Float.of(5e-324), number(5e-324)),
    (Float.of(math.inf), number("inf")),
    (Float.of(-math.inf), number("-inf")),
    (Float.of_bits(0xFFF8000000001234), number("nan") | {"bits": "fff8000000001234"}),
    (Float.of_bits(0x7FF0000000000001), number("nan") | {"bits": "7ff0000000000001"}),
    (
        Complex(Float.of(-0.0), Float.of_bits(0x7FF8000000000007)),
        {"kind": "complex", "real": number(-0.0), "imag": number("nan") | {"bits": "7ff8000000000007"}},
    ),
    (String("é\x00\n"), text("é\x00\n")),
    (String("torch.float32", 1), text("torch.float32") | {"subtype": "dtype"}),
    (String("cuda:0", 2), text("cuda:0") | {"subtype": "device"}),
    (String("torch.strided", 3), text("torch.strided") | {"subtype": "layout"}),
    (Bytes(b"\x00\xff"), {"kind": "bytes", "hex": "00ff"}),
    (Bytes(b"", 1), {"kind": "bytes", "hex": "", "subtype": "bytearray"}),
    (List([Int(1), List([])]), {"kind": "list", "items": [whole(1), {"kind": "list", "items": []}]}),
    (Tuple([Int(1)]), {"kind": "tuple", "items": [whole(1)]}),
    (Tuple([Int(2)], 1), {"kind": "tuple", "items": [whole(2)], "subtype": "Size"}),
    (Set([String("a"), Int(2)]), {"kind": "set", "items": [whole(2), text("a")]}),
    (Dict([]), {"kind": "dict", "items": []}),
    (Dict([(Int(2), Null()), (Int(1), Null())], 1),
     {"kind": "dict", "subtype": "OrderedDict",
      "items": [[whole(2), {"kind": "null"}], [whole(1), {"kind": "null"}]]}),
    (Dict([(String("k"), Int(3))], 2),
     {"kind": "dict", "items": [[text("k"), whole(3)]], "subtype": "Counter"}),
    (Dict([(Int(1), Dict([(Null(), Int(2))]))], 0, Dict([(String("a"), Int(3))])),
     {"kind": "dict", "items": [[whole(1), {"kind": "dict", "items": [[{"kind": "null"}, whole(2)]]}]],
      "attributes": {"kind": "dict", "items": [[text("a"), whole(3)]]}}),
]  # fmt: skip

# key, its text in a path
KEYS = [
    (String("a/b"), "a/b"), (Int(-5), "-5"), (Null(), "None"), (Bool(True), "True"), (Bool(False), "False"),
    (Float.of(0.5), "0.5"), (Float.of(1e300), "1e+300"), (Float.of(math.inf), "inf"),
    (Bytes(b"\xab\x01"), "bab01"), (Int(1 << 64), "18446744073709551616"),
    (Tuple([Int(1), Tuple([]), String("x")]), "(1,(),x)"), (Tuple([Int(1)]), "(1)"),
]  # fmt: skip


class Values(unittest.TestCase):
    def check(self, value, expected: dict) -> None:
        found = listed(with_value(value))["entries"]
        # Compared as text: -0.0 == 0.0 and 1 == True otherwise.
        self.assertEqual(json.dumps(found, sort_keys=True),
                         json.dumps([{"path": "v", "value": expected}], sort_keys=True))  # fmt: skip

    def test_every_kind(self):
        for value, expected in VALUES:
            with self.subTest(value=value):
                self.check(value, expected)

    def test_keys_in_paths(self):
        for key, expected in KEYS:
            with self.subTest(key=key):
                tensor = Tensor(0, F32, [6])
                found = listed(with_value(Dict([(key, List([tensor]))]), [Storage(FLOATS)]))
                self.assertEqual(found["tensors"][0]["path"], f"v/{expected}/0")

    def test_different_keys(self):
        keys = [
            Int(1),
            String("1"),
            Bytes(b"1"),
            Float.of(1.5),
            Null(),
            Tuple([]),
            Tuple([Null()]),
            Int(0),
            Int(-1),
        ]
        found = listed(with_value(Dict([(key, Null()) for key in keys])))
        self.assertEqual(len(found["entries"][0]["value"]["items"]), len(keys))

    def test_canonical_keys(self):
        """The order of a set is that of its keys."""
        keys = [Null(), Int(255), Int(1 << 64), Float.of(0.5), String("b"), String("aa"), Bytes(b"a")]
        keys.append(Tuple([Null()]))
        walk_of_set = open_data(Writer(with_value(Set(keys[::-1]))).build()).walk
        self.assertEqual(
            [canonical_key(walk_of_set, i).hex() for i in walk_of_set.children(0)],
            ["00", "0102ff00", "0109000000000000000001", "02000000000000e03f", "030100000062",
             "03020000006161", "040100000061", "050100000000"],
        )  # fmt: skip

    def test_deepest(self):
        value = Null()
        for _ in range(63):
            value = List([value])
        self.assertEqual(listed(with_value(value))["entries"][0]["value"]["kind"], "list")

    def test_can_fail(self):
        for value, expected in VALUES:
            with self.assertRaises(AssertionError):
                self.check(List([value]), expected)
        with self.assertRaises(AssertionError):
            self.check(Float.of(0.0), number(-0.0))
        with self.assertRaises(AssertionError):
            self.check(Float.of_bits(0xFFF8000000001235), number("nan") | {"bits": "fff8000000001234"})


class Tensors(unittest.TestCase):
    def check(self, tensor: Tensor, data: bytes, expected: bytes, **listing) -> None:
        for codec in (0, 1):
            checkpoint = open_data(Writer(with_value(tensor, [Storage(data, codec)])).build())
            self.assertEqual(tensor_bytes(checkpoint, 0), expected)
            self.assertEqual(verify(checkpoint), [])
        found = listed(with_value(tensor, [Storage(data)]))["tensors"][0]
        self.assertEqual({key: found[key] for key in listing}, listing)

    def test_every_dtype(self):
        for name, (_, bits) in CODES.items():
            with self.subTest(name=name):
                data = bytes(range(8 * bits // 8))
                self.check(Tensor(0, dtype(name), [2, 4]), data, data, dtype=name, nbytes=bits, shape=[2, 4])

    def test_unknown_dtype(self):
        self.check(Tensor(0, DtypeOf(100, "u7", 7), [8]), bytes(7), bytes(7), dtype="u7", nbytes=7)

    def test_shapes(self):
        self.check(Tensor(0, F32, []), FLOATS[:4], FLOATS[:4], shape=[], strides=[], nbytes=4)
        self.check(Tensor(0, F32, [0, 3]), b"", b"", shape=[0, 3], strides=[3, 1], nbytes=0)
        self.check(Tensor(0, F32, [0], offset=24), FLOATS, b"", offset=24, nbytes=0)
        self.check(Tensor(0, F32, [2, 3]), FLOATS, FLOATS, strides=[3, 1], nbytes=24)

    def test_strided(self):
        pick = lambda order: b"".join(FLOATS[4 * at : 4 * at + 4] for at in order)  # noqa: E731
        self.check(
            Tensor(0, F32, [3, 2], [1, 3]), FLOATS, pick([0, 3, 1, 4, 2, 5]), strides=[1, 3], shape=[3, 2]
        )
        self.check(Tensor(0, F32, [2, 2], [0, 2], 4), FLOATS, pick([1, 3, 1, 3]), strides=[0, 2], offset=4)
        self.check(Tensor(0, F32, [1, 6], [99, 1]), FLOATS, FLOATS, strides=[6, 1])  # contiguous: not stored
        self.check(Tensor(0, F32, [2, 0], [9, 9]), b"", b"", shape=[2, 0], strides=[0, 1])

    def test_roles(self):
        for role, name in enumerate(["plain", "parameter", "buffer"]):
            self.check(
                Tensor(0, F32, [6], role=role, requires_grad=True),
                FLOATS,
                FLOATS,
                role=name,
                requires_grad=True,
            )
        self.check(Tensor(0, F32, [6]), FLOATS, FLOATS, role="plain", requires_grad=False)

    def test_tied(self):
        content = Content(values=[(name, Tensor(0, F32, [6])) for name in "ab"], storages=[Storage(FLOATS)])
        found = listed(content)
        self.assertEqual([(t["path"], t["storage"]) for t in found["tensors"]], [("a", 0), ("b", 0)])
        self.assertEqual(len(found["storages"]), 1)

    def test_can_fail(self):
        with self.assertRaises(AssertionError):
            self.check(Tensor(0, F32, [3, 2], [1, 3]), FLOATS, FLOATS)
        with self.assertRaises(AssertionError):
            self.check(Tensor(0, F32, [6]), FLOATS, FLOATS, nbytes=23)


class Structure(unittest.TestCase):
    def test_optimizer(self):
        found = listed(sample())["optimizers"]
        groups = [
            {"hyperparameters": ["lr", "betas"], "params": [0, 1], "param_names": ["a", "b"],
             "params_position": 1, "param_names_position": 3},
            {"hyperparameters": ["lr"], "params": [2], "param_names": None,
             "params_position": 0, "param_names_position": None},
        ]  # fmt: skip
        expected = {"name": "opt", "algorithm": "AdamW", "param_keys": None, "param_groups": groups, "state": [0, 2]}
        self.assertEqual(found, [expected])

    def test_param_keys(self):
        found = listed(named_params())
        named = found["optimizers"][1]
        self.assertEqual(named["param_keys"], ["fc.weight", "é", "fc.a/b"])
        self.assertEqual([group["params"] for group in named["param_groups"]], [[2, 0, 2], [1]])
        self.assertEqual([each["param_keys"] is None for each in found["optimizers"]], [True, False, True])
        self.assertEqual([entry["path"] for entry in found["entries"]], [
            "named/param_groups/0/lr", "named/state/fc.weight/step", "named/state/fc.a/b/sum",
            "named/state/of/none"])  # fmt: skip
        self.assertEqual([t["path"] for t in found["tensors"]], ["named/state/fc.a/b/sum"])

    def test_paths_and_order(self):
        found = listed(sample())
        self.assertEqual([entry["path"] for entry in found["entries"]], [
            "net/weight", "net/turned", "net/extra", "opt/param_groups/0/lr", "opt/param_groups/0/betas",
            "opt/param_groups/1/lr", "opt/state/0/step", "opt/state/2/step", "opt/state/2/sum",
            "opt/state/note", "opt/defaults", "epoch", "config", "seen", "wave", "blob",
            "device"])  # fmt: skip
        self.assertEqual(found["order"], ["epoch", "opt", "net", "config", "seen", "wave", "blob", "device"])
        self.assertEqual([t["path"] for t in found["tensors"]],
                         ["net/weight", "net/turned", "opt/state/2/sum", "net/extra/1"])  # fmt: skip
        self.assertEqual(found["models"][0]["metadata"]["subtype"], "OrderedDict")

    def test_several_of_each(self):
        models = [Model("b", [("x", Int(1)), ("a", Int(2))]), Model("a", [], Dict([]))]
        groups = [Group([], [5, 5]), Group([], [1 << 60], ["n"])]
        optimizers = [Optimizer("o", "", groups, [State(1 << 63)]), Optimizer("p")]
        found = listed(Content(models, optimizers, order=["p", "a", "o", "b"]))
        self.assertEqual(found["order"], ["p", "a", "o", "b"])
        self.assertEqual(found["optimizers"][0]["state"], [str(1 << 63)])
        self.assertEqual(
            [g["params"] for g in found["optimizers"][0]["param_groups"]], [[5, 5], [str(1 << 60)]]
        )
        self.assertEqual([m["metadata"]["kind"] for m in found["models"]], ["null", "dict"])

    def test_can_fail(self):
        original = walk.Walk.top_names
        walk.Walk.top_names = property(lambda self: sorted(original.func(self)))
        try:
            with self.assertRaises(AssertionError):
                self.test_paths_and_order()
        finally:
            walk.Walk.top_names = original


class CommandLine(unittest.TestCase):
    def run_reader(self, data: bytes, command: str, *more: str) -> tuple[int, bytes]:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            done = subprocess.run(
                [sys.executable, READER, command, file.name, *more], capture_output=True, check=False
            )
        return done.returncode, done.stdout

    def test_commands(self):
        data = Writer(sample()).build()
        code, out = self.run_reader(data, "ls")
        self.assertEqual((code, json.loads(out), out.count(b"\n")), (0, listed(sample()), 1))
        self.assertIn("(1,é)".encode(), self.run_reader(Writer(keyed()).build(), "ls")[1])
        self.assertEqual(self.run_reader(data, "bytes", "0"), (0, FLOATS))
        self.assertEqual(self.run_reader(data, "bytes", "1"), (0, struct.pack("<6f", 0, 3, 1, 4, 2, 5)))
        self.assertEqual(self.run_reader(data, "bytes", "4")[0], 2)
        code, out = self.run_reader(data, "verify")
        self.assertEqual((code, json.loads(out)), (0, {"ok": True, "canonical_form_checked": True, "damage": []}))

    def test_damage(self):
        data = bytearray(Writer(sample()).build())
        data[64] ^= 1
        code, out = self.run_reader(bytes(data), "verify")
        damage = json.loads(out)["damage"][0]
        self.assertEqual(
            (code, damage["condition"], damage["begin"], damage["end"]), (1, "chunk_checksum", 64, 88)
        )
        self.assertEqual(damage["tensors"], ["net/weight", "net/turned", "opt/state/2/sum"])
        code, out = self.run_reader(b"", "ls")
        error = json.loads(out)["error"]
        self.assertEqual((code, error["code"], error["condition"]), (1, "truncated", "empty"))


def keyed() -> Content:
    return with_value(Dict([(Tuple([Int(1), String("é")]), Tensor(0, F32, [6]))]), [Storage(FLOATS)])


if __name__ == "__main__":
    unittest.main()
