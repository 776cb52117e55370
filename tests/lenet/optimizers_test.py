"""lenet with every optimizer, several param groups, a scheduler, and a warm start: OPTIMIZERS_TEST LENET SLICE."""

import unittest

from lenet_program import SLICE, LenetTest, lenet, newest

ADAM_GROUPS = (
    "param_groups \t [{'lr': 0.001, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0, 'amsgrad': False, "
    "'maximize': False, 'foreach': None, 'capturable': False, 'differentiable': False, 'fused': None, "
    "'decoupled_weight_decay': False, 'params': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}]\n")

# The slice makes eight steps an epoch: 19 steps pass two ends of an epoch, 9 and 16 stop after and at one.
SETTINGS = {
    "sgd": ("--nesterov", "--weight-decay", 0.01),
    "damped": ("--dampening", 0.5, "--maximize"),
    "adam": ("--optimizer", "adam", "--amsgrad", "--betas", "0.8,0.99", "--eps", 1e-6),
    "adamw": ("--optimizer", "adamw"),
    "groups": ("--optimizer", "adam", "--bias-lr", 0.002, "--weight-decay", 0.1, "--no-bias-decay"),
    "scheduler": ("--bias-lr", 0.02, "--lr", 0.01, "--step-lr", "1,0.5"),
}


class Resume(LenetTest):
    def test_goes_on_as_if_it_had_never_stopped(self):
        for name, settings in SETTINGS.items():
            whole = self.train("whole", "--steps", 19, "--threads", 1, *settings)
            for first in (9, 16):
                with self.subTest(name, first=first):
                    part = self.train("part", "--steps", first, "--threads", 2, *settings)
                    rest = self.train("rest", "--resume", part, "--steps", 19 - first, "--threads", 2)
                    self.assert_same(whole, rest)

    def test_the_settings_matter(self):
        files = [self.train(name, "--steps", 9, *settings).read_bytes() for name, settings in SETTINGS.items()]
        self.assertEqual(len(set(files)), len(SETTINGS))

    def test_settings_given_replace_the_saved_ones(self):
        part = self.train("part", "--steps", 1, "--optimizer", "adamw", "--bias-lr", 0.1)
        shown = lenet("show", self.train("other", "--resume", part, "--steps", 1, "--optimizer", "adamw", "--lr", 0.5,
                                         "--betas", "0.5,0.25", "--amsgrad", "--no-bias-decay")).stdout
        self.assertIn("'lr': 0.5, 'betas': (0.5, 0.25), 'eps': 1e-08, 'weight_decay': 0.01, 'amsgrad': True,", shown)
        self.assertIn("{'lr': 0.5, 'param_names': ['conv1.bias', ", shown)
        self.assertIn("'weight_decay': 0, 'amsgrad': True,", shown)
        self.assertIn("'max_exp_avg_sq': f32[", shown)

    def test_a_scheduler_that_begins_late(self):
        plain = self.train("plain", "--epochs", 1)
        late = self.train("late", "--resume", plain, "--epochs", 2, "--step-lr", "2")
        shown = lenet("show", late).stdout
        self.assertIn("'lr': 0.0001, 'momentum': 0.9,", shown)
        self.assertIn("'fused': None, 'initial_lr': 0.001, 'params': [0,", shown)
        self.assertIn("\nScheduler's state_dict:\n{'step_size': 2, 'gamma': 0.1, 'base_lrs': [0.001], 'last_epoch': 2, "
                      "'_step_count': 3, '_is_initial': False, '_get_lr_called_within_step': False, "
                      "'_last_lr': [0.0001]}\n", shown)
        shown = lenet("show", self.train("more", "--resume", late, "--epochs", 1, "--step-lr", "3,0.5")).stdout
        self.assertIn("{'step_size': 3, 'gamma': 0.5, 'base_lrs': [0.001], 'last_epoch': 3, ", shown)
        self.assertIn("'lr': 5e-05, ", shown)


class Show(LenetTest):
    def test_groups_of_adam_as_pytorch_prints_them(self):
        shown = lenet("show", self.train("new", "--optimizer", "adam", "--steps", 0)).stdout
        self.assertIn("state \t {}\n" + ADAM_GROUPS, shown)
        self.assertNotIn("Scheduler", shown)

    def test_state_of_adam(self):
        shown = lenet("show", self.train("one", "--optimizer", "adam", "--steps", 1)).stdout
        self.assertIn("9: {'step': f32[], 'exp_avg': f32[10], "
                      "'exp_avg_sq': f32[10]}}\n" + ADAM_GROUPS, shown)


