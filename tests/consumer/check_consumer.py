#!/usr/bin/env python3
"""Builds and runs a program outside of the tree against the installed library, in one of the ways that users have."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOURCE_ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
SKIP = 77


@dataclass(frozen=True)
class Library:
    """One of ours, and a program that uses it."""

    package: str
    app: Path
    own: list[str]  # the program is linked with these of ours,
    private: list[str]  # which, when static, need these of others


CORE = Library("milepost", HERE / "app", ["milepost"], ["zstd", "xxhash"])
CONVERT = Library("milepost-convert", HERE / "convert_app", ["milepost-convert", "milepost"],
                  ["minizip", "z", "zstd", "xxhash"])
LIBRARIES = {library.package: library for library in (CORE, CONVERT)}
# What a program that uses the core alone must never see.
OF_CONVERT = re.compile(r"zlib|minizip|nlohmann|-lz\b|libz\.", re.IGNORECASE)


@dataclass(frozen=True)
class Installed:
    """The libraries as `meson install` left them under a folder in place of the root of a machine."""

    library: Library
    root: Path
    prefix: Path
    libdir: Path
    compiler: list[str]
    work: Path

    @property
    def pkgconfig(self) -> Path:
        return self.libdir / "pkgconfig" / f"{self.library.package}.pc"

    def environment(self, **more: str) -> dict[str, str]:
        return os.environ | {"CXX": " ".join(self.compiler), "LD_LIBRARY_PATH": str(self.libdir)} | more


def run(command: list[str], environment: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Its stdout. Whatever fails ends the test with all that the command said."""
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def require(truth: bool, message: str) -> None:
    if not truth:
        raise SystemExit(message)


def needed_libraries(program: Path) -> list[str]:
    return re.findall(r"\(NEEDED\).*\[(.+)\]", run(["readelf", "-d", str(program)]))


def run_app(installed: Installed, program: Path, linked_shared: bool) -> None:
    """Runs the program and checks what it is linked with."""
    said = run([str(program)], installed.environment(), cwd=program.parent)
    require(said.startswith("whole, milepost "), f"the program said: {said}")
    needed = needed_libraries(program)
    for name in installed.library.own:
        require((f"lib{name}.so.0" in needed) == linked_shared, f"linked with {needed}")
    require(not any("flatbuffers" in name for name in needed), f"FlatBuffers is needed: {needed}")
    of_convert = [name for name in needed if OF_CONVERT.search(name)]
    require(not of_convert or (installed.library is CONVERT and not linked_shared), f"linked with {of_convert}")
    print(f"{said.strip()}; linked with {' '.join(needed)}")


def drop_shared(installed: Installed) -> None:
    for library in installed.libdir.glob("libmilepost*.so*"):
        library.unlink()


def pkg_config_folder(installed: Installed) -> Path:
    """A folder with the .pc files of our own and of the libraries that we name, and nothing else: no flatbuffers.pc."""
    folder = installed.work / "pkgconfig"
    folder.mkdir()
    for name in installed.library.own:
        shutil.copy(installed.pkgconfig.with_name(f"{name}.pc"), folder)
    for name in ("libzstd", "libxxhash"):
        directory = run(["pkg-config", "--variable=pcfiledir", name]).strip()
        shutil.copy(Path(directory) / f"{name}.pc", folder)
    return folder


def build_by_pkg_config(installed: Installed, static: bool) -> None:
    check_pkg_config_file(installed)
    if static:
        drop_shared(installed)
    environment = installed.environment(PKG_CONFIG_LIBDIR=str(pkg_config_folder(installed)),
                                        PKG_CONFIG_SYSROOT_DIR=str(installed.root))
    query = ["pkg-config", *(["--static"] if static else []), "--cflags", "--libs", installed.library.package]
    flags = run(query, environment).split()
    require(all((f"-l{name}" in flags) == static for name in installed.library.private), f"flags: {flags}")
    program = installed.work / "app"
    source = installed.library.app / "app.cpp"
    run([*installed.compiler, "-std=c++20", *WARNINGS, str(source), "-o", str(program), *flags])
    run_app(installed, program, linked_shared=not static)


