#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes report.md and report.json of the values that run.sh left in OUT/raw.

report.py OUT

OUT/raw has, as lines of JSON: stages.jsonl (what ran, what did not and why), machine.jsonl, checks.jsonl and
checks_portable.jsonl (errors against double precision), latencies.jsonl and latencies_after.jsonl, and compare-PART.jsonl as
../cpu/rounds.cpp writes them. Each may be missing.
"""
import collections
import json
import pathlib
import statistics
import sys

OURS = "lstmlib"
# Our precision and that of the other side which it is set against. float32 meets both settings of TF32, as the other side's own
# default is the coarser one.
PAIRS = [("fp32", "fp32"), ("fp32", "tf32"), ("fp32_strict", "fp32"), ("fp16", "tf32"), ("tf32", "tf32"), ("bf16", "bf16"), ("bf16", "fp16")]

Spread = collections.namedtuple("Spread", "median low high")
Variant = collections.namedtuple("Variant", "side precision launch layout by_round")
Row = collections.namedtuple("Row", "part name ours theirs ratio verdict")


def spread(values):
    return Spread(statistics.median(values), min(values), max(values))


def text_of(value):
    """Three digits, or all before the point."""
    if value == 0:
        return "0"
    if abs(value) < 1e-3:
        return f"{value:.2e}"
    before = len(str(int(abs(value)))) if abs(value) >= 1 else 1
    return f"{value:.{max(0, 3 - before)}f}"


def text_of_spread(s):
    return f"{text_of(s.median)} ({text_of(s.low)} to {text_of(s.high)})"


def read_lines(path):
    """The objects of a file of lines; none if it is not there."""
    if not path.exists():
        return []
    lines = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    return lines


def read_comparisons(folder):
    """Notes of the runs; and {(part, name, unit): variants}, values by round."""
    notes, found = [], {}
    order = ["train", "layer", "ragged", "large"]
    place = lambda path: next((i for i, part in enumerate(order) if path.stem.endswith(part)), len(order))
    for path in sorted(sorted(folder.glob("compare-*.jsonl")), key=place):
        part = path.stem[len("compare-"):]
        for line in read_lines(path):
            if "part" in line:
                notes.append(line)
                continue
            if line["name"] == "machine/others":
                continue
            words = (line["variant"].split(", ") + ["", ""])[:2] + [", ".join(line["variant"].split(", ")[2:])]
            key = part, line["name"], line["unit"]
            variants = found.setdefault(key, {})
            variant = variants.setdefault((line["side"], *words), Variant(line["side"], *words, {}))
            variant.by_round[line["round"]] = line["value"]
    return notes, {key: list(variants.values()) for key, variants in found.items()}


def best(variants):
    """The one with the least median; None of none."""
    return min(variants, key=lambda variant: statistics.median(variant.by_round.values()), default=None)


def verdict_of(ratio):
    """Of a ratio that is better above 1: a win or a loss is one in every round."""
    return "won" if ratio.low > 1 else "lost" if ratio.high < 1 else "even"


def ratios(comparisons):
    """Ours against the best of each other side, with the same kind of launch and for each pair of precisions that both have."""
    rows = []
    for (part, name, unit), variants in comparisons.items():
        if unit != "us":
            continue
        sides = sorted({variant.side for variant in variants} - {OURS})
        launches = sorted({variant.launch for variant in variants})
        for launch in launches:
            for our_precision, their_precision in PAIRS:
                ours = best([v for v in variants if (v.side, v.precision, v.launch) == (OURS, our_precision, launch)])
                for side in sides:
                    theirs = best([v for v in variants if (v.side, v.precision, v.launch) == (side, their_precision, launch)])
                    if not ours or not theirs:
                        continue
                    both = [theirs.by_round[r] / ours.by_round[r] for r in ours.by_round if r in theirs.by_round]
                    if both:
                        rows.append(Row(part, name, ours, theirs, spread(both), verdict_of(spread(both))))
    return rows


def describe(variant):
    return ", ".join(word for word in (variant.precision, variant.launch, variant.layout) if word)


def as_json(data):
    return {
        "machine": data.machine,
        "stages": data.stages,
        "runs": data.notes,
        "measured": [{"part": part, "name": name, "unit": unit, "side": v.side, "precision": v.precision, "launch": v.launch,
                      "layout": v.layout, "rounds": len(v.by_round), **spread(v.by_round.values())._asdict()}
                     for (part, name, unit), variants in data.comparisons.items() for v in variants],
        "ratios": [{"part": row.part, "name": row.name, "lstmlib": describe(row.ours), "side": row.theirs.side,
                    "variant": describe(row.theirs), **row.ratio._asdict(), "verdict": row.verdict} for row in data.rows],
        "errors": data.checks,
        "errors_portable": data.checks_portable,
        "latencies": data.latencies,
        "latencies_after": data.latencies_after,
    }


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in rows]) + "\n"


def machine_section(data):
    rows = [(key.replace("_", " "), value) for line in data.machine for key, value in line.items() if key != "smoke"]
    versions = {}
    for note in data.notes:
        versions.update(note.get("versions", {}))
    return table(["machine", ""], rows + sorted(versions.items()))


def ratio_section(data):
    if not data.rows:
        return "Nothing was measured on both sides: see the stages.\n"
    counts = collections.Counter(row.verdict for row in data.rows)
    text = f"Won {counts['won']}, even {counts['even']}, lost {counts['lost']} of {len(data.rows)}.\n\n"
    return text + table(
        ["what", "lstmlib", "us", "other", "us", "ratio", ""],
        [(row.name, describe(row.ours), text_of_spread(spread(row.ours.by_round.values())),
          f"{row.theirs.side}: {describe(row.theirs)}", text_of_spread(spread(row.theirs.by_round.values())),
          text_of_spread(row.ratio), row.verdict) for row in data.rows])


def kernel_section(data):
    """Which algorithm the other side takes: one kernel for all steps, or some for each."""
    return table(["layer", "side", "precision", "kernels a step", "most often"],
                 [(name.split("/", 1)[1], v.side, v.precision, text_of(spread(v.by_round.values()).median), v.layout)
                  for (_, name, unit), variants in data.comparisons.items() if unit == "kernels" for v in variants])


def measured_section(data):
    return table(["what", "side", "variant", "median (range)", "rounds"],
                 [(name, v.side, describe(v), f"{text_of_spread(spread(v.by_round.values()))} {unit}", len(v.by_round))
                  for (_, name, unit), variants in data.comparisons.items() if unit != "kernels" for v in variants])


def objects_section(lines, keys):
    """Objects as rows of a table, the given members first."""
    names = list(dict.fromkeys(keys + [key for line in lines for key in line]))
    cell = lambda value: text_of(value) if isinstance(value, float) else value
    return table(names, [[cell(line.get(name, "")) for name in names] for line in lines])


def as_markdown(data):
    text = ("# lstmlib beside PyTorch and cuDNN on a GPU\n\n"
            "Made by `benchmarks/gpu/run.sh`. All programs run in turn, round by round; values are medians over rounds with their "
            "range, ratios\nare medians (range) of the ratios of the rounds: above 1, lstmlib is faster. Won and lost are so in every "
            "round, others are even.\nEach precision of lstmlib meets the other side's best way of the named precision with the same "
            "kind of launch.\nfp32 is computed with float32's accuracy; fp16, as TF32, the other side's default for float32, is some 400 times "
            "coarser.\n\n")
    if any(line.get("smoke") for line in data.machine):
        text += "**A smoke run: tiny sizes, no GPU. It shows that everything works and says nothing about speed.**\n\n"
    text += machine_section(data)
    text += "\n## Ratios\n\n" + ratio_section(data)
    if data.checks:
        text += "\n## Errors against double precision\n\n" + objects_section(data.checks, ["check"])
    if data.checks_portable:
        text += "\nRecurrent layers without persistent kernels:\n\n" + objects_section(data.checks_portable, ["check"])
    if data.latencies:
        text += "\n## Latencies of the device\n\n" + objects_section(data.latencies, ["latency"])
    if data.latencies_after:
        text += "\nThe same at the end of the run:\n\n" + objects_section(data.latencies_after, ["latency"])
    if any(unit == "kernels" for _, _, unit in data.comparisons):
        text += "\n## Kernels a step\n\nOf a forward pass: two and more where it goes step by step, far fewer where one kernel stays.\n\n"
        text += kernel_section(data)
    if data.comparisons:
        text += "\n## Everything that was measured\n\n" + measured_section(data)
    text += "\n## Stages\n\n" + objects_section(data.stages, ["stage", "result", "seconds"])
    commands = [(note["part"], note.get("date", ""), note.get("commit", ""), f"`{note.get('command', '')}`") for note in data.notes]
    return text + ("\n## Runs\n\n" + table(["part", "date", "commit", "command"], commands) if commands else "")


class Data:
    """What a folder of raw results holds. Throws ValueError for a line that is not JSON."""

    def __init__(self, folder):
        self.stages = read_lines(folder / "stages.jsonl")
        self.machine = read_lines(folder / "machine.jsonl")
        self.checks = read_lines(folder / "checks.jsonl")
        self.checks_portable = read_lines(folder / "checks_portable.jsonl")
        self.latencies = read_lines(folder / "latencies.jsonl")
        self.latencies_after = read_lines(folder / "latencies_after.jsonl")
        self.notes, self.comparisons = read_comparisons(folder)
        self.rows = ratios(self.comparisons)


def main():
    if len(sys.argv) != 2:
        sys.exit("report.py: expected one argument, the folder of the results")
    out = pathlib.Path(sys.argv[1])
    try:
        data = Data(out / "raw")
    except (ValueError, KeyError) as error:
        sys.exit(f"report.py: {error}")
    (out / "report.json").write_text(json.dumps(as_json(data), indent=2) + "\n", encoding="utf-8")
    (out / "report.md").write_text(as_markdown(data), encoding="utf-8")


if __name__ == "__main__":
    main()
