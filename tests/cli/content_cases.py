"""What show, get, diff, edit, compress and decompress print and write."""

import json
import math

from harness import GOLDEN, CliTest, golden_files, listing, run


def golden(name):
    return golden_files(f"good-{name}")[0]


class Show(CliTest):
    def test_statistics_and_histogram(self):
        process = run("show", golden("small"), "net/weight")
        self.assertEqual((process.returncode, process.stderr), (0, ""))
        lines = process.stdout.splitlines()
        self.assertEqual(lines[0], "net/weight: f32[2, 3], 6 elements, 24 B")
        self.assertEqual(lines[1], "  min 0, max 5, mean 2.5, std 1.70783; nan 0, inf 0, zero 1")
        self.assertEqual(len(lines), 22)

    def test_json_and_values(self):
        document = json.loads(run("show", golden("small"), "net/weight", "epoch", "--json", "--values").stdout)
        self.assertEqual(document["schema"], "milepost.show/1")
        weight, epoch = document["shown"]
        self.assertEqual(weight["values"], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
        self.assertEqual(weight["statistics"]["numbers"], 6)
        self.assertEqual(sum(weight["statistics"]["histogram"]), 6)
        self.assertTrue(math.isclose(weight["statistics"]["std"], math.sqrt(35 / 12)))
        self.assertEqual(epoch, {"path": "epoch", "value": {"kind": "int", "value": 3}})

    def test_every_golden_file_can_be_shown(self):
        for file in golden_files("good-*"):
            with self.subTest(file=file.name):
                document = json.loads(run("show", file, "*", "--json").stdout or '{"shown": []}')
                paths = {shown["path"] for shown in document["shown"]}
                self.assertTrue(all(entry["path"] in paths for entry in listing(file)["entries"]))

    def test_a_pattern_without_a_match_is_an_error(self):
        process = run("show", golden("small"), "nothing")
        self.assertEqual(process.returncode, 2)
        self.assertIn("nothing has a path that matches", process.stderr)


class Get(CliTest):
    def test_values_are_printed(self):
        self.assertEqual(run("get", golden("small"), "epoch").stdout, "3\n")
        document = json.loads(run("get", golden("small"), "epoch", "--json").stdout)
        self.assertEqual(document, {"schema": "milepost.get/1", "path": "epoch", "value": {"kind": "int", "value": 3}})

    def test_a_tensor_becomes_a_file(self):
        out = self.folder / "w.milepost"
        self.assertEqual(run("get", golden("small"), "net/weight", "-o", out).returncode, 0)
        self.assertEqual([t["path"] for t in listing(out)["tensors"]], ["model/weight"])
        again = run("get", golden("small"), "net/weight", "-o", out)
        self.assertEqual(again.returncode, 2)
        self.assertIn("invalid_argument/target", again.stderr)
        self.assertEqual(run("get", golden("small"), "net/weight", "-o", out, "--force").returncode, 0)

    def test_refusals(self):
        for arguments, message in [
            (["nothing"], "not_found/value"),
            (["net/weight"], "give -o FILE"),
            (["net/weight", "-o", self.folder / "x.txt"], "the extension is not that of a format"),
            (["epoch", "-o", self.folder / "x.npy"], "is a value"),
        ]:
            process = run("get", golden("small"), *arguments)
            self.assertEqual((process.returncode, process.stdout), (2, ""))
            self.assertIn(message, process.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])


class Diff(CliTest):
    def test_every_golden_file_is_equal_to_itself_in_each_codec(self):
        for file in golden_files("good-*"):
            for codec in ["smallest", "zstd"]:
                with self.subTest(file=file.name, codec=codec):
                    out = self.folder / "c.milepost"
                    made = run("compress", file, out, "--codec", codec, "--force", "--no-durable")
                    self.assertEqual((made.returncode, made.stderr), (0, ""))
                    process = run("diff", file, out)
                    self.assertEqual((process.returncode, process.stderr), (0, ""), process.stdout)
                    self.assertRegex(process.stdout, r"^same content \([\d,]+ items? compared\)\n$")
                    back = self.folder / "d.milepost"
                    self.assertEqual(run("decompress", out, back, "--force", "--no-durable").returncode, 0)
                    self.assertEqual(run("diff", file, back, "-q").returncode, 0)

    def test_what_differs_is_told(self):
        out = self.folder / "e.milepost"
        edited = run("edit", golden("small"), out, "--set", "epoch=4", "--cast", "net/weight=bf16", "--drop", "net/table",
                     "--set", 'remark={"by": ["me"]}')
        self.assertEqual((edited.returncode, edited.stderr), (0, ""))
        process = run("diff", golden("small"), out)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(
            process.stdout.splitlines(),
            ["~ net/weight: f32[2, 3] parameter requires_grad -> bf16[2, 3] parameter requires_grad",
             "- net/table: u8[300]", "~ epoch: 3 -> 4", "+ remark: dict of 1", "4 differences"],
        )
        document = json.loads(run("diff", golden("small"), out, "--json", "--max-listed", "1").stdout)
        self.assertEqual((document["same"], document["difference_count"], len(document["differences"])), (False, 4, 1))
        self.assertEqual(run("diff", golden("small"), out, "--only", "net/weight", "--atol", "0.1").returncode, 0)
        quiet = run("diff", golden("small"), out, "-q")
        self.assertEqual((quiet.returncode, quiet.stdout), (1, ""))

    def test_errors_are_2(self):
        self.assertEqual(run("diff", golden("small"), self.folder / "none").returncode, 2)
        self.assertEqual(run("diff", golden("small"), golden("small"), "--rtol", "-1").returncode, 2)
        self.assertEqual(run("diff", golden("small"), golden("small"), "--rtol", "nan").returncode, 2)


