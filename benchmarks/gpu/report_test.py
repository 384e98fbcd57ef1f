#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of report.py: python3 report_test.py"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import report

HERE = pathlib.Path(__file__).parent


def line(side, variant, number, value, name="forward/equal/B64 I300 H300 T20", unit="us"):
    return {"name": name, "variant": variant, "threads": 1, "value": value, "unit": unit, "side": side, "round": number}


class ReportTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out = pathlib.Path(self.folder.name)
        self.raw = self.out / "raw"
        self.raw.mkdir()

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, lines):
        (self.raw / name).write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")

    def write_rounds(self, *rounds, part="layer"):
        """(side, variant, values of rounds 0, 1, ...)"""
        note = {"part": part, "command": "run.sh OUT", "commit": "abc", "date": "2026-01-01T00:00:00Z", "versions": {"Other": "1.0"}}
        self.write(f"compare-{part}.jsonl", [note] + [line(side, variant, number, value) for side, variant, values in rounds
                                                      for number, value in enumerate(values)])

    def rows(self):
        return {(report.describe(row.ours), row.theirs.side, report.describe(row.theirs)): row
                for row in report.Data(self.raw).rows}

    def test_a_ratio_is_formed_in_each_round_and_above_one_is_faster(self):
        self.write_rounds(("lstmlib", "fp32, eager", [10, 20, 10]), ("Other", "fp32, eager", [20, 60, 50]))
        row = self.rows()["fp32, eager", "Other", "fp32, eager"]
        self.assertEqual(row.ratio, (3, 2, 5))
        self.assertEqual(row.verdict, "won")

    def test_won_and_lost_hold_in_every_round(self):
        self.write_rounds(("lstmlib", "fp32, eager", [10, 10]), ("Other", "fp32, eager", [11, 9]), ("Third", "fp32, eager", [5, 9]))
        rows = self.rows()
        self.assertEqual(rows["fp32, eager", "Other", "fp32, eager"].verdict, "even")
        self.assertEqual(rows["fp32, eager", "Third", "fp32, eager"].verdict, "lost")

    def test_float32_meets_both_settings_of_tf32_and_other_precisions_their_like(self):
        self.write_rounds(*((side, f"{precision}, eager", [value]) for side, value in (("lstmlib", 1), ("Other", 2))
                            for precision in ("fp32", "tf32", "fp16", "bf16", "fp32_strict")))
        self.assertEqual(set(self.rows()), {(f"{ours}, eager", "Other", f"{theirs}, eager") for ours, theirs in report.PAIRS})

    def test_the_best_layout_counts_and_launches_are_not_mixed(self):
        self.write_rounds(("lstmlib", "fp32, eager", [10]), ("lstmlib", "fp32, graph", [4]), ("Other", "fp32, eager, packed", [30]),
                          ("Other", "fp32, eager, padded", [20]), ("Other", "fp32, graph, padded", [6]))
        rows = self.rows()
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows["fp32, eager", "Other", "fp32, eager, padded"].ratio.median, 2)
        self.assertEqual(rows["fp32, graph", "Other", "fp32, graph, padded"].ratio.median, 1.5)

    def test_rounds_that_only_one_side_has_do_not_count(self):
        self.write_rounds(("lstmlib", "fp32, eager", [10, 1]), ("Other", "fp32, eager", [20]))
        self.assertEqual(self.rows()["fp32, eager", "Other", "fp32, eager"].ratio, (2, 2, 2))

    def test_counts_are_no_times(self):
        name = "kernels a step/equal/B64"
        self.write("compare-layer.jsonl", [line("lstmlib", "fp32, eager, one", 0, 1, name, "kernels"),
                                           line("Other", "fp32, eager, gemm, small", 0, 2, name, "kernels")])
        data = report.Data(self.raw)
        self.assertEqual(data.rows, [])
        self.assertIn("| equal/B64 | Other | fp32 | 2.00 | gemm, small |", report.as_markdown(data))

    def test_numbers_have_three_digits(self):
        for value, text in ((0, "0"), (0.5, "0.50"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1234"), (1.5e-7, "1.50e-07")):
            self.assertEqual(report.text_of(value), text)

    def run_program(self):
        return subprocess.run([sys.executable, str(HERE / "report.py"), str(self.out)], capture_output=True, text=True, check=False)

    def test_the_program_writes_both_files(self):
        self.write_rounds(("lstmlib", "fp32, eager", [10]), ("Other", "tf32, eager", [5]))
        self.write("stages.jsonl", [{"stage": "ncu", "result": "left out: no ncu", "seconds": 0}])
        self.write("machine.jsonl", [{"gpu": "None | such", "smoke": True}])
        self.write("checks.jsonl", [{"check": "tanh", "error": 1e-7, "bound": 1e-6, "ok": True}])
        self.write("latencies.jsonl", [{"latency": "cluster barrier", "blocks": 2, "cycles": 200.0}])
        done = self.run_program()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        text = (self.out / "report.md").read_text(encoding="utf-8")
        for part in ("A smoke run", "None / such", "| 0.50 (0.50 to 0.50) | lost |", "left out: no ncu", "Won 0, even 0, lost 1 of 1",
                     "1.00e-07", "cluster barrier", "`run.sh OUT`", "| Other | 1.0 |"):
            self.assertIn(part, text)
        self.assertEqual(json.loads((self.out / "report.json").read_text(encoding="utf-8"))["ratios"][0]["verdict"], "lost")

    def test_nothing_measured_is_said(self):
        self.assertEqual(self.run_program().returncode, 0)
        self.assertIn("Nothing was measured", (self.out / "report.md").read_text(encoding="utf-8"))

    def test_a_broken_line_is_named(self):
        (self.raw / "checks.jsonl").write_text('{"check": 1}\n{"che\n', encoding="utf-8")
        done = self.run_program()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("checks.jsonl, line 2", done.stderr)


if __name__ == "__main__":
    unittest.main()
