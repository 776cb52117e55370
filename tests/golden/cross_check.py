"""The second reader (tests/reader, written from docs/format.md alone) and the library say the same of every golden file: verdict,
listing, and bytes of tensors. Where they differ, docs/format.md decides which one is wrong.

    cross_check.py READER_FOLDER GOLDEN_FOLDER GOLDEN_TOOL [MILEPOST]
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

READER, GOLDEN, TOOL = (Path(argument).resolve() for argument in sys.argv[1:4])
MILEPOST = Path(sys.argv[4]).resolve() if len(sys.argv) > 4 else None
sys.path.insert(0, str(READER))

import content as given  # noqa: E402
from conventions import DEFAULT_LIMITS, Limits, Refused, checksum64, checksum128  # noqa: E402
from digests import digests_text  # noqa: E402
from first_access import tensor_bytes  # noqa: E402
from listing import ls_json  # noqa: E402
from milepost_writer import canonical_key  # noqa: E402
from opening import open_file  # noqa: E402
from rule_cases import CASES  # noqa: E402
from verdict import damage_text  # noqa: E402
from verifying import verify  # noqa: E402

LARGEST_COPY = 16 << 20


class Expected:
    """One row of README.md."""

    def __init__(self, line: str):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        self.name, self.expected, self.limits = cells[:3]
        self.path = GOLDEN / "files" / self.name


def key_of(shown: dict):
    """A key as vectors.json writes it."""
    kind = shown["kind"]
    if kind == "null":
        return given.Null()
    if kind == "bool":
        return given.Bool(shown["value"])
    if kind == "int":
        return given.Int(shown["value"])
    if kind == "float":
        return given.Float(bytes.fromhex(shown["bits"])[::-1])
    if kind == "string":
        return given.String(shown["value"])
    if kind == "bytes":
        return given.Bytes(bytes.fromhex(shown["hex"]))
    return given.Tuple([key_of(each) for each in shown["items"]])


def golden_rows() -> list[Expected]:
    lines = (GOLDEN / "README.md").read_text(encoding="utf-8").splitlines()
    return [Expected(line) for line in lines if line.startswith("|") and ".milepost |" in line]


def limits_of(text: str) -> Limits:
    if not text:
        return DEFAULT_LIMITS
    name, number = text.split("=")
    return Limits(**{name: int(number)})


def limits_text(limits: Limits) -> str:
    changed = [f"{name}={number}" for name, number in vars(limits).items() if number != getattr(DEFAULT_LIMITS, name)]
    assert len(changed) <= 1, changed
    return "".join(changed)


def reader_verdict(path: Path, limits: Limits) -> str:
    try:
        damage = verify(open_file(str(path), limits))
    except Refused as refused:
        return f"{refused.code}/{refused.condition}"
    return " ".join(["verify"] + [f"corrupt/{each.condition}" for each in damage]) if damage else "ok"


def output_of(*arguments) -> bytes:
    return subprocess.run([str(argument) for argument in arguments], check=True, stdout=subprocess.PIPE).stdout


def library_verdict(path: Path, limits: str) -> str:
    return output_of(TOOL, "verdict", path, *([limits] if limits else [])).decode().strip()


def strict(document) -> str:
    """A text that differs where Python's == would not: 1, 1.0 and True; 0.0 and -0.0."""
    return json.dumps(document, sort_keys=True, indent=1)


class CrossCheck(unittest.TestCase):
    maxDiff = 4000

    def test_there_are_files(self):
        self.assertGreater(len(golden_rows()), 100)

    def test_verdicts(self):
        for row in golden_rows():
            with self.subTest(file=row.name):
                self.assertEqual(reader_verdict(row.path, limits_of(row.limits)), row.expected)
                self.assertEqual(library_verdict(row.path, row.limits), row.expected)

    def test_damage(self):
        """Ranges, storages and chunks of each damage too."""
        rows = [row for row in golden_rows() if not row.limits]
        found = output_of(TOOL, "damage", *[row.path for row in rows]).decode().splitlines()
        for row, line in zip(rows, found, strict=True):
            with self.subTest(file=row.name):
                self.assertEqual(line, damage_text(row.path.read_bytes()))

    def test_digests(self):
        rows = golden_rows()
        found = output_of(TOOL, "digests", *[row.path for row in rows]).decode().splitlines()
        for row, line in zip(rows, found, strict=True):
            with self.subTest(file=row.name):
                self.assertEqual(line, digests_text(row.path.read_bytes()))

    def test_vectors(self):
        vectors = json.loads((GOLDEN / "vectors.json").read_text(encoding="utf-8"))
        self.assertEqual(
            [(each["file"], each["verdict"], each["limits"]) for each in vectors["files"]],
            [(row.name, row.expected, row.limits) for row in golden_rows()],
        )
        for each in vectors["checksums"]:
            data = bytes.fromhex(each["input"])
            self.assertEqual(checksum128(data).hex(), each["checksum128"])
            self.assertEqual(checksum64(data).hex(), each["checksum64"])
        for each in vectors["keys"]:
            self.assertEqual(canonical_key(key_of(each["key"])).hex(), each["canonical"], each["key"])
        for each in vectors["digests"]:
            found = digests_text((GOLDEN / "files" / each["file"]).read_bytes())
            self.assertEqual(found, " ".join([each["digest"], *each["tensors"]]), each["file"])
        self.assertGreater(min(map(len, vectors.values())), 3)

    def test_the_readers_own_cases(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "case.milepost"
            for case in CASES:
                with self.subTest(rule=case.rule, what=case.what):
                    path.write_bytes(case.data())
                    self.assertEqual(library_verdict(path, limits_text(case.limits)), case.violation)

    def check_tensors(self, path: Path):
        checkpoint = open_file(str(path))
        for number, view in enumerate(checkpoint.walk.views):
            if view.elements * view.bits // 8 > LARGEST_COPY:
                continue
            with self.subTest(file=path.name, tensor=number):
                self.assertTrue(tensor_bytes(checkpoint, number) == output_of(TOOL, "bytes", path, number))

    def test_tensor_bytes(self):
        for row in golden_rows():
            if row.expected == "ok":
                self.check_tensors(row.path)

    def test_large_storages(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "large.milepost"
            output_of(TOOL, "large", path)
            self.assertEqual(reader_verdict(path, DEFAULT_LIMITS), "ok")
            self.check_tensors(path)

    @unittest.skipIf(MILEPOST is None, "the command is not built")
    def test_listings(self):
        for row in golden_rows():
            if row.expected == "ok" or row.expected.startswith("verify"):
                with self.subTest(file=row.name):
                    found = json.loads(output_of(MILEPOST, "ls", "--json", row.path))
                    read = json.loads(json.dumps(ls_json(open_file(str(row.path)))))
                    self.assertEqual(strict(found), strict(read))

    @unittest.skipIf(MILEPOST is None, "the command is not built")
    def test_the_command_refuses_what_the_reader_refuses(self):
        for row in golden_rows():
            # The command reads zip archives and safetensors, too, and finds other faults in what only begins like them.
            if row.expected == "ok" or row.limits or row.name in ("bad-zip.milepost", "bad-safetensors.milepost"):
                continue
            with self.subTest(file=row.name):
                ran = subprocess.run([MILEPOST, "verify", row.path], capture_output=True, text=True)
                self.assertIn(row.expected.removeprefix("verify "), ran.stdout + ran.stderr)
                is_damage = row.expected.startswith(("corrupt/", "truncated/", "verify "))
                self.assertEqual(ran.returncode, 1 if is_damage else 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
