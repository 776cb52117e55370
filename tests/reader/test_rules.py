"""Section 6.5: every rule refuses what breaks it, with its code and condition, and in its place."""

import unittest
from unittest import mock

import opening
import rules_names
import rules_storages
import rules_tensors
import rules_values
from conventions import refuse
from milepost_writer import Writer
from rule_cases import CASES, Case
from samples import refusal, sample

# Without rule 33 a reader would walk the chunks that these claim, 2^39 and more.
ENDLESS = {"2^62", "2^62 reached", "sum", "sum of what is reached", "2^41 chunks claimed", "2^39 raw chunks reached",
           "2^39 chunks reached"}  # fmt: skip

CLAUSES = [
    (13, rules_names, ["check_state_extras"]),
    (17, rules_values, ["check_kinds", "check_size_count", "check_int_sizes"]),
    (
        23,
        rules_tensors,
        [
            "check_tensor_values",
            "check_tensor_storages",
            "check_tensor_offsets",
            "check_storage_nbytes",
            "check_storage_codecs",
            "check_layout_dtypes",
            "check_used_dtypes",
            "check_layout_numbers",
            "check_storage_numbers",
        ],
    ),
    (42, rules_storages, ["check_keyed_indexes", "check_listed_keys"]),
]


class Rules(unittest.TestCase):
    def check(self, case: Case) -> None:
        refused = refusal(case.data(), case.limits)
        self.assertEqual((refused.rule, f"{refused.code}/{refused.condition}"), (case.rule, case.violation))

    def test_each(self):
        for case in CASES:
            with self.subTest(rule=case.rule, what=case.what):
                self.check(case)

    def test_all_rules_have_a_case(self):
        self.assertEqual({case.rule for case in CASES}, set(range(1, 43)))
        self.assertEqual(list(opening.RULES), list(range(1, 43)))

    def test_unchanged_contents_are_accepted(self):
        """Where a change makes the file bad, it alone does."""
        never_sound = {(13, "models"), (13, "model and value"), (41, "equal")}
        for case in CASES:
            if case.change and (case.rule, case.what) not in never_sound:
                with self.subTest(rule=case.rule, what=case.what):
                    opening.open_data(Writer(case.content).assemble())

    def test_messages(self):
        """A message names what was expected and what was found."""
        for case in CASES:
            message = refusal(case.data(), case.limits).message
            self.assertIn("expected", message)
            self.assertIn("found", message)


class CanFail(unittest.TestCase):
    """Without a rule, or with another condition, its test fails."""

    def with_rule(self, number: int, rule, skip_endless: bool = False) -> None:
        original = opening.RULES[number]
        opening.RULES[number] = rule
        try:
            for case in CASES:
                if case.rule == number and (not skip_endless or case.what not in ENDLESS):
                    with self.assertRaises(Exception, msg=case.what):  # noqa: B017
                        Rules("check").check(case)
        finally:
            opening.RULES[number] = original

    def test_without_the_rule(self):
        for number in list(opening.RULES):
            self.with_rule(number, lambda walk: None, skip_endless=True)

    def test_without_a_clause(self):
        """Each clause of these rules has a case that it alone refuses."""
        for number, module, clauses in CLAUSES:
            for clause in clauses:
                with mock.patch.object(module, clause, lambda *_: None):
                    self.assertTrue(self.missed(number), clause)

    def missed(self, number: int) -> list[str]:
        return [case.what for case in CASES if case.rule == number and not self.refused(case)]

    def refused(self, case: Case) -> bool:
        try:
            Rules("check").check(case)
        except Exception:  # noqa: BLE001 - a later rule, or none, or a defect that the clause keeps away
            return False
        return True

    def test_with_another_condition(self):
        for number in list(opening.RULES):
            self.with_rule(number, lambda walk: refuse("corrupt/other", "expected one, found another"))

    def test_a_good_file_has_no_refusal(self):
        with self.assertRaises(AssertionError):
            refusal(Writer(sample()).build())


if __name__ == "__main__":
    unittest.main()
