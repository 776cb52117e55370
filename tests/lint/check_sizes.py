#!/usr/bin/env python3
"""Finds functions and files of the library that are too long to be read at once.

    check_sizes.py [--root FOLDER]      checks lib/; exits 1 and names each that is too long
    check_sizes.py --self-test          checks that too long ones are found, and others are not
"""

import re
import sys
from pathlib import Path

from tree import run_lint

MAX_FUNCTION_LINES = 60  # from the first line of its head to its closing brace
MAX_FILE_LINES = 300
SUFFIXES = {".cpp", ".hpp", ".inc"}

# Comments, literals and preprocessor lines, whose braces do not count; their line ends stay.
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:\\\n|[^\n])*',
                      re.DOTALL | re.MULTILINE)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()]*$")


def without_literals(text: str) -> str:
    return NOT_CODE.sub(lambda match: "\n" * match[0].count("\n"), text)


def is_body(head: str) -> bool:
    """Whether braces that follow this text, outside of any function, hold the body of one."""
    head = head.strip()
    return not head.endswith("=") and (head == "" or head.startswith(",") or "(" in head)


def functions_of(text: str) -> list[tuple[int, int]]:
    """First and last line of each function body; a function within a function belongs to the outer one."""
    code = without_literals(text)
    functions, depth, head_begin, begin = [], 0, 0, None
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        if match[0] == "{":
            head = code[head_begin:at]
            if depth > 0:
                depth += 1
            elif not SCOPE.search(head):
                depth = 1
                skipped = len(head) - len(head.lstrip())
                begin = code.count("\n", 0, head_begin + skipped) + 1 if is_body(head) else None
        elif match[0] == "}" and depth > 0:
            depth -= 1
            if depth == 0 and begin is not None:
                functions.append((begin, code.count("\n", 0, at) + 1))
        if depth == 0:
            head_begin = at + 1
    return functions


def check_file(name: str, text: str) -> list[str]:
    breaches = []
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        breaches.append(f"{name}: {lines} lines, at most {MAX_FILE_LINES}")
    for begin, end in functions_of(text):
        if end - begin + 1 > MAX_FUNCTION_LINES:
            breaches.append(f"{name}:{begin}: a function of {end - begin + 1} lines, at most {MAX_FUNCTION_LINES}")
    return breaches


def check(root: Path, files: list[Path]) -> list[str]:
    breaches = []
    for file in files:
        if file.parts[0] in ("lib", "convert") and file.suffix in SUFFIXES:
            breaches += check_file(file.as_posix(), (root / file).read_text(encoding="utf-8"))
    return breaches


def self_test() -> list[str]:
    def body(lines: int) -> str:
        return "    a();\n" * lines

    full = MAX_FUNCTION_LINES - 2
    cases = [
        ("a whole function", "void f() {\n" + body(full) + "}\n", 0),
        ("one line more", "void f() {\n" + body(full + 1) + "}\n", 1),
        ("a head of two lines", "void f(int a,\n       int b) {\n" + body(full) + "}\n", 1),
        ("a method", "namespace n {\nclass C {\npublic:\n    void f() {\n" + body(full + 1) + "    }\n};\n}\n", 1),
        ("members initialised with braces", "C::C() : a_{1}, b_{2} {\n" + body(full + 1) + "}\n", 1),
        ("inner blocks", "void f() {\n    if (a) {\n" + body(full - 1) + "    }\n}\n", 1),
        ("a parameter of a struct", "void f(struct C& c) {\n" + body(full + 1) + "}\n", 1),
        ("braces in literals", "void f() {\n    a(\"{\", '{');  // {\n}\n" + "int x;\n" * full, 0),
        ("a long class", "class C {\n" + "    void f() { a(); }\n" * full * 2 + "};\n", 0),
        ("a table", "constexpr int kTable[] = {\n" + "    f(1),\n" * full * 2 + "};\n", 0),
        ("a long file", "int a;\n" * (MAX_FILE_LINES + 1), 1),
        ("a whole file", "int a;\n" * MAX_FILE_LINES, 0),
    ]
    return [f"{name}: expected {expected} breaches, found {found}"
            for name, text, expected in cases if len(found := check_file("lib/x.cpp", text)) != expected]


if __name__ == "__main__":
    sys.exit(run_lint(__doc__, check, self_test))
