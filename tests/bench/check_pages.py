#!/usr/bin/env python3
"""The tables and plots of docs/performance.md are written from what was measured, and nothing else of the page changes."""

import sys
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "peers")]

import figures  # noqa: E402
import pages  # noqa: E402
import peer_pages  # noqa: E402
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


def measured(ours: float, theirs: float) -> dict:
    return {"ours": [ours] * 3, "theirs": [theirs] * 3, "ratio": theirs / ours}


def codec(our_ratio: float) -> dict:
    return {"compression": measured(0.5, 1.0), "decompression": measured(0.25, 1.0), "our ratio": our_ratio,
            "their ratio": 1.5, "ratio": our_ratio / 1.5}


PEERS = {"versions": {"torch": "9.9"}, "mebibytes": 1024, "turns": 5, "nbytes": {"gauss-bf16": 1 << 30},
         "values": {"gauss-bf16": {
             "torch": {"raw save fast": measured(0.5, 1.0), "raw save durable": measured(1.0, 2.5),
                       "raw load warm": measured(0.1, 0.6), "map warm": measured(0.05, 0.6), "open": measured(0.001, 0.002),
                       "raw size": {"ours": 1 << 30, "theirs": 1 << 30, "ratio": 1.0},
                       "raw save memory": {"ours": 24.0, "theirs": 1.0}},
             "h5py": {"failed": {"failed": "ModuleNotFoundError: h5py"}},
             "zipnn": {"planes": codec(1.5), "smallest": codec(1.51), "packed save fast": measured(0.5, 1.5),
                       "packed size": {"ours": 1 << 29, "theirs": 1 << 28, "ratio": 0.5}},
             "openzl": {"planes": {"failed": "no"}, "smallest": {"failed": "no"}}}}}
PEERS["cases"] = peer_pages.cases(PEERS)


def places(folder: str) -> dict[str, Path]:
    """A page and a README with both regions, and where plots go."""
    where = {"page": Path(folder) / "page.md", "readme": Path(folder) / "README.md", "folder": Path(folder) / "plots"}
    for name in ("page", "readme"):
        where[name].write_text("".join(f"<!-- {region} begin -->\n<!-- {region} end -->\n"
                                       for region in ("cases", "peers")), encoding="utf-8")
    return where


def texts_of(svg: str) -> list[str]:
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


class Pages(unittest.TestCase):
    def test_the_page_is_updated_in_place(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            where = places(folder)
            where["page"].write_text("before\n<!-- cases begin -->\nold\n<!-- cases end -->\nafter\n", encoding="utf-8")
            report.write_docs(REPORT, **where)
            text = where["page"].read_text(encoding="utf-8")
            readme = where["readme"].read_text(encoding="utf-8")
            plot = (where["folder"] / "cases.svg").read_text(encoding="utf-8")
            report.write_docs(REPORT, **where)
            self.assertEqual(text, where["page"].read_text(encoding="utf-8"))
        self.assertTrue(text.startswith("before\n<!-- cases begin -->\n"))
        self.assertTrue(text.endswith("<!-- cases end -->\nafter\n"))
        self.assertNotIn("old", text)
        self.assertIn("| `verify` | 0.9 | ≥ 0.8 | yes | one \\| two: **2.15 GB/s** (2.68 GB/s to 1.79 GB/s);", text)
        self.assertIn("| `save-raw` | 1.75 | ≥ 1.8 (required 1.7) | required |", text)
        self.assertIn("| `open-floor/1000` | 3 | ≤ 1.5 | **no** |", text)
        self.assertIn("| `unit/M2` | 1.5 |  |  |", text)
        self.assertIn("| verification of a mapped file | 0.9 of XXH3 over memory |", readme)
        self.assertIn("| durable save | 1.8 times as fast as a buffered write + fsync |", readme)
        self.assertEqual(["open-floor/1000", "3, goal ≤ 1.5", "save-raw", "1.75, goal ≥ 1.8", "verify", "0.9, goal ≥ 0.8"],
                         texts_of(plot)[-6:])

    def test_the_pages_of_this_project_have_each_region_once(self) -> None:
        for page in (pages.PAGE, pages.README):
            text = page.read_text(encoding="utf-8")
            for name in ("cases", "peers"):
                self.assertIn("new", pages.replace_region(text, name, "new"))
        with self.assertRaises(ValueError):
            pages.replace_region(text, "none", "new")

    def test_other_formats(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            where = places(folder)
            peer_pages.write_docs(PEERS, **where)
            text, readme = (where[name].read_text(encoding="utf-8") for name in ("page", "readme"))
            plots = {path.name: texts_of(path.read_text(encoding="utf-8")) for path in Path(folder).glob("plots/*.svg")}
        self.assertIn("| torch | 1.07 GB/s (2 x) | 0.43 GB/s (2.5 x) | 1.79 GB/s (6 x) |", text)
        self.assertIn("| **Milepost** | 2.15 GB/s | 1.07 GB/s | 10.74 GB/s |", text)
        self.assertIn("| **Milepost, mapped** |  |  | 21.47 GB/s |", text)
        self.assertIn("Milepost, mapped", plots["gauss-bf16.svg"])
        self.assertIn("| gauss-bf16 | zipnn | 1.5000 | 1.07 / 1.07 | 1.5000 | 2.15 (2 x) / 4.29 (4 x) | 1.5100 |", text)
        self.assertIn("| gauss-bf16 | openzl | failed: no |", text)
        self.assertIn("- gauss-bf16, h5py, failed: ModuleNotFoundError: h5py", text)
        self.assertIn("| zipnn | 4.000 |", text)
        self.assertIn("| durable save, bf16 | 2.5 times as fast as torch.save + fsync |", readme)
        self.assertNotIn("safetensors + fsync", readme)
        self.assertEqual({"codecs.svg", "gauss-bf16.svg", "gauss-bf16-packed.svg"}, set(plots))
        self.assertIn("memory, save (shorter is better)", plots["gauss-bf16.svg"])
        self.assertEqual(["Milepost planes", "2.000", "zipnn", "4.000"], plots["gauss-bf16-packed.svg"][2:6])
        self.assertIn("Milepost smallest", plots["codecs.svg"])

    def test_goals_beside_other_formats(self) -> None:
        cases = PEERS["cases"]
        self.assertEqual((6, True), (round(cases["load-fresh/torch"]["ratio"], 6), cases["load-fresh/torch"]["met"]))
        self.assertEqual((1.0, True), (cases["planes-ratio/gauss-bf16"]["ratio"], cases["planes-ratio/gauss-bf16"]["met"]))
        self.assertFalse(cases["smallest-ratio/gauss-bf16"]["met"])
        self.assertIsNone(cases["save-raw/safetensors"]["met"])
        self.assertIn("| `save-raw/safetensors` | - | ≥ 1 | not measured |", peer_pages.cases_table(PEERS))

    def test_plots_are_well_formed_whatever_the_text(self) -> None:
        bars = [figures.Bar("a<b>&\"", 2.0, "2 & 3", ours=True), figures.Bar("none", None, "failed"),
                figures.Bar("zero", 0.0, "0")]
        self.assertIn("a<b>&\"", texts_of(figures.bar_plot("t", [("panel", bars)])))
        self.assertIn("never", texts_of(figures.goal_plot("t", [("never", 0.0, ""), ("far", 1e9, "")])))


if __name__ == "__main__":
    unittest.main()
