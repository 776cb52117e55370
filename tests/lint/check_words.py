#!/usr/bin/env python3
"""Finds names and words that the project has replaced by plainer ones: in code, messages, specification and documents.

    check_words.py [--root FOLDER]      checks a tree; exits 1 and names each place
    check_words.py --self-test          checks that each pattern finds its example, and not the new word
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tree import run_lint

SUFFIXES = {".cpp", ".hpp", ".h", ".in", ".inc", ".fbs", ".md", ".py", ".sh", ".build"}
SKIPPED = (
    "CHANGELOG.md",  # the history names what it replaced
    "fuzz/corpus/", "tests/golden/files/", "tests/convert/files/", "schema/released/",  # bytes, and released schemas
    "tests/lint/check_words.py",
)


@dataclass(frozen=True)
class Word:
    pattern: str  # a regular expression, case-sensitive
    instead: str
    found: str  # an example that the pattern finds
    passes: str  # one that it must not find
    but_in: tuple[str, ...] = ()  # folders that are not checked yet



WORDS = [
    Word(r"\b(ChunkChecker|ChunkWalk)\b", "ChunkReader, ChunkIterator", "ChunkWalk walk;", "ChunkIterator"),
    Word(r"\b(live_names|param_match)\b", "name_mapping, match_params", "live_names.hpp", "match_params.hpp"),
    Word(r"\bPacking\b", "StorageCompactor", "class Packing {", "SaveOptions::compact"),
    Word(r"\bCrew\b", "EncoderPool", "Crew crew;", "EncoderPool pool;"),
    Word(r"\bWriteBehind\b", "OutputQueue", "WriteBehind out;", "OutputQueue out;"),
    Word(r"\bAppender\b", "ChunkAppender", "Appender to;", "ChunkAppender to;"),
    Word(r"\breach_nbytes\b", "extent_nbytes", "reach_nbytes(layout)", "extent_nbytes(layout)"),
    Word(r"\bSeamCheck\b", "PaddingCheck", "SeamCheck check;", "PaddingCheck check;"),
    Word(r"\bSurroundings\b", "ValidationContext", "Surroundings s;", "ValidationContext s;"),
    Word(r"\b(class|struct) (Head|Outline|Frame|Scope|Texts|Verdict|Transfer|Kin|Pieces)\b",
         "Header, IndexOffsets, IndexPlacement, EntryList, StringTable, RuleResult, LoadTransaction, KnownFormat, StreamedTensor",
         "struct Head {", "struct Header {"),
    Word(r"\bformat::(Head|Outline|Frame|Scope|Texts|Verdict)\b", "as above", "format::Head head;", "format::Header header;"),
    Word(r"\bOutline\b|\boutline_of\b", "IndexOffsets", "the Outline of an index", "the outline"),
    Word(r"\bkHead[A-Z]\w*", "kHeader...", "kHeadChecksum", "kHeaderNbytes"),
    Word(r"[Ff]lavour", "subtype", "StringFlavour", "StringSubtype"),
    Word(r"\bkey image\b|\bkey_image\b", "canonical key", "the key image", "an image of 5 MB"),
    Word(r"\bstand-in\b", "placeholder", "a stand-in", "a placeholder"),
    Word(r"\b[Ww]hoever\b", "the caller", "Whoever holds it", "The caller holds it"),
    Word(r"\bmend(s|ed|ing)?\b", "fix", "mend the program", "amend, recommend"),
    Word(r"\b(is|are|was|were) no [A-Za-z]", "is not a, there is no", "it is no checkpoint", "There is no checkpoint"),
    Word(r"\bbehind (a multiple|the|it|its|that|those|them|this|what|each)\b", "after", "bytes behind the index",
         "cut-behind-footer-a"),
    Word(r"\b(it|file|files|index|table|text|header|footer|page|column|README|message)s? says?\b", "states, gives",
         "as the file says", "unless the name says `stored`"),
    Word(r"\bcannot lie\b|\bwhat it says\b", "cannot be inconsistent", "so it cannot lie", "is not stored"),
    Word(r"\bcopy [AB] serves\b", "using copy", "copy B serves", "using copy B"),
    Word(r"\b(stands|stand (for|in|at|behind|before|within|there|twice)|lies(?! between))\b", "is, is stored",
         "it lies in the file", "a number that lies between 1 and 8"),
    Word(r"\bfor ever\b|\bits kin\b", "never ends, similar ones", "Debian 12 and its kin", "kind"),
    Word(r"\bno checkpoint:", "not a checkpoint:", "no checkpoint: the file is empty", "not a checkpoint: empty"),
]
# "There is no x", "is no longer", "is no more than" and "is no less than" are ordinary English.
ORDINARY = re.compile(r"\b([Tt]here|[Ww]here) (is|are|was|were) no\b|\b(is|are|was|were) no (longer|more|less|fewer)\b")


def places_of(word: Word, text: str) -> list[tuple[int, str]]:
    """Each match: number of its line, and the line. `is no` is not looked for where it is ordinary."""
    places = []
    ordinary = [match.span() for match in ORDINARY.finditer(text)]
    for match in re.finditer(word.pattern, text):
        if any(begin <= match.start() < end for begin, end in ordinary):
            continue
        line_begin = text.rfind("\n", 0, match.start()) + 1
        line_end = text.find("\n", match.end())
        places.append((text.count("\n", 0, match.start()) + 1, text[line_begin:line_end if line_end >= 0 else None].strip()))
    return places


def check(root: Path, files: list[Path]) -> list[str]:
    breaches = []
    for file in files:
        name = file.as_posix()
        if (file.suffix not in SUFFIXES and not name.startswith("scripts/")) or name.startswith(SKIPPED):
            continue
        text = (root / file).read_text(encoding="utf-8")
        for word in WORDS:
            if name.startswith(word.but_in):
                continue
            breaches += [f"{name}:{line}: write {word.instead}: {shown}" for line, shown in places_of(word, text)]
    return breaches


def self_test() -> list[str]:
    failures = []
    for word in WORDS:
        if not places_of(word, f"a\n{word.found}\nb"):
            failures.append(f"{word.pattern}: does not find '{word.found}'")
        if places_of(word, f"a\n{word.passes}\nb"):
            failures.append(f"{word.pattern}: finds '{word.passes}'")
    return failures


if __name__ == "__main__":
    sys.exit(run_lint(__doc__, check, self_test))