def check_pkg_config_file(installed: Installed) -> None:
    text = installed.pkgconfig.read_text(encoding="utf-8")
    require("flatbuffers" not in text.lower(), f"flatbuffers in {installed.pkgconfig.name}:\n{text}")
    require(str(installed.root) not in text, f"the folder of the build in {installed.pkgconfig.name}:\n{text}")
    if installed.library is CORE:
        require(not OF_CONVERT.search(text), f"what milepost-convert needs is in milepost.pc:\n{text}")
    else:
        require("nlohmann" not in text, f"a header that no user needs is in {installed.pkgconfig.name}:\n{text}")


def build_by_cmake(installed: Installed, static: bool) -> None:
    configure = ["cmake", "-G", "Ninja", "-S", str(installed.library.app), f"-DCMAKE_PREFIX_PATH={installed.prefix}",
                 f"-DMILEPOST_USE_STATIC={'ON' if static else 'OFF'}"]
    build = installed.work / "build"
    run([*configure, "-B", str(build)], installed.environment())
    run(["cmake", "--build", str(build)], installed.environment())
    run_app(installed, build / "app", linked_shared=not static)
    check_cmake_versions(installed, configure)


def check_cmake_versions(installed: Installed, configure: list[str]) -> None:
    """While 0.x, another minor version is another library."""
    major, minor, patch = installed_version(installed)
    for wanted, accepted in ((f"{major}.{minor}.{patch}", True), (f"{major}.{minor}", True), (f"{major}.{minor}.0...{major}.99", True),
                             (f"{major}.{minor}.{patch + 1}", False), (f"{major}.{minor + 1}", False), (f"{major + 1}.{minor}", False)):
        build = installed.work / f"wants-{wanted}"
        done = subprocess.run([*configure, "-B", str(build), f"-DMILEPOST_WANTED={wanted}"], env=installed.environment(),
                              capture_output=True, text=True, check=False)
        require((done.returncode == 0) == accepted, f"find_package(milepost {wanted}): exit {done.returncode}\n{done.stderr}")


def installed_version(installed: Installed) -> tuple[int, int, int]:
    match = re.search(r"^Version: (\d+)\.(\d+)\.(\d+)$", installed.pkgconfig.read_text(encoding="utf-8"), re.MULTILINE)
    require(match is not None, "no version in milepost.pc")
    return int(match[1]), int(match[2]), int(match[3])


def build_by_meson(installed: Installed) -> None:
    environment = installed.environment(PKG_CONFIG_PATH=str(installed.pkgconfig.parent),
                                        PKG_CONFIG_SYSROOT_DIR=str(installed.root))
    build = installed.work / "build"
    run([*MESON, "setup", "--wrap-mode=nofallback", str(build), str(installed.library.app)], environment)
    run([*MESON, "compile", "-C", str(build)], environment)
    run_app(installed, build / "app", linked_shared=True)


def build_as_subproject(installed: Installed) -> None:
    project = installed.work / "project"
    shutil.copytree(installed.library.app, project)
    (project / "subprojects").mkdir()
    (project / "subprojects" / "milepost").symlink_to(SOURCE_ROOT)
    build = installed.work / "build"
    # Without optimization: the library is compiled once more, for its build files' sake.
    run([*MESON, "setup", "--wrap-mode=forcefallback", "-Doptimization=0", "-Ddebug=false",
         "-Dmilepost:default_library=static", str(build), str(project)], installed.environment())
    require(uses_others(build) == (installed.library is CONVERT), "milepost-convert is a part when asked for, and not otherwise")
    if installed.library is CORE:
        return  # the core is compiled, by the same build files, for milepost-convert
    run([*MESON, "compile", "-C", str(build), "app"], installed.environment())
    run_app(installed, build / "app", linked_shared=False)


def uses_others(build: Path) -> bool:
    """Whether the build looked for what only milepost-convert needs."""
    found = {each["name"] for each in json.loads(run([*MESON, "introspect", "--dependencies", str(build)]))}
    require("libzstd" in found, f"dependencies: {found}")
    return bool({"zlib", "minizip", "nlohmann_json"} & found)


