"""The program lenet as its user meets it: RUN_TEST LENET SLICE."""

import json
import os
import pty
import random
import signal
import subprocess
import time
import unittest

from lenet_program import LENET, SLICE, LenetTest, lenet, newest

RECIPE = """\
Model's state_dict:
conv1.weight \t torch.Size([6, 3, 5, 5])
conv1.bias \t torch.Size([6])
conv2.weight \t torch.Size([16, 6, 5, 5])
conv2.bias \t torch.Size([16])
fc1.weight \t torch.Size([120, 400])
fc1.bias \t torch.Size([120])
fc2.weight \t torch.Size([84, 120])
fc2.bias \t torch.Size([84])
fc3.weight \t torch.Size([10, 84])
fc3.bias \t torch.Size([10])

Optimizer's state_dict:
state \t {}
param_groups \t [{'lr': 0.001, 'momentum': 0.9, 'dampening': 0, 'weight_decay': 0, 'nesterov': False, \
'maximize': False, 'foreach': None, 'differentiable': False, 'fused': None, \
'params': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}]
"""


class Show(LenetTest):
    def test_new_run_prints_the_recipe_byte_for_byte(self):
        self.assertEqual(lenet("show", self.train("new", "--steps", 0)).stdout, RECIPE)

    def test_momentum_buffers_after_a_step(self):
        shown = lenet("show", self.train("one", "--steps", 1)).stdout
        self.assertIn("state \t {0: {'momentum_buffer': f32[6, 3, 5, 5]}, "
                      "1: {'momentum_buffer': f32[6]}, ", shown)
        self.assertEqual(shown.replace(shown.split("state \t ")[1].split("\n")[0], "{}"), RECIPE)

    def test_no_state_without_momentum(self):
        shown = lenet("show", self.train("plain", "--steps", 2, "--momentum", 0, "--lr", "1e-5")).stdout
        self.assertIn("state \t {}\n", shown)
        self.assertIn("[{'lr': 1e-05, 'momentum': 0, 'dampening': 0, ", shown)


class Resume(LenetTest):
    def test_200_steps_are_100_and_100(self):
        whole = self.train("whole", "--steps", 200, "--lr", 0.01)
        half = self.train("half", "--steps", 100, "--lr", 0.01)
        self.assert_same(whole, self.train("both", "--resume", half, "--steps", 100))

    def test_any_step_and_any_number_of_threads(self):
        whole = self.train("whole", "--steps", 20, "--threads", 1, "--seed", 5)
        for first, threads in ((1, 2), (7, 3), (8, 8), (9, 1), (16, 64)):
            part = self.train("part", "--steps", first, "--threads", threads, "--seed", 5)
            self.assert_same(whole, self.train("both", "--resume", part, "--steps", 20 - first, "--threads", threads))

    def test_in_the_order_of_the_file(self):
        whole = self.train("whole", "--steps", 20, "--no-shuffle")
        part = self.train("part", "--steps", 11, "--no-shuffle")
        self.assert_same(whole, self.train("both", "--resume", part, "--steps", 9))
        self.assertNotEqual(whole.read_bytes(), self.train("shuffled", "--steps", 20).read_bytes())

    def test_epochs_are_steps(self):
        epochs = self.train("epochs", "--epochs", 2)
        self.assert_same(epochs, self.train("steps", "--steps", 16))
        self.assert_same(self.train("third", "--resume", epochs, "--epochs", 1), self.train("all", "--steps", 24))

    def test_a_batch_that_does_not_divide_the_epoch(self):
        whole = self.train("whole", "--steps", 7, "--batch", 200)
        part = self.train("part", "--steps", 4, "--batch", 200)
        self.assert_same(whole, self.train("both", "--resume", part, "--steps", 3))
        self.assert_same(self.train("epochs", "--epochs", 1, "--batch", 200),
                         self.train("three", "--steps", 3, "--batch", 200))

    def test_settings_given_replace_the_saved_ones(self):
        part = self.train("part", "--steps", 4)
        shown = lenet("show", self.train("fast", "--resume", part, "--steps", 1, "--lr", 0.5, "--momentum", 0.25))
        self.assertIn("{'lr': 0.5, 'momentum': 0.25, ", shown.stdout)

    def test_saving_each_step_changes_nothing(self):
        whole = self.train("whole", "--steps", 12)
        self.assert_same(whole, self.train("often", "--steps", 12, "--save-every", 5))
        self.assert_same(whole, self.train("always", "--steps", 12, "--save-every", 1))

    def test_momentum_begins_late(self):
        plain = self.train("plain", "--steps", 2, "--momentum", 0)
        late = self.train("late", "--resume", plain, "--steps", 3, "--momentum", 0.9)
        part = self.train("part", "--resume", plain, "--steps", 1, "--momentum", 0.9)
        self.assert_same(late, self.train("both", "--resume", part, "--steps", 2))


