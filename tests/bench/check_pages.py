#!/usr/bin/env python3
"""The tables and plots of docs/performance.md are written from what was measured, and nothing else of the page changes."""

import sys
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import figures  # noqa: E402
import pages  # noqa: E402
import report  # noqa: E402


def case(ratio: float, goal: float | None = None, sense: str = "at least", required: float | None = None) -> dict:
    at_least = sense == "at least"
    required = goal if required is None else required

    def reached(bound: float) -> bool:
        return ratio >= bound if at_least else ratio <= bound

    return {"ratio": ratio, "sense": sense if goal is not None else None, "goal": goal,
            "met": None if goal is None else reached(goal), "required": required,
            "required_met": None if goal is None else reached(required), "unit": "s", "nbytes": 1 << 30,
            "subject": "one | two", "reference": "plain", "subject_median_best_worst": [0.5, 0.4, 0.6],
            "reference_median_best_worst": [1.0, 0.9, 1.1]}


REPORT = {"machine": {"processor": "a processor", "scale": "quick"},
          "cases": {"unit/M2": case(1.5), "verify": case(0.9, 0.8), "save-raw": case(1.75, 1.8, required=1.7),
                    "open-floor/1000": case(3.0, 1.5, "at most")}}


def texts_of(svg: str) -> list[str]:
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


class Pages(unittest.TestCase):
    def test_the_page_is_updated_in_place(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            page.write_text("before\n<!-- cases begin -->\nold\n<!-- cases end -->\nafter\n", encoding="utf-8")
            report.write_docs(REPORT, page=page, folder=Path(folder) / "plots")
            text = page.read_text(encoding="utf-8")
            plot = (Path(folder) / "plots" / "cases.svg").read_text(encoding="utf-8")
            report.write_docs(REPORT, page=page, folder=Path(folder) / "plots")
            self.assertEqual(text, page.read_text(encoding="utf-8"))
        self.assertTrue(text.startswith("before\n<!-- cases begin -->\n"))
        self.assertTrue(text.endswith("<!-- cases end -->\nafter\n"))
        self.assertNotIn("old", text)
        self.assertIn("| `verify` | 0.9 | ≥ 0.8 | yes | one \\| two: **2.15 GB/s** (2.68 GB/s to 1.79 GB/s);", text)
        self.assertIn("| `save-raw` | 1.75 | ≥ 1.8 (required 1.7) | required |", text)
        self.assertIn("| `open-floor/1000` | 3 | ≤ 1.5 | **no** |", text)
        self.assertIn("| `unit/M2` | 1.5 |  |  |", text)
        self.assertEqual(["open-floor/1000", "3, goal ≤ 1.5", "save-raw", "1.75, goal ≥ 1.8", "verify", "0.9, goal ≥ 0.8"],
                         texts_of(plot)[-6:])

    def test_the_page_of_this_project_has_each_region_once(self) -> None:
        text = pages.PAGE.read_text(encoding="utf-8")
        for name in ["cases"]:
            self.assertIn("new", pages.replace_region(text, name, "new"))
        with self.assertRaises(ValueError):
            pages.replace_region(text, "none", "new")

    def test_plots_are_well_formed_whatever_the_text(self) -> None:
        bars = [figures.Bar("a<b>&\"", 2.0, "2 & 3", ours=True), figures.Bar("none", None, "failed"),
                figures.Bar("zero", 0.0, "0")]
        self.assertIn("a<b>&\"", texts_of(figures.bar_plot("t", [("panel", bars)])))
        self.assertIn("never", texts_of(figures.goal_plot("t", [("never", 0.0, ""), ("far", 1e9, "")])))


if __name__ == "__main__":
    unittest.main()