class Edit(CliTest):
    def edit(self, *arguments):
        out = self.folder / f"{len(list(self.folder.iterdir()))}.milepost"
        process = run("edit", golden("small"), out, *arguments)
        self.assertEqual((process.returncode, process.stderr), (0, ""))
        return out

    def entries(self, file):
        return [entry["path"] for entry in listing(file)["entries"]]

    def test_keep_and_drop(self):
        self.assertEqual(self.entries(self.edit("--keep", "net/*")), ["net/weight", "net/turned", "net/table"])
        self.assertEqual(listing(self.edit("--keep", "net/w*"))["order"], ["net"])
        left = listing(self.edit("--drop", "net/*", "--drop", "*lr"))
        self.assertEqual(left["models"], [])
        self.assertFalse(any(entry["path"].endswith("lr") for entry in left["entries"]))
        self.assertEqual([o["name"] for o in left["optimizers"]], [o["name"] for o in listing(golden("small"))["optimizers"]])

    def test_a_pattern_that_matches_nothing_is_a_mistake(self):
        out = self.folder / "x.milepost"
        for option in ("--keep", "--drop", "--split"):
            value = f"nte/*={self.folder / 'y'}" if option == "--split" else "nte/*"
            process = run("edit", golden("small"), out, "--keep", "net/*", option, value)
            self.assertEqual((process.returncode, process.stdout), (2, ""))
            self.assertIn("nothing has a path that matches 'nte/*'", process.stderr)
        commands = [["convert", golden("small"), out, "--only", "net/*", "--only", "weight"],
                    ["diff", golden("small"), golden("small"), "--only", "weight"]]
        for command in commands:
            process = run(*command)
            self.assertEqual((process.returncode, process.stdout), (2, ""))
            self.assertIn("use '*weight*'", process.stderr)
        self.assertFalse(out.exists())

    def test_rename(self):
        renamed = self.edit("--rename", "net/*=net/layer.*", "--rename", "net=model", "--rename", "epoch=epochs")
        self.assertEqual(self.entries(renamed)[:3], ["model/layer.weight", "model/layer.turned", "model/layer.table"])
        self.assertIn("epochs", listing(renamed)["order"])

    def test_split_and_merge_give_the_same_content(self):
        weights = self.folder / "weights.milepost"
        rest = self.edit("--split", f"net/*={weights}")
        self.assertEqual(listing(weights)["order"], ["net"])
        self.assertNotIn("net", listing(rest)["order"])
        joined = self.folder / "joined.milepost"
        self.assertEqual(run("edit", rest, joined, "--merge", weights).returncode, 0)
        self.assertEqual(run("diff", golden("small"), joined, "-q").returncode, 0)

    def test_a_cast_keeps_ties(self):
        file = golden("models")
        out = self.folder / "f64.milepost"
        self.assertEqual(run("edit", file, out, "--cast", "*=f64").returncode, 0)
        self.assertEqual(len(listing(out)["storages"]), len(listing(file)["storages"]))
        self.assertEqual(run("diff", file, out, "--atol", "1e-300").returncode, 0)

    def test_refusals_write_nothing(self):
        for arguments in [
            ["--rename", "nothing=x"], ["--rename", "net/*=y/*"], ["--rename", "net/*=net/x"], ["--rename", "net/weight"],
            ["--cast", "net/*=i8"], ["--cast", "nothing=f64"], ["--set", "epoch=3x"], ["--set", "net/weight=1"],
            ["--set", "no/such=1"], ["--merge", golden("small")], ["--codec", "lzma"], ["--rename", "net/weight=net/table"],
        ]:
            with self.subTest(arguments=arguments):
                out = self.folder / "x.milepost"
                process = run("edit", golden("small"), out, *arguments)
                self.assertEqual((process.returncode, process.stdout), (2, ""))
                self.assertTrue(process.stderr.startswith("milepost: "))
                self.assertFalse(out.exists())

    def test_an_existing_file_stays_without_force(self):
        out = self.folder / "x.milepost"
        out.write_text("mine")
        for command in ["edit", "compress", "decompress", "convert"]:
            process = run(command, golden("small"), out)
            self.assertEqual(process.returncode, 2)
            self.assertIn("invalid_argument/target", process.stderr)
        self.assertEqual(out.read_text(), "mine")
        self.assertTrue(GOLDEN.exists())


class Convert(CliTest):
    def test_a_copy_is_the_same_file(self):
        for file in golden_files("good-*"):
            with self.subTest(file=file.name):
                out = self.folder / "x.milepost"
                process = run("convert", file, out, "--verify", "--force", "--no-durable")
                self.assertEqual((process.returncode, process.stderr), (0, ""))
                self.assertIn("verified", process.stdout)

    def test_options_that_are_not_known(self):
        for arguments, message in [
            (["--to", "zip"], "there is no format 'zip'"), (["--from", "tar"], "there is no format 'tar'"),
            (["--max-shard-size", "5 parsecs"], "is not a size"), (["--model", "x"], "NAME=VALUE"),
        ]:
            process = run("convert", golden("small"), self.folder / "x.milepost", *arguments)
            self.assertEqual(process.returncode, 2)
            self.assertIn(message, process.stderr)
        self.assertIn("give --to FORMAT", run("convert", golden("small"), self.folder / "x.what").stderr)
