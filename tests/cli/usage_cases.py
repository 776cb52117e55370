"""The command line itself, files that are not checkpoints, and the terminal."""

import os
import unittest

from harness import ARGUMENTS, COMMANDS, HIDDEN, HIDDEN_CHARACTERS, MAGIC, CliTest, good_files, run, run_on_terminal


class Usage(CliTest):
    def test_help_starts_with_examples(self):
        for arguments in [["-h"], ["--help"], *[[command, "-h"] for command in COMMANDS]]:
            process = run(*arguments)
            self.assertEqual(process.returncode, 0)
            self.assertTrue(process.stdout.startswith("Examples:\n  milepost "), process.stdout)
            self.assertIn("\nUsage: milepost", process.stdout)
            self.assertEqual(process.stderr, "")
            self.assertLessEqual(max(map(len, process.stdout.splitlines())), 100)

    def test_help_names_every_command(self):
        for command in COMMANDS:
            self.assertRegex(run("--help").stdout, rf"\n  {command} +\S")

    def test_help_of_a_command_names_its_options(self):
        for command in COMMANDS:
            printed = run(command, "--help").stdout
            self.assertIn(f"Usage: milepost {command} [OPTIONS] {ARGUMENTS.get(command, 'FILE')}", printed)
            self.assertIn("--json", printed)
            self.assertIn("--no-color", printed)
            self.assertEqual("--plain" in printed, command == "ls")

    def test_version(self):
        process = run("--version")
        self.assertEqual((process.returncode, process.stderr), (0, ""))
        self.assertRegex(process.stdout, r"^milepost \d+(\.\d+)*\n$")

    def test_no_command_prints_the_help_to_stderr(self):
        process = run()
        self.assertEqual((process.returncode, process.stdout), (2, ""))
        self.assertIn("Examples:", process.stderr)

    def test_unknown_command_suggests_the_near_one(self):
        for typed, meant in [("inof", "info"), ("verfy", "verify"), ("lss", "ls"), ("list", "ls")]:
            self.check_refused(run(typed, "x"), f"unknown command '{typed}'; did you mean '{meant}'?")

    def test_unknown_command_that_is_near_to_none(self):
        self.check_refused(run("frobnicate", "x"), f"unknown command 'frobnicate'; the commands are {', '.join([*COMMANDS, 'completion'])}: see 'milepost --help'")

    def test_commands_and_options_cannot_be_abbreviated(self):
        for command in ["i", "inf", "l", "v", "ver", "verif"]:
            self.check_refused(run(command, "x"), f"unknown command '{command}'")
        for option in ["--js", "--pl", "--no-col"]:
            self.check_refused(run("ls", "x", option), f"unknown option '{option}'")

    def test_unknown_option_suggests_the_near_one(self):
        self.check_refused(run("ls", "x", "--jsn"), "ls: unknown option '--jsn'; did you mean '--json'?")
        self.check_refused(run("info", "x", "-q"), "info: unknown option '-q'; see 'milepost info --help'")

    def test_option_in_front_of_the_command(self):
        self.check_refused(run("--json", "ls", "x"), "unknown option '--json'; put it after the command 'ls'")

    def test_missing_and_superfluous_arguments(self):
        for command in COMMANDS:
            self.check_refused(run(command), f"{command}: {ARGUMENTS.get(command, 'FILE').split()[0]} is required")
        self.check_refused(run("info", "a", "b"), "unexpected argument 'b'")
        self.check_refused(run("ls", "a", "b", "c"), "unexpected argument 'c'")

    def test_json_and_plain_exclude_each_other(self):
        self.check_refused(run("ls", "x", "--json", "--plain"), "excludes")

    def test_command_names_are_files_where_files_are_expected(self):
        for name in COMMANDS:
            self.check_refused(run("verify", name, folder=self.folder), f"{name}: not_found/file")

    def test_what_was_typed_is_escaped(self):
        self.check_refused(run("a\x1b[31m"), "'a\\u{1b}[31m'")
        self.check_refused(run("info", "a\x1b[31m"), "a\\u{1b}[31m: not_found/file")

    def test_the_whole_list_is_escaped(self):
        hidden = HIDDEN_CHARACTERS.replace("\0", "")
        escaped = "".join(f"\\u{{{ord(character):x}}}" for character in hidden)
        process = run("ls", good_files()[0], hidden)
        self.assertIn(f"matches '{escaped}'", process.stderr)
        self.assertNotRegex(process.stderr, HIDDEN)


class NoCheckpoint(CliTest):
    def test_missing_file(self):
        self.check_file_error(self.folder / "nowhere.milepost", "not_found/file", 2)

    def test_directory(self):
        self.check_file_error(self.folder, "not_a_checkpoint/not_regular", 2)

    def test_empty_file(self):
        self.check_file_error(self.make("a.milepost", b""), "truncated/empty", 1)

    def test_zeros(self):
        self.check_file_error(self.make("a.milepost", bytes(4096)), "not_a_checkpoint/zero_header", 2)

    def test_text(self):
        self.check_file_error(self.make("a.milepost", b"hello, world\n" * 40), "not_a_checkpoint/magic", 2)

    def test_a_zip_archive_that_is_cut_is_told_to_be_one(self):
        file = self.make("model.pt", b"PK\x03\x04" + bytes(range(256)))
        self.check_file_error(file, "truncated/cut", 1)
        self.assertIn("zip archive", run("info", file).stderr)

    def test_begin_of_a_head(self):
        for nbytes in [1, 8]:
            self.check_file_error(self.make("a.milepost", MAGIC[:nbytes]), "truncated/short", 1)
        self.check_file_error(self.make("a.milepost", MAGIC.ljust(63, b"x")), "truncated/short", 1)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_unreadable_file(self):
        file = self.make("a.milepost", MAGIC)
        file.chmod(0)
        self.check_file_error(file, "io_error/open", 2)


class Terminal(CliTest):
    def setUp(self):
        super().setUp()
        self.good = good_files()[0]

    def test_colour_on_a_terminal_only(self):
        self.assertIn("\x1b[32mok\x1b[0m", run_on_terminal("verify", self.good))
        self.assertNotIn("\x1b", run("verify", self.good).stdout)

    def test_colour_can_be_switched_off(self):
        self.assertNotIn("\x1b", run_on_terminal("verify", self.good, "--no-color"))
        self.assertNotIn("\x1b", run_on_terminal("verify", self.good, environment={"NO_COLOR": "1"}))
        self.assertNotIn("\x1b", run_on_terminal("verify", self.good, environment={"TERM": "dumb"}))

    def test_an_empty_no_color_does_not_count(self):
        self.assertIn("\x1b", run_on_terminal("verify", self.good, environment={"NO_COLOR": ""}))

    def test_short_work_shows_no_progress(self):
        self.assertNotIn("%", run_on_terminal("verify", self.good))

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_results_that_cannot_be_written_are_an_error(self):
        for arguments in [["info"], ["ls", "--json"], ["verify"]]:
            with open("/dev/full", "w", encoding="utf-8") as full:
                process = run(arguments[0], self.good, *arguments[1:], stdout=full)
            self.assertEqual(process.returncode, 2)
            self.assertIn("cannot write the results", process.stderr)
