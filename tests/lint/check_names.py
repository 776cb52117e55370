#!/usr/bin/env python3
"""What comments and documents name exists: files, `Type::member` and columns of the index.

    check_names.py [--root FOLDER]     checks a tree
    check_names.py --self-test         checks that it finds what is wrong, and nothing else

Of documents (*.md) it reads links to files, and what is between backquotes or in a picture; of code its comments. There
it looks for

- paths: `lib/format/index.cpp`, `tests/golden`. They begin with a folder of the tree, or are relative to the file that names
  them. A `*` is any text.
- files by their name alone: `index.cpp`; it is then the name of a file in some folder.
- `Type::member`, where Type is a type or namespace of this project: member is then a word of its definition.
- in documents, types by their name alone, of two words or more: `TensorView`.
- columns: `index.layouts.strides`, and `Layout.dtype`, a table or struct of schema/checkpoint.fbs with its field.
"""

import fnmatch
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tree import run_lint

CODE = {".cpp", ".hpp", ".inc", ".c"}
HASH_CODE = {".py", ".sh", ".build"}
FIXTURES = ("fuzz/corpus/", "tests/golden/files/", "tests/convert/files/", "schema/released/")
# Records of what was done: the names of that time. The newest state is in the other documents.
RECORDS = {"CHANGELOG.md", "docs/campaigns.md"}

