"""Completion in shells, and manual pages: both know every command and option."""

import pathlib
import re
import shutil
import subprocess
import unittest

import harness
from harness import COMMANDS, CliTest, run

ALL = [*COMMANDS, "completion"]


def options_of(command):
    """The long options in the help of a command."""
    return set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", run(command, "--help").stdout, re.MULTILINE))


class Completion(CliTest):
    def complete_in_bash(self, *words):
        script = run("completion", "bash").stdout
        quoted = " ".join(f"'{word}'" for word in words)
        commands = f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _milepost; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run(["bash", "-c", commands], capture_output=True, text=True, cwd=self.folder, timeout=20)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_completes_commands_options_words_and_files(self):
        self.assertEqual(self.complete_in_bash("milepost", "con"), ["convert"])
        self.assertEqual(set(self.complete_in_bash("milepost", "")), {*ALL, "--help", "--version"})
        for command in ALL:
            self.assertEqual(set(self.complete_in_bash("milepost", command, "--")), options_of(command))
        self.assertEqual(self.complete_in_bash("milepost", "convert", "a", "b", "--to", "s"), ["safetensors"])
        self.make("weights.pt", b"")
        self.assertEqual(self.complete_in_bash("milepost", "ls", "wei"), ["weights.pt"])

    def test_other_shells_have_all_options(self):
        for shell, form in [("zsh", "{}["), ("fish", " -l {} ")]:
            script = run("completion", shell).stdout
            for command in ALL:
                self.assertIn(command, script)
                for option in options_of(command):
                    shown = option[2:] if shell == "fish" else option
                    self.assertIn(form.format(shown), script)

    def test_shells_accept_the_scripts(self):
        for shell in ["zsh", "fish"]:
            with self.subTest(shell=shell):
                if shutil.which(shell) is None:
                    raise unittest.SkipTest(f"{shell} is not installed")
                script = self.make(f"script.{shell}", run("completion", shell).stdout.encode())
                done = subprocess.run([shell, "-n", script], capture_output=True, text=True, timeout=20)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_shell_that_is_not_known(self):
        self.check_refused(run("completion", "tcsh"), "there is no script for 'tcsh'")


class Manual(CliTest):
    def page(self, name):
        return pathlib.Path(harness.PROGRAM).parent / f"{name}.1"

    def test_every_command_has_a_page_with_all_options(self):
        for command in ALL:
            text = self.page(f"milepost-{command}").read_text().replace("\\-", "-")
            for option in options_of(command):
                self.assertIn(f".B {option}", text)
            self.assertIn(f"milepost-{command} (1)", self.page("milepost").read_text().replace("\\-", "-"))

    @unittest.skipIf(shutil.which("groff") is None, "groff is not installed")
    def test_the_pages_are_right(self):
        for command in ALL:
            done = subprocess.run(["groff", "-man", "-ww", "-z", self.page(f"milepost-{command}")], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
