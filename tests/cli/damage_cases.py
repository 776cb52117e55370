"""Damage: in golden files that are bad by design, and done to copies of good ones."""

import json
import re

from harness import CliTest, golden_files, good_files, listing, run


class Bad(CliTest):
    def test_no_command_calls_a_bad_file_good(self):
        for file in golden_files("bad-*"):
            with self.subTest(file=file.name):
                self.assertIn(run("verify", file).returncode, [1, 2])
                self.assertIn(run("info", file).returncode, [0, 2])
                self.assertIn(run("ls", file).returncode, [0, 2])

    def test_unsupported_files_are_no_damage(self):
        for file in golden_files("unsupported-*"):
            with self.subTest(file=file.name):
                process = run("verify", file)
                self.assertEqual(process.returncode, 2, process.stdout)
                self.assertIn(": unsupported/", process.stderr)


class Damaged(CliTest):
    def positions(self, file):
        """Some bytes of every region: header, storages, both indexes and footers, gap."""
        size = file.stat().st_size
        spots = {0, 9, 20, 24, 40, 50, size - 64, size - 50, size - 20, size - 1, size - 70, size // 2}
        spots |= {size * i // 16 for i in range(16)}
        return sorted(spots)

    def test_one_flipped_bit_anywhere_is_found(self):
        for file in good_files()[:6]:
            content = file.read_bytes()
            for position in self.positions(file):
                bent = bytearray(content)
                bent[position] ^= 1 << (position % 8)
                process = run("verify", self.make("bent.milepost", bytes(bent)))
                with self.subTest(file=file.name, position=position):
                    self.assertEqual(process.returncode, 1, process.stdout + process.stderr)
                    self.assertIn("bent.milepost: corrupt/", process.stdout)
                    self.assertNotIn(": ok", process.stdout)
                self.assertIn(run("info", self.folder / "bent.milepost").returncode, [0, 2])
                self.assertIn(run("ls", self.folder / "bent.milepost").returncode, [0, 2])

    def test_flipped_bit_in_a_storage_names_its_tensors_and_bytes(self):
        for file in good_files():
            document = listing(file)
            for number, storage in enumerate(document["storages"]):
                if storage["nbytes"]:
                    self.check_storage_damage(file, number, document)
                    break

    def check_storage_damage(self, file, number, document):
        position = document["storages"][number]["offset"]
        bent = bytearray(file.read_bytes())
        bent[position] ^= 1
        copy = self.make("bent.milepost", bytes(bent))
        process = run("verify", copy)
        self.assertEqual(process.returncode, 1)
        found = re.search(r": corrupt/chunk_checksum: (.*) chunk 0, bytes (\d+)\.\.(\d+): ", process.stdout)
        self.assertTrue(found, process.stdout)
        self.assertTrue(int(found[2]) <= position < int(found[3]), process.stdout)
        damage = json.loads(run("verify", copy, "--json").stdout)["files"][0]["damage"]
        self.assertEqual(len(damage), 1, damage)
        self.assertEqual((damage[0]["storage"], damage[0]["chunk"]), (number, 0))
        self.assertEqual((damage[0]["begin"], damage[0]["end"]), (int(found[2]), int(found[3])))
        views = {each["path"] for each in document["tensors"] if each["storage"] == number}
        self.assertTrue(damage[0]["tensors"])
        self.assertLessEqual(set(damage[0]["tensors"]), views)

    def test_damaged_first_index_copy_warns_and_still_lists(self):
        for file in good_files():
            content = file.read_bytes()
            index_offset = int.from_bytes(content[-48:-40], "little")
            bent = bytearray(content)
            bent[index_offset + 5] ^= 4
            copy = self.make("bent.milepost", bytes(bent))
            with self.subTest(file=file.name):
                info = json.loads(run("info", copy, "--json").stdout)
                self.assertEqual(len(info["warnings"]), 1)
                self.assertIn("corrupt/", info["warnings"][0])
                self.assertRegex(run("info", copy).stdout, r"\nwarning +corrupt/")
                process = run("ls", copy, "--plain")
                self.assertEqual(process.stdout, run("ls", file, "--plain").stdout)
                self.assertIn("warning: corrupt/", process.stderr)
                self.assertEqual(run("verify", copy).returncode, 1)

    def test_cut_files_are_truncated(self):
        for file in good_files()[:6]:
            content = file.read_bytes()
            size = len(content)
            for nbytes in [1, 63, 64, 127, 128, size // 2, size - 64, size - 1]:
                cut = self.make("cut.milepost", content[:nbytes])
                with self.subTest(file=file.name, nbytes=nbytes):
                    process = run("verify", cut)
                    self.assertEqual(process.returncode, 1, process.stdout + process.stderr)
                    self.assertIn("cut.milepost: truncated/", process.stdout)
                    self.check_refused(run("info", cut), "truncated/")

    def test_appended_bytes_are_found(self):
        for file in good_files()[:3]:
            self.check_file_error(
                self.make("long.milepost", file.read_bytes() + b"\n"), "corrupt/trailing_bytes", 1
            )


class ManyFiles(CliTest):
    def setUp(self):
        super().setUp()
        self.good = good_files()[0]
        self.bad = self.make("cut.milepost", self.good.read_bytes()[:-1])
        self.missing = self.folder / "missing.milepost"

    def test_the_highest_exit_status_counts(self):
        for files, status in [
            ([self.good, self.good], 0),
            ([self.good, self.bad], 1),
            ([self.bad, self.good], 1),
            ([self.missing, self.good], 2),
            ([self.missing, self.bad, self.good], 2),
            ([self.bad, self.missing], 2),
        ]:
            self.assertEqual(run("verify", *files).returncode, status)
            self.assertEqual(run("verify", "--json", *files).returncode, status)

    def test_every_file_is_checked(self):
        process = run("verify", self.missing, self.bad, self.good)
        self.assertEqual(len(process.stdout.splitlines()), 2)
        self.assertEqual(len(process.stderr.splitlines()), 1)
        report = json.loads(run("verify", "--json", self.missing, self.bad, self.good).stdout)
        self.assertEqual([each["ok"] for each in report["files"]], [False, False, True])