class Killed(LenetTest):
    STEPS = 400
    SETTINGS = ("--data", SLICE, "--batch", "8")  # short steps: files are added and removed all the time

    def saved_step(self, folder):
        shown = lenet("train", "--data", SLICE, "--resume", folder, "--steps", 0)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        return int(shown.stdout.split()[1].rstrip(","))

    def test_what_is_left_resumes_to_the_same_end(self):
        whole = self.train("whole", "--steps", self.STEPS, "--batch", 8)
        random.seed(1)
        hits = 0
        for attempt in range(12):
            folder = self.folder / f"killed{attempt}"
            run = subprocess.Popen([LENET, "train", *self.SETTINGS, "--save", folder, "--steps", str(self.STEPS),
                                    "--save-every", "1", "--keep", "1"], stdout=subprocess.DEVNULL)
            deadline = time.monotonic() + 60
            while not list(folder.glob("*.milepost")) and run.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(random.uniform(0, 0.4))
            run.send_signal(signal.SIGKILL)
            hits += run.wait() == -signal.SIGKILL
            step = self.saved_step(folder)
            self.assertEqual(newest(folder).name, f"{step:06}.step-{step}.milepost")
            if attempt % 4 == 0:
                rest = self.train("rest", "--resume", folder, "--steps", self.STEPS - step)
                self.assert_same(whole, rest)
        self.assertGreater(hits, 0, "no run was killed while it trained")


class Folder(LenetTest):
    """A run's folder."""

    def names(self, folder):
        return sorted(file.name for file in folder.iterdir())

    def test_each_save_is_a_file_and_the_newest_stay(self):
        folder = self.train("run", "--steps", 10, "--save-every", 2).parent
        self.assertEqual(self.names(folder), ["000003.step-6.milepost", "000004.step-8.milepost",
                                              "000005.step-10.milepost"])
        self.train("run", "--steps", 3, "--keep", 2)  # a new run in the same folder: its files are the newer ones
        self.assertEqual(self.names(folder), ["000005.step-10.milepost", "000006.step-3.milepost"])

    def test_resumes_from_the_newest_file(self):
        folder = self.train("run", "--steps", 10).parent
        self.train("run", "--steps", 3)
        self.assertEqual(self.train("run", "--resume", folder, "--steps", 2).name, "000003.step-5.milepost")
        self.assert_same(newest(folder), self.train("whole", "--steps", 5))
        self.assertEqual(lenet("show", folder).stdout, lenet("show", newest(folder)).stdout)

    def test_a_damaged_file_is_skipped_and_named(self):
        folder = self.train("run", "--steps", 4, "--save-every", 2).parent
        damaged = newest(folder)
        damaged.write_bytes(damaged.read_bytes()[:-1])
        for command in (("eval", "--data", SLICE), ("show",), ("train", "--data", SLICE, "--steps", 0, "--resume")):
            done = lenet(*command, folder)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stderr, r"^lenet: skipped: truncated/\w+: .*/000002.step-4.milepost: .*\n$")
        self.assertIn("step 2, ", done.stdout)
        newest(folder).unlink()
        damaged = newest(folder)
        damaged.write_bytes(damaged.read_bytes()[:-1])
        self.assert_fails("train", "--resume", folder, says="truncated/")  # not a new run

    def test_an_empty_folder(self):
        self.assert_fails("train", "--resume", self.folder, says="not_found/file")


class Slice(LenetTest):
    """What a user meets who has not installed Fashion-MNIST."""

    def test_defaults_learn_something_and_the_screen_names_the_slice(self):
        file = self.folder / "run"
        trained = lenet("train", "--slice", "--save", file)
        self.assertEqual((trained.returncode, trained.stderr), (0, ""))
        self.assertRegex(trained.stdout, r"^training on a slice of Fashion-MNIST: 512 images, 16 a batch, 960 steps\n"
                                         r"step 960, epoch 30: loss ")
        result = json.loads(lenet("eval", "--slice", "--json", file).stdout)
        self.assertEqual(result["images"], 256)
        self.assertGreater(result["accuracy"], 0.7)

    def test_settings_given_or_saved_come_before_the_defaults(self):
        file = self.folder / "run"
        trained = lenet("train", "--slice", "--save", file, "--batch", 64, "--epochs", 1, "--lr", 0.001)
        self.assertIn("512 images, 64 a batch, 8 steps\n", trained.stdout)
        self.assert_same(newest(file), self.train("named", "--batch", 64, "--epochs", 1, "--lr", 0.001))
        resumed = lenet("train", "--slice", "--resume", file, "--steps", 3, "--save", file)
        self.assertIn("512 images, 64 a batch, 3 steps\n", resumed.stdout)
        self.assertIn("{'lr': 0.001, ", lenet("show", file).stdout)

    def test_a_named_dataset_keeps_the_defaults_of_the_recipe(self):
        shown = lenet("show", self.train("named", "--epochs", 1)).stdout
        self.assertIn("{'lr': 0.001, ", shown)
        self.assert_fails("train", "--slice", "--data", SLICE, says="--data")
        self.assert_fails("eval", "--slice", "--data", SLICE, self.folder / "run", says="--data")


