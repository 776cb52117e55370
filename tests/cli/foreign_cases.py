"""All commands on files of other formats, which are made here byte by byte."""

import io
import json
import os
import signal
import struct
import subprocess
import time
import zipfile

import harness
from harness import CliTest, run


def npy(values):
    header = repr({"descr": "<f4", "fortran_order": False, "shape": (len(values),)}).ljust(53) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}f", *values)


def npz(**arrays):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, values in arrays.items():
            archive.writestr(f"{name}.npy", npy(values))
    return file.getvalue()


def safetensors(**arrays):
    header, data = {"__metadata__": {"by": "me"}}, b""
    for name, values in arrays.items():
        raw = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": [len(values)], "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


ARRAYS = {"w": [1.0, 2.0, 3.0], "b": [-1.0]}


class Foreign(CliTest):
    def setUp(self):
        super().setUp()
        self.npz = self.make("weights.pt", npz(**ARRAYS))  # the content decides, not the name
        self.safetensors = self.make("weights.bin", safetensors(**ARRAYS))

    def test_info_and_ls(self):
        for file, format_name in [(self.npz, "npz"), (self.safetensors, "safetensors")]:
            info = json.loads(run("info", file, "--json").stdout)
            self.assertEqual((info["format"], info["tensors"], info["nbytes"]), (format_name, 2, 16))
            self.assertIn(f"{format_name}  ", run("info", file).stdout)
            listing = json.loads(run("ls", file, "--json").stdout)
            self.assertEqual((listing["format"], listing["format_version"]), (format_name, None))
            self.assertEqual({tensor["path"] for tensor in listing["tensors"]}, {"model/w", "model/b"})
            self.assertEqual(sorted(tensor["storage"] for tensor in listing["tensors"]), [0, 1])
            lines = run("ls", file, "--plain").stdout.splitlines()
            self.assertIn("model/w\tf32\t3\t12\t-", lines)

    def test_verify_finds_damage_where_there_are_checksums(self):
        process = run("verify", self.npz, self.safetensors)
        self.assertEqual((process.returncode, process.stderr), (0, ""))
        content = bytearray(self.npz.read_bytes())
        at = content.index(struct.pack("<f", 3.0))
        content[at] ^= 1
        bent = self.make("bent.npz", bytes(content))
        process = run("verify", bent)
        self.assertEqual(process.returncode, 1)
        self.assertIn("corrupt/foreign_checksum", process.stdout)
        self.assertEqual(json.loads(run("verify", bent, "--json").stdout)["files"][0]["ok"], False)
        cut = self.make("cut.npz", bytes(content[:-30]))
        self.assertEqual(run("verify", cut).returncode, 1)

    def test_formats_have_the_same_content(self):
        by_path = run("diff", self.npz, self.safetensors, "--only", "model/*")
        self.assertEqual((by_path.returncode, by_path.stdout), (2, ""))
        self.assertIn("matches 'model/*'; only names are compared here, such as 'w'", by_path.stderr)
        process = run("diff", self.npz, self.safetensors)
        self.assertEqual((process.returncode, process.stdout), (0, "same content (2 items compared)\n"))
        self.assertIn("only tensors were compared", process.stderr)
        other = self.make("other.npz", npz(w=[1.0, 2.5, 3.0]))
        process = run("diff", self.safetensors, other, "--json")
        found = {row["path"]: row for row in json.loads(process.stdout)["differences"]}
        self.assertEqual((found["w"]["numbers"], found["w"]["max_absolute"], found["w"]["max_ulp"]), (1, 0.5, 1 << 21))
        self.assertEqual(found["b"]["kind"], "removed")

    def test_each_format_to_each_other_one(self):
        for extension in ["milepost", "safetensors", "npz", "pt", "gguf"]:
            first = self.folder / f"first.{extension}"
            process = run("convert", self.npz, first, "--verify", "--no-durable")
            self.assertEqual((process.returncode, process.stderr), (0, ""), extension)
            for other in ["milepost", "safetensors", "npz", "pt", "gguf"]:
                with self.subTest(from_=extension, to=other):
                    second = self.folder / f"second.{other}"
                    process = run("convert", first, second, "--verify", "--no-durable", "--force")
                    self.assertEqual((process.returncode, process.stderr), (0, ""))
                    self.assertEqual(run("diff", self.npz, second, "-q").returncode, 0)

    def test_what_is_lost_is_listed_first(self):
        out = self.folder / "out.npz"
        process = run("convert", self.safetensors, out)
        self.assertEqual((process.returncode, process.stdout), (2, ""))
        self.assertIn("cannot hold 1 part of it", process.stderr)
        self.assertIn("metadata", process.stderr)
        self.assertFalse(out.exists())
        lossy = run("convert", self.safetensors, out, "--lossy", "--json")
        self.assertEqual(lossy.returncode, 3)
        document = json.loads(lossy.stdout)
        self.assertEqual((document["format"], document["output_format"], len(document["losses"])), ("safetensors", "npz", 1))

    def test_one_tensor_as_npy(self):
        out = self.folder / "w.npy"
        self.assertEqual(run("get", self.safetensors, "model/w", "-o", out).returncode, 0)
        self.assertTrue(out.read_bytes().endswith(struct.pack("<3f", *ARRAYS["w"])))
        self.assertEqual(json.loads(run("show", out, "*", "--json", "--values").stdout)["shown"][0]["values"], ARRAYS["w"])

    def test_edits_and_shards(self):
        shards = self.folder / "s.safetensors"
        process = run("convert", self.npz, shards, "--max-shard-size", "12B", "--verify", "--json")
        self.assertEqual((process.returncode, process.stderr), (0, ""))
        index = self.folder / "s.safetensors.index.json"
        document = json.loads(process.stdout)
        self.assertEqual((document["output"], document["verified"]), (str(index), True))
        self.assertEqual(run("diff", self.npz, index, "-q").returncode, 0)
        out = self.folder / "e.milepost"
        self.assertEqual(run("edit", index, out, "--rename", "model/*=model/net.*", "--cast", "*=f16").returncode, 0)
        self.assertEqual({t["path"] for t in json.loads(run("ls", out, "--json").stdout)["tensors"]}, {"model/net.w", "model/net.b"})

    def test_a_pickle_that_is_code_is_refused_by_its_name(self):
        evil = self.make("evil.pt", b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.")
        for command in [["info", evil], ["ls", evil], ["convert", evil, self.folder / "x.milepost"]]:
            process = run(*command)
            self.assertEqual((process.returncode, process.stdout), (2, ""))
        self.assertFalse((self.folder / "x.milepost").exists())

    def test_an_interrupt_leaves_no_file(self):
        big = self.folder / "big.npy"
        header = repr({"descr": "<f4", "fortran_order": False, "shape": (1 << 28,)}).ljust(117) + "\n"
        with open(big, "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
            file.truncate(file.tell() + (1 << 30))
        for target in ["out.milepost", "out.safetensors", "out.pt"]:
            process = subprocess.Popen([harness.PROGRAM, "convert", big, self.folder / target], stdout=subprocess.DEVNULL,
                                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
            time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
            names = set(os.listdir(self.folder)) - {target} if process.returncode == 0 else set(os.listdir(self.folder))
            self.assertEqual({name for name in names if "out" in name and process.returncode != 0}, set())