def build_without_convert(work: Path, compiler: list[str]) -> None:
    """The library and its tests alone, as far as the configuration: it asks for nothing that is not needed."""
    build = work / "build"
    run([*MESON, "setup", "-Dconvert=false", "-Dcli=false", "-Dexamples=false", str(build), str(SOURCE_ROOT)],
        os.environ | {"CXX": " ".join(compiler)})
    require(not uses_others(build), "zlib, minizip or nlohmann_json is asked for")
    require(not (build / "meson-private" / "milepost-convert.pc").exists(), "milepost-convert is built")


def check_exports(installed: Installed) -> None:
    name = f"lib{installed.library.package}"
    library = installed.libdir / f"{name}.so"
    require(f"[{name}.so.0]" in run(["readelf", "-d", str(library)]), f"the SONAME is not {name}.so.0")
    of_convert = [each for each in needed_libraries(library) if OF_CONVERT.search(each)]
    require(bool(of_convert) == (installed.library is CONVERT), f"{name}.so needs {of_convert}")
    symbols = [line.split()[-1].split("@")[0] for line in run(["nm", "-D", "--defined-only", str(library)]).splitlines()]
    strange = [symbol for symbol in symbols if not re.match(r"_Z(NK?[RO]?|T.N)8milepost", symbol)]
    require(len(symbols) > 5, f"only {len(symbols)} symbols are exported")
    require(not strange, f"exported though not ours: {strange}")
    missing = public_symbols(installed.libdir / f"{name}.a") - set(symbols)
    require(not missing, f"public, but not exported: {sorted(missing)}")
    print(f"{len(symbols)} symbols, all in namespace milepost")


def public_symbols(archive: Path) -> set[str]:
    """The strong symbols of default visibility: both libraries are made from the same objects."""
    rows = [line.split() for line in run(["readelf", "-sW", str(archive)]).splitlines()]
    return {row[7] for row in rows if len(row) == 8 and row[4:6] == ["GLOBAL", "DEFAULT"] and row[6] != "UND"}


WAYS = {
    "pkg-config": lambda installed: build_by_pkg_config(installed, static=False),
    "pkg-config --static": lambda installed: build_by_pkg_config(installed, static=True),
    "cmake": lambda installed: build_by_cmake(installed, static=False),
    "cmake static": lambda installed: build_by_cmake(installed, static=True),
    "meson": build_by_meson,
    "meson subproject": build_as_subproject,
    "exports": check_exports,
}
MESON = ["meson"]


def install(library: Library, build: Path, work: Path, compiler: list[str]) -> Installed:
    root = work / "root"
    run([*MESON, "install", "-C", str(build), "--no-rebuild", "--quiet", "--destdir", str(root)])
    found = list(root.glob("**/pkgconfig/milepost.pc"))
    require(len(found) == 1, f"not one milepost.pc: {found}")
    libdir = found[0].parent.parent
    include = next(root.glob("**/include/milepost/milepost.hpp"))
    sources = SOURCE_ROOT / "include" / "milepost"
    expected = {header.relative_to(sources) for header in sources.rglob("*.hpp")}
    if not (libdir / "pkgconfig" / "milepost-convert.pc").exists():
        for header in ("compare.hpp", "convert.hpp", "select.hpp", "statistics.hpp"):
            expected.remove(Path(header))
    missing = [header for header in expected if not (include.parent / header).is_file()]
    require(not missing, f"not installed: {missing}")
    require(not list(root.glob("**/checkpoint_generated.h")), "generated code is installed")
    return Installed(library, root, include.parents[2], libdir, compiler, work)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("way", choices=[*WAYS, "without convert"])
    parser.add_argument("build", type=Path)
    parser.add_argument("compiler", nargs="+")
    arguments = parser.parse_args()
    if arguments.way.startswith("cmake") and not shutil.which("cmake"):
        print("cmake is not there")
        return SKIP
    with tempfile.TemporaryDirectory(prefix="milepost-consumer-") as folder:
        work, compiler = Path(folder), arguments.compiler
        if arguments.way == "without convert":
            build_without_convert(work, compiler)
        else:
            WAYS[arguments.way](install(LIBRARIES[arguments.library], arguments.build, work, compiler))
    return 0


if __name__ == "__main__":
    sys.exit(main())