PATH = re.compile(r"(?<![\w./~<>-])((?:[A-Za-z0-9_.*-]+/)+[A-Za-z0-9_.*-]*)(?![\w/<>{])")
FILE_NAME = re.compile(r"(?<![\w./*-])([a-z]\w+\.(?:cpp|hpp|inc|py|fbs|md|pml))\b(?![./])")
TYPE_NAME = re.compile(r"(?<![\w.:])([A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+)\b(?!\w)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
QUOTED = re.compile(r"`([^`\n]+)`")
MEMBER = re.compile(r"\b((?:[A-Za-z_]\w*::)+)([A-Za-z_]\w*)")
COLUMN = re.compile(r"(?<![\w./])([A-Z][A-Za-z]+)\.([a-z_]+)\b(?![(/])")
LINE_COMMENT = re.compile(r"//+!?<?(.*)$", re.MULTILINE)
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')


@dataclass
class Tree:
    """What names may refer to."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)  # of all code
    members: dict[str, set[str]] = field(default_factory=dict)  # type or namespace -> words of the files that define it
    fields: dict[str, set[str]] = field(default_factory=dict)  # table or struct of the schema -> its fields

    def has_path(self, path: str) -> bool:
        path = path.rstrip("/")
        if "*" in path:
            return any(fnmatch.fnmatchcase(name, path) for name in self.files | self.folders)
        return path in self.files or path in self.folders


NAMESPACE = re.compile(r"\bnamespace\s+((?:\w+::)*\w+)\s*\{")
TYPE = re.compile(r"\b(?:class|struct|union|enum(?:\s+class)?)\s+(?:\[\[\w+\]\]\s+)?(?:MILEPOST_API\s+)?((?:\w+::)*\w+)[^;{}()]*\{")


def body_of(text: str, begin: int) -> str:
    """What is between the brace before `begin` and the one that closes it."""
    depth = 1
    for match in re.finditer(r"[{}]", text[begin:]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return text[begin:begin + match.start()]
    return text[begin:]


def survey(root: Path, files: list[Path]) -> Tree:
    tree = Tree(files={file.as_posix() for file in files})
    tree.folders = {parent.as_posix() for file in files for parent in PurePosixPath(file).parents} - {"."}
    for file in files:
        if file.suffix not in CODE and not file.name.endswith(".hpp.in"):
            continue
        text = without_comments((root / file).read_text(encoding="utf-8"))
        tree.words.update(re.findall(r"\w+", text))
        for match in NAMESPACE.finditer(text):
            for name in match[1].split("::"):
                tree.members.setdefault(name, set()).update(re.findall(r"\w+", text))
        for match in TYPE.finditer(text):
            head = set(re.findall(r"\w+", match[0]))  # the names of the type and of those that it is derived from
            body = re.findall(r"\w+", body_of(text, match.end()))
            tree.members.setdefault(match[1].split("::")[-1], set()).update(head, body)
    for file in files:
        if file.as_posix().startswith("python/milepost/") and file.suffix == ".py":
            survey_python(tree, (root / file).read_text(encoding="utf-8"))
    schema = root / "schema" / "checkpoint.fbs"
    if schema.is_file():
        text = LINE_COMMENT.sub("", schema.read_text(encoding="utf-8"))
        for match in re.finditer(r"\b(?:table|struct|enum)\s+(\w+)[^{]*\{(.*?)\}", text, re.DOTALL):
            tree.fields[match[1]] = set(re.findall(r"^\s*(\w+)\s*[:=,]", match[2], re.MULTILINE))
    return tree


def survey_python(tree: Tree, text: str) -> None:
    """Classes and their members; a class ends where the next line without indentation begins."""
    tree.words.update(re.findall(r"\w+", text))
    for match in re.finditer(r"^class (\w+).*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL):
        tree.members.setdefault(match[1], set()).update(re.findall(r"\w+", match[0]))


def without_comments(text: str) -> str:
    return LINE_COMMENT.sub("", text)


def comments_of(file: Path, text: str) -> list[tuple[int, str]]:
    """The commented text of a file of code, line by line."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        mark = "#" if file.suffix in HASH_CODE or text.startswith("#!") else "//"
        bare = STRING.sub('""', line)
        position = bare.find(mark)
        if position >= 0 and (mark != "#" or position == 0 or bare[position - 1] == " "):
            found.append((number, bare[position + len(mark):]))
    return found


def check_path(tree: Tree, file: Path, path: str) -> bool:
    """Whether a path exists, or does not claim to be one of this tree."""
    path = re.sub(r"^\./", "", path).rstrip(".,:;")
    top = path.split("/")[0]
    if top.startswith("build") or top not in {folder.split("/")[0] for folder in tree.folders}:
        return True
    near = (PurePosixPath(file.as_posix()).parent / path).as_posix()
    return tree.has_path(path) or tree.has_path(near) or any(tree.has_path(path + suffix) for suffix in (".cpp", ".hpp"))


def check_link(tree: Tree, file: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    parts: list[str] = []
    for part in (PurePosixPath(file.as_posix()).parent / link).parts:
        if part == "..":
            if not parts:
                return True  # outside of the tree
            parts.pop()
        else:
            parts.append(part)
    return not parts or tree.has_path("/".join(parts))


def check_text(tree: Tree, file: Path, number: int, text: str) -> list[str]:
    breaches = []
    for match in PATH.finditer(text):
        if not check_path(tree, file, match[1]):
            breaches.append(f"{file}:{number}: there is no file or folder {match[1]}")
    for match in FILE_NAME.finditer(text):
        if not any(name.rsplit("/", 1)[-1] == match[1] for name in tree.files):
            breaches.append(f"{file}:{number}: there is no file {match[1]}")
    for match in MEMBER.finditer(text):
        owner = match[1].split("::")[-2]
        if owner in tree.members and match[2] not in tree.members[owner] and match[2] not in tree.members:
            breaches.append(f"{file}:{number}: {owner} has no {match[2]}")
    for match in COLUMN.finditer(text):
        if match[1] in tree.fields and match[2] not in tree.fields[match[1]] and match[2] not in ("cpp", "hpp", "md"):
            breaches.append(f"{file}:{number}: the schema's {match[1]} has no {match[2]}")
    for match in re.finditer(r"(?<![\w./])index\.([a-z_]+)\b(?:\.([a-z_]+)\b)?", text):
        columns = tree.fields.get("Index", set()) | tree.members.get("Index", set())
        if columns and match[1] not in columns and match[1] not in ("cpp", "hpp"):
            breaches.append(f"{file}:{number}: the index has no column {match[1]}")
    return breaches


def check_document(tree: Tree, file: Path, text: str) -> list[str]:
    breaches = []
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            fenced = not fenced
            continue
        if fenced:
            continue
        breaches += [f"{file}:{number}: the link {link} leads nowhere" for link in LINK.findall(line)
                     if not check_link(tree, file, link)]
        for quoted in QUOTED.findall(line):
            breaches += check_text(tree, file, number, quoted)
            breaches += [f"{file}:{number}: there is no type {name}" for name in TYPE_NAME.findall(quoted)
                         if name not in tree.words and name not in tree.fields]
    return breaches


def check(root: Path, files: list[Path]) -> list[str]:
    tree = survey(root, files)
    breaches = []
    for file in files:
        name = file.as_posix()
        if name.startswith(FIXTURES) or name in RECORDS:
            continue
        if file.suffix == ".md":
            breaches += check_document(tree, file, (root / file).read_text(encoding="utf-8"))
        elif file.suffix in CODE | HASH_CODE or name.startswith("scripts/"):
            for number, comment in comments_of(file, (root / file).read_text(encoding="utf-8")):
                breaches += check_text(tree, file, number, comment)
    return breaches


GOOD = {
    "include/a.hpp": "namespace one {\nclass Box {\n    int lid();  // see Box::lid, one::Box and docs/page.md\n};\n}\n",
    "lib/a.cpp": "#include <a.hpp>\nint Box::lid() { return 1; }  // std::vector, Other::thing, a.hpp\n",
    "schema/checkpoint.fbs": "table Layout {\n  dtype: uint8 (id: 0);\n}\ntable Index {\n  layouts: [Layout];\n}\n",
    "docs/page.md": "`lib/a.cpp`, `lib/*.cpp`, [up](../lib/a.cpp), `Box::lid`, `Layout.dtype`, `index.layouts`, a/b, "
                    "[out](https://example.org/x), `/usr/share/none`, `build/none`, `none/none`.\n```\n`lib/none`\n```\n",
    "tests/a.py": "path = 'lib/none'  # lib/a.cpp\n",
}
BAD = {
    "include/a.hpp": ["// lib/none.cpp", "// none.cpp", "// Box::none", "/// one::none, in docs"],
    "lib/a.cpp": ["// docs/none.md", "int a;  ///< Box::nothing"],
    "docs/page.md": ["`lib/none.cpp`", "[x](none.md)", "[x](../none)", "`Box::none`", "`Layout.none`", "`index.none`", "`BoxOffice`", "`none.hpp`", "`lib/*.none`"],
    "tests/a.py": ["# lib/none"],
}


def self_test() -> list[str]:
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)

        def breaches_with(added: dict[str, str]) -> list[str]:
            for name, text in GOOD.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text + added.get(name, ""), encoding="utf-8")
            return check(root, [Path(name) for name in GOOD])

        if breaches := breaches_with({}):
            failures.append(f"nothing is wrong, but: {breaches}")
        for name, lines in BAD.items():
            for line in lines:
                if len(breaches := breaches_with({name: line + "\n"})) != 1:
                    failures.append(f"{name}: {line}: expected one breach, found {breaches}")
    return failures


if __name__ == "__main__":
    sys.exit(run_lint(__doc__, check, self_test))