class Eval(LenetTest):
    def test_json(self):
        file = self.train("run", "--epochs", 20, "--lr", 0.02)
        result = json.loads(lenet("eval", "--json", "--data", SLICE, file).stdout)
        self.assertEqual(result["images"], 256)
        self.assertEqual(result["accuracy"], result["correct"] / 256)
        self.assertGreater(result["accuracy"], 0.5)
        self.assertLess(result["loss"], 1.5)

    def test_text_and_threads(self):
        file = self.train("run", "--steps", 1)
        one = lenet("eval", "--data", SLICE, "--threads", 1, file)
        self.assertRegex(one.stdout, r"^accuracy 0\.\d{4}: \d+ of 256 test images, mean loss \d\.\d{6}\n$")
        self.assertEqual(one.stdout, lenet("eval", "--data", SLICE, "--threads", 3, file).stdout)


def read_terminal(descriptor) -> bytes:
    """All that was written: one read may give less. Linux ends a terminal without writers with EIO."""
    text = b""
    while True:
        try:
            piece = os.read(descriptor, 4096)
        except OSError:
            return text
        if not piece:
            return text
        text += piece


class Terminal(LenetTest):
    def test_progress_on_a_terminal_only(self):
        self.train("silent", "--steps", 3)  # asserts that stderr stays empty
        ours, theirs = pty.openpty()
        done = subprocess.run([LENET, "train", "--data", SLICE, "--steps", "3"], stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"\rstep 3 of 3: loss 2.", read_terminal(ours))
        os.close(ours)


class Errors(LenetTest):
    def test_usage(self):
        self.assert_fails(says="subcommand")
        self.assert_fails("fly", says="subcommand")
        self.assert_fails("train", "--fly", says="--fly")
        self.assert_fails("train", "--steps", "-1", says="--steps")
        self.assert_fails("train", "--threads", "0", says="--threads")
        self.assert_fails("train", "--batch", "0", says="--batch")
        self.assert_fails("train", "--steps", "1", "--epochs", "1", says="--epochs")
        self.assert_fails("train", "--save-every", "1", says="--save")
        self.assert_fails("train", "--keep", "1", says="--save")
        self.assert_fails("train", "--save", "run", "--keep", "0", says="--keep")
        self.assert_fails("eval", says="file")

    def test_a_seed_belongs_to_a_new_run(self):
        file = self.train("run", "--steps", 1)
        self.assert_fails("train", "--resume", file, "--seed", "1", says="--seed")
        self.assert_fails("train", "--resume", file, "--no-shuffle", says="shuffle")

    def test_no_file(self):
        for command in (("eval",), ("show",), ("train", "--resume")):
            self.assert_fails(*command, self.folder / "none", says="not_found/file")

    def test_a_file_that_is_cut(self):
        file = self.train("run", "--steps", 1)
        file.write_bytes(file.read_bytes()[:-1])
        for command in (("eval",), ("show",), ("train", "--resume")):
            self.assert_fails(*command, file, says="truncated/")

    def test_a_flipped_bit_in_the_weights(self):
        file = self.train("run", "--steps", 1)
        damaged = bytearray(file.read_bytes())
        damaged[64] ^= 1
        file.write_bytes(damaged)
        self.assert_fails("eval", "--data", SLICE, file, says="corrupt/")
        self.assert_fails("train", "--data", SLICE, "--resume", file, says="corrupt/")

    def test_a_run_on_other_images(self):
        small = self.folder / "small.milepost"
        self.assertEqual(lenet("make_slice", small, "--data", SLICE, "--train", 100, "--test", 10).returncode, 0)
        file = self.train("run", "--steps", 1)
        self.assert_fails("train", "--data", small, "--resume", file, says="trained on 512 images")

    def test_no_images(self):
        self.assert_fails("train", "--data", self.folder / "none", says="not_found/file")
        self.assert_fails("train", "--data", self.folder, says="train-images-idx3-ubyte.gz: cannot be opened")

    def test_nowhere_to_save(self):
        (self.folder / "file").write_bytes(b"")
        for place in (self.folder / "file", self.folder / "file" / "run"):
            self.assert_fails("train", "--data", SLICE, "--steps", 1, "--save", place, says="io_error/open")


if __name__ == "__main__":
    unittest.main(verbosity=2)
