# SPDX-License-Identifier: MIT
"""Faults: what one is, the list in faults/*.txt, and random ones."""

import dataclasses
import pathlib
import random
import re
import zlib


@dataclasses.dataclass
class Fault:
    file: str  # below the project's folder
    old: str  # as it stands in the file
    new: str
    tests: str  # regular expression of the names of ctest entries
    start: int = 0  # where `old` stands in the file
    survives: str = ""  # why no test can notice it, where that is known

    @property
    def name(self):
        """Stays the same while others are added."""
        return f"{self.file}: {' '.join(self.old.split())} ==> {self.new}"

    @property
    def number(self):
        """By which the environment switches it on."""
        return zlib.crc32(self.name.encode()) % 2**31 or 1

    @property
    def folder(self):
        parts = pathlib.PurePath(self.file).parts
        return parts[2] if parts[0] == "include" else "/".join(parts[1:-1])

    def last_line(self, text):
        """The number of the file's line, from 1, where it ends. The compiler may complain of an `else` on the next one."""
        return text.count("\n", 0, self.start) + 1 + self.old.count("\n")

    def switched(self):
        """Both texts, of which the environment chooses one; as many lines as before."""
        if self.old.endswith(";") or re.fullmatch(r"(?:\{|(?:if|for|while|do|switch)\b).*\}", self.old, re.DOTALL):
            return f"{{ if (LSTMLIB_FAULT({self.number})) {{ {self.new} }} else {{ {self.old} }} }}"
        return f"(LSTMLIB_FAULT({self.number}) ? ({self.new}) : ({self.old}))"


def tests_of(file):
    """The entries that a fault in a file is for unless its line says so."""
    parts = pathlib.PurePath(file).parts
    return "^sentiment/" if parts[0] == "examples" else f"^{parts[2]}/"


def read_list(top, path):
    """The faults of one list, and what is wrong with it: lines whose code has changed. A line is

        FILE: OLD ==> NEW @ TESTS

    FILE is below include/lstmlib/ or the project's folder. OLD, a whole expression or a statement with its semicolon,
    stands once in it; spaces match any space, also ends of lines. NEW takes its place: a lone ; deletes a statement.
    TESTS, names of ctest entries or regular expressions of their beginnings with commas between, may be left out: then
    it is the folder's. A line "survives: REASON" before it says that no test can notice it. # begins a comment.
    """
    faults, wrong, survives = [], [], ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.name}:{number}"
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("survives:"):
            survives = line.removeprefix("survives:").strip()
            continue
        match = re.fullmatch(r"([\w/.]+): (.+?) ==> (.+?)(?: @ (\S.*))?", line)
        if not match:
            wrong.append(f"{where}: expected FILE: OLD ==> NEW @ TESTS")
            continue
        file, old, new, tests = match.groups()
        if not (top / file).is_file():
            file = f"include/lstmlib/{file}"
        if not (top / file).is_file():
            wrong.append(f"{where}: there is no {match[1]}")
            continue
        text = (top / file).read_text()
        pattern = r"\s+".join(re.escape(word) for word in old.split())
        if old[0].isidentifier():
            pattern = r"(?<![\w.])" + pattern
        if old[-1].isidentifier():
            pattern += r"(?!\w)"
        places = list(re.finditer(pattern, text))
        if len(places) != 1:
            wrong.append(f"{where}: {len(places)} times in {file}, expected once: {old}")
            continue
        names = "|".join("^" + name.strip() for name in tests.split(",")) if tests else tests_of(file)
        faults.append(Fault(file, places[0].group(), new, names, places[0].start(), survives))
        survives = ""
    return faults, wrong


# Random faults: what is changed is a condition, what a function returns, or a statement of one line.
CONDITION = re.compile(r"^ *(?:\} else )?(?:if|while) \(")
LOOP = re.compile(r"^ *for \([^;]*; ([^;]+);")
RETURN = re.compile(r"^ *return ([^;{}]+);$")
STATEMENT = re.compile(r"^ *((?:[\w.]|->|\[\w+\])+(?:\(.*\)| [-+*/|&]?= .+);)$")
OPERATORS = [(" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "), (" == ", " != "), (" != ", " == "),
             (" + ", " - "), (" - ", " + "), (" * ", " + "), (" && ", " || "), (" || ", " && ")]


def closing(text, start):
    """Behind the bracket that closes the one before `start`; 0 where it is not on the line."""
    depth = 1
    for at in range(start, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at
    return 0


def changes(text, condition):
    """What may be put in place of an expression."""
    for old, new in OPERATORS:
        for match in re.finditer(re.escape(old), text):
            yield text[: match.start()] + new + text[match.end() :]
    for match in re.finditer(r"(?<![\w.'])(\d+)(?![\w.'])", text):
        yield text[: match.start()] + str(int(match[1]) + 1) + text[match.end() :]
    if condition:
        yield f"!({text})"


def random_faults(top, files, count, seed):
    """`count` different ones, spread evenly over the files' folders."""
    found = {}
    for file in files:
        text, start = (top / file).read_text(), 0
        for line in text.splitlines(keepends=True):
            for fault in faults_of_line(file, line.rstrip("\n"), start):
                found.setdefault(fault.folder, []).append(fault)
            start += len(line)
    choice, picked = random.Random(seed), []
    for faults in found.values():
        choice.shuffle(faults)
    folders, places = sorted(found), set()
    while len(picked) < count and any(found.values()):
        for folder in folders:
            while found[folder] and len(picked) < count:
                fault = found[folder].pop()
                if (fault.file, fault.start) not in places:  # one to a place: they are all in one build
                    places.add((fault.file, fault.start))
                    picked.append(fault)
                    break
    return picked


def faults_of_line(file, line, start):
    if re.search(r"//|constexpr|consteval|static_assert|requires|template|\bauto\b|#|\bcase\b|\boperator\b|\bdelete\b|\"", line):
        return
    match = CONDITION.match(line)
    if match and (end := closing(line, match.end())):
        text = line[match.end() : end]
        if not re.search(r" = |;|\{", text):
            for new in changes(text, True):
                yield Fault(file, text, new, tests_of(file), start + match.end())
    for pattern, condition in ((LOOP, True), (RETURN, False)):
        if match := pattern.match(line):
            for new in changes(match[1], condition):
                yield Fault(file, match[1], new, tests_of(file), start + match.start(1))
    if match := STATEMENT.match(line):
        if not match[1].startswith(("return", "throw", "break", "continue", "using", "fail")):
            yield Fault(file, match[1], ";", tests_of(file), start + match.start(1))