class Learns(LenetTest):
    def test_each_optimizer(self):
        for settings in (("--lr", 0.02, "--nesterov"), ("--optimizer", "adam"), ("--optimizer", "adamw")):
            with self.subTest(settings):
                file = self.train("run", "--epochs", 20, *settings)
                accuracy = float(lenet("eval", "--data", SLICE, file).stdout.split()[1].rstrip(":"))
                self.assertGreater(accuracy, 0.5)


class Warmstart(LenetTest):
    def test_convolutions_of_another_run(self):
        other = self.train("other", "--steps", 3, "--seed", 7)
        done = lenet("warmstart", other, "--only", "conv*", "--data", SLICE, "--optimizer", "adam", "--steps", 2,
                     "--save", self.folder / "warm")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines()[:-1],
                         [f"loaded: model/{name}" for name in ("conv1.weight", "conv1.bias", "conv2.weight",
                                                               "conv2.bias")])
        self.assertRegex(done.stdout.splitlines()[-1], r"^step 2, epoch 0: loss 2\.\d{9}$")
        self.assertIn(ADAM_GROUPS, lenet("show", self.folder / "warm").stdout)
        cold = self.train("cold", "--optimizer", "adam", "--steps", 2)
        self.assertNotEqual(newest(self.folder / "warm").read_bytes(), cold.read_bytes())

    def test_all_weights_of_the_same_seed_change_nothing(self):
        new = self.train("new", "--steps", 0, "--seed", 3)
        done = lenet("warmstart", new, "--data", SLICE, "--seed", 3, "--steps", 2, "--save", self.folder / "warm")
        self.assertEqual(done.stdout.count("loaded: model/"), 10)
        self.assert_same(newest(self.folder / "warm"), self.train("cold", "--seed", 3, "--steps", 2))

    def test_errors(self):
        other = self.train("other", "--steps", 0)
        self.assert_fails("warmstart", "--data", SLICE, says="from")
        self.assert_fails("warmstart", self.folder / "none", "--data", SLICE, says="none: not_found/file")
        self.assert_fails("warmstart", other, "--model", "generator", "--data", SLICE, says="not_found/model")
        self.assert_fails("warmstart", other, "--only", "fc9*", "--data", SLICE, says="no weight of model fits")
        self.assert_fails("warmstart", other, "--resume", other, says="--resume")
        damaged = bytearray(other.read_bytes())
        damaged[64] ^= 1
        other.write_bytes(damaged)
        self.assert_fails("warmstart", other, "--data", SLICE, says="corrupt/")


class Errors(LenetTest):
    def test_settings_of_another_optimizer(self):
        self.assert_fails("train", "--data", SLICE, "--optimizer", "adam", "--momentum", 0.9, says="Adam has no momentum")
        self.assert_fails("train", "--data", SLICE, "--amsgrad", says="SGD has no amsgrad")

    def test_settings_that_cannot_be(self):
        self.assert_fails("train", "--optimizer", "rmsprop", says="--optimizer")
        self.assert_fails("train", "--betas", "0.9", says="--betas: expected two numbers")
        self.assert_fails("train", "--betas", "0.9,x", says='--betas: "x" is not a number')
        self.assert_fails("train", "--optimizer", "adam", "--betas", "0.9,1", says="betas: expected a tuple of two numbers")
        self.assert_fails("train", "--nesterov", "--momentum", 0, says="nesterov: needs a momentum")
        self.assert_fails("train", "--weight-decay", "-1", says="--weight-decay")
        for text in ("0", "1.5", "-1", "2,0.1,3", ",", "x", "1e10"):
            self.assert_fails("train", "--step-lr=" + text, says="--step-lr")

    def test_another_optimizer_than_the_saved_one(self):
        file = self.train("run", "--steps", 1)
        self.assert_fails("train", "--data", SLICE, "--resume", file, "--optimizer", "adam",
                          says="run/000001.step-1.milepost: the optimizer is SGD, and cannot go on as Adam")
        self.assert_fails("train", "--data", SLICE, "--resume", file, "--bias-lr", 0.1,
                          says="run/000001.step-1.milepost: the biases are not a param group of their own")


if __name__ == "__main__":
    unittest.main(verbosity=2)
