"""What the commands print about whole checkpoints, and that they agree with each other."""

import json
import re

import harness
from harness import HIDDEN, CliTest, good_files, golden_files, listing, run


class Good(CliTest):
    def test_there_are_golden_files_with_tensors(self):
        self.assertTrue(any(listing(file)["tensors"] for file in good_files()), "only empty ones")

    def test_verify_says_ok(self):
        newer = {"good-newer-revision.milepost", "good-optional-flags.milepost"}
        for file in good_files():
            with self.subTest(file=file.name):
                process = run("verify", file)
                self.assertEqual((process.returncode, process.stderr), (0, ""), process.stdout)
                note = "; canonical form not checked: newer revision" if file.name in newer else ""
                self.assertRegex(process.stdout, rf"^{re.escape(str(file))}: ok \([\d,]+ chunks?, [\d,]+ bytes?{note}\)\n$")

    def test_verify_json_counts_all_chunks(self):
        report = json.loads(run("verify", "--json", *good_files()).stdout)
        self.assertEqual(next(iter(report.items())), ("schema", "milepost.verify/1"))
        self.assertEqual([each["file"] for each in report["files"]], [str(file) for file in good_files()])
        for each in report["files"]:
            storages = listing(each["file"])["storages"]
            self.assertEqual((each["ok"], each["error"], each["damage"]), (True, None, []))
            self.assertEqual(each["canonical_form_checked"], not re.search("newer|optional", each["file"]))
            self.assertEqual(each["chunks"], sum(storage["chunks"] for storage in storages))
            self.assertEqual(each["nbytes"], sum(storage["nbytes"] for storage in storages))

    def test_ls_json_is_consistent(self):
        for file in good_files():
            with self.subTest(file=file.name):
                process = run("ls", file, "--json")
                self.assertEqual((process.returncode, process.stderr), (0, ""))
                document = json.loads(process.stdout)
                self.assertEqual(
                    list(document),
                    ["schema", "format_version", "file_size", "alignment", "tensors", "storages", "models"]
                    + ["optimizers", "entries", "order"],
                )
                self.assertEqual(document["schema"], "milepost.ls/1")
                self.assertEqual(document["file_size"], file.stat().st_size)
                self.check_tensors(document)
                self.check_parts(document)

    def check_tensors(self, document):
        for tensor in document["tensors"]:
            self.assertEqual(len(tensor["shape"]), len(tensor["strides"]))
            self.assertLess(tensor["storage"], len(document["storages"]))
            self.assertIn(tensor["role"], ["plain", "parameter", "buffer"])
        for storage in document["storages"]:
            self.assertIn(storage["codec"], ["raw", "zstd", "planes"])
            self.assertRegex(storage["content_hash"], "^[0-9a-f]{32}$")

    def check_parts(self, document):
        """Each part is named once in `order`, and each entry belongs to a part."""
        models = [model["name"] for model in document["models"]]
        optimizers = [optimizer["name"] for optimizer in document["optimizers"]]
        paths = [entry["path"] for entry in document["entries"]]
        values = [name for name in document["order"] if name not in models + optimizers]
        self.assertEqual(len(set(document["order"])), len(document["order"]))
        self.assertLessEqual(set(models + optimizers), set(document["order"]))
        self.assertLessEqual(set(values), set(paths))
        entries = sum(model["entries"] for model in document["models"])
        for optimizer in document["optimizers"]:
            entries += len([path for path in paths if path.startswith(optimizer["name"] + "/")])
        self.assertEqual(len(paths), entries + len(values))

    def test_ls_plain_agrees_with_json(self):
        for file in good_files():
            with self.subTest(file=file.name):
                document = listing(file)
                lines = run("ls", file, "--plain").stdout.splitlines()
                self.assertEqual(len(lines), len(document["tensors"]))
                for line, tensor in zip(lines, document["tensors"]):
                    self.assertEqual(line.split("\t")[1:], self.plain_fields(tensor, document["storages"]))
                    self.assertNotRegex(line.split("\t")[0], HIDDEN)

    def plain_fields(self, tensor, storages):
        storage = storages[tensor["storage"]]
        raw = storage["codec"] == "raw" and storage["nbytes"] > 0
        dims = ",".join(map(str, tensor["shape"]))
        offset = str(storage["offset"] + tensor["offset"]) if raw else "-"
        return [tensor["dtype"], dims, str(tensor["nbytes"]), offset]

    def test_ls_text_has_a_line_per_tensor(self):
        for file in good_files():
            process = run("ls", file)
            self.assertEqual(process.returncode, 0)
            self.assertEqual(len(process.stdout.splitlines()), len(listing(file)["tensors"]))

    def test_ls_pattern_filters_tensors_and_entries_only(self):
        for file in good_files():
            whole = listing(file)
            for pattern, wanted in [("*weight*", lambda path: "weight" in path), ("?*", lambda path: True)]:
                part = json.loads(run("ls", file, pattern, "--json").stdout)
                for key in ["tensors", "entries"]:
                    self.assertEqual(part.pop(key), [each for each in whole[key] if wanted(each["path"])])
                self.assertEqual(part, {key: whole[key] for key in part})

    def test_ls_pattern_without_a_match_is_explained(self):
        process = run("ls", good_files()[0], "no such tensor")
        self.assertEqual((process.returncode, process.stdout), (0, ""))
        self.assertIn("no tensor has a path that matches 'no such tensor'", process.stderr)

    def test_digest_is_that_of_the_vectors(self):
        vectors = json.loads((harness.GOLDEN.parent / "vectors.json").read_text(encoding="utf-8"))["digests"]
        for each in vectors:
            file = harness.GOLDEN / each["file"]
            if not each["file"].startswith("good-"):
                continue
            with self.subTest(file=file.name):
                process = run("digest", file)
                self.assertEqual((process.returncode, process.stdout, process.stderr), (0, each["digest"] + "\n", ""))
                document = json.loads(run("digest", file, "--json").stdout)
                self.assertEqual(list(document), ["schema", "digest", "tensors"])
                self.assertEqual((document["schema"], document["digest"]), ("milepost.digest/1", each["digest"]))
                self.assertEqual([tensor["digest"] for tensor in document["tensors"]], each["tensors"])
                paths = [tensor["path"] for tensor in listing(file)["tensors"]]
                self.assertEqual([tensor["path"] for tensor in document["tensors"]], paths)
                lines = run("digest", file, "--tensors").stdout.splitlines()
                self.assertEqual([line[:43] for line in lines], [digest + "  " for digest in each["tensors"]])

    def test_digest_pattern(self):
        (file,) = golden_files("good-small")
        tensors = listing(file)["tensors"]
        lines = run("digest", file, "net/t*").stdout.splitlines()
        self.assertEqual([line[43:] for line in lines], [each["path"] for each in tensors if "net/t" in each["path"]])
        document = json.loads(run("digest", file, "net/t*", "--json").stdout)
        self.assertEqual([f"{each['digest']}  {each['path']}" for each in document["tensors"]], lines)
        process = run("digest", file, "none")
        self.assertEqual((process.returncode, process.stdout), (0, ""))
        self.assertIn("use '*none*'", process.stderr)

    def test_info_json_agrees_with_ls(self):
        for file in good_files():
            with self.subTest(file=file.name):
                info = json.loads(run("info", file, "--json").stdout)
                document = listing(file)
                self.assertEqual(next(iter(info.items())), ("schema", "milepost.info/1"))
                self.assertEqual(info["file"], str(file))
                for key in ["format_version", "file_size", "alignment"]:
                    self.assertEqual(info[key], document[key])
                for key in ["models", "optimizers", "tensors", "storages"]:
                    self.assertEqual(info[key], len(document[key]))
                for key in ["nbytes", "stored_nbytes"]:
                    self.assertEqual(info[key], sum(storage[key] for storage in document["storages"]))
                self.assertEqual(sum(use["tensors"] for use in info["dtypes"].values()), info["tensors"])
                self.assertEqual(sum(info["codecs"].values()), info["storages"])
                self.assertEqual(info["values"], len(document["order"]) - info["models"] - info["optimizers"])
                self.check_training(info["training"], document)

    def check_training(self, training, document):
        values = {entry["path"]: entry["value"] for entry in document["entries"]}
        parts = {part["name"] for key in ["models", "optimizers"] for part in document[key]}
        scalars = ["int", "float", "bool", "string"]
        top = [path for path in values if path in document["order"] and path not in parts]
        wanted = {path: values[path]["value"] for path in top if values[path]["kind"] in scalars}
        self.assertEqual(training, wanted)

    def test_param_keys(self):
        """Parameters that are keyed by names: their keys, and paths with them."""
        file = next(each for each in good_files() if each.name == "good-param-keys.milepost")
        optimizers = listing(file)["optimizers"]
        keys = ["fc.weight", "fc.bias", "blocks.0/attention.weight"]
        self.assertEqual([each["param_keys"] for each in optimizers], [None, keys, None])
        self.assertEqual([each["params"] for each in optimizers[1]["param_groups"]], [[2, 0, 2], [1]])
        self.assertIn("named/state/fc.weight/exp_avg\t", run("ls", file, "--plain").stdout)
        lines = [line for line in run("info", file).stdout.splitlines() if "param group" in line]
        self.assertEqual([", keyed by names" in line for line in lines], [False, True, False])

    def test_info_text_is_one_screen(self):
        for file in good_files():
            process = run("info", file)
            self.assertEqual((process.returncode, process.stderr), (0, ""))
            lines = process.stdout.splitlines()
            self.assertTrue(lines[0].startswith(f"{file}  format "))
            self.assertLessEqual(len(lines), 40)
            for label in ["tensors", "nbytes", "checksums"]:
                self.assertTrue(any(re.match(rf"{label} +\S", line) for line in lines), process.stdout)

    def test_nothing_that_acts_on_a_terminal_is_printed(self):
        for file in golden_files("*"):
            for arguments in [["info"], ["ls"], ["ls", "--plain"], ["ls", "--json"], ["verify"], ["verify", "--json"]]:
                process = run(arguments[0], file, *arguments[1:])
                self.assertNotRegex(process.stdout + process.stderr, HIDDEN)
