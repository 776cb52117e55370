#!/usr/bin/env python3
"""Hostile pickles: every public way past scanners and restricted unpicklers, as files that a program might load.

    hostile_pickles.py FOLDER [--canary PATH]     writes all of them, with what a reader may answer in cases.json
    hostile_pickles.py --list                     names and what each is

Nothing here runs what it writes: files are assembled from opcodes (pickle_assembler.py). Each payload only creates the
canary file. check_hostile_pickles.py gives them to a program.
"""

import argparse
import json
import struct
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import hostile_archives
import hostile_globals
import hostile_tensors
from hostile_case import GLOBAL, Case, either, wrapped
from pickle_assembler import call, data, integer, name, pickled, short_text, stack_name, stored, tensor, text, value

OS_SYSTEM = name("os", "system")
SYSTEM_WORDS = ("os", "system")
FEATURE = either("unsupported/feature")
OPCODE = either("unsupported/opcode", "unsupported/global", "corrupt/foreign")
BROKEN = either("corrupt/foreign", "unsupported/opcode", "unsupported/feature")
LARGE = either("limit_exceeded/depth", "limit_exceeded/records", "limit_exceeded/decoded_bytes", "limit_exceeded/index_bytes",
               "limit_exceeded/name_bytes", "corrupt/foreign", "unsupported/opcode", "unsupported/feature", "truncated/cut")


def shell(canary: str) -> str:
    return f"touch {canary}"


def with_canary(arguments: object, canary: str) -> object:
    if isinstance(arguments, str):
        return arguments.replace("CANARY", canary)
    if isinstance(arguments, (tuple, list)):
        return type(arguments)(with_canary(item, canary) for item in arguments)
    return arguments


def named_globals(canary: str) -> Iterator[Case]:
    """A call of each global, as an entry of a dict that also has a tensor."""
    live = {(module, attribute) for module, attribute, _ in hostile_globals.LIVE
            if attribute not in hostile_globals.SILENT and module not in ("commands", "__builtin__")}
    for module, attribute, arguments in hostile_globals.LIVE + hostile_globals.OTHERS:
        function = name(module, attribute)
        payload = call(function, *with_canary(arguments, canary))
        # Of PyTorch and NumPy an importer may know what it does not read, and state that in its own words.
        # So it may of what is data with other arguments.
        known = GLOBAL | BROKEN if module.startswith(("torch", "numpy")) or attribute == "bytes" else GLOBAL
        yield from wrapped(f"global-{module}-{attribute}", f"{module}.{attribute} is called", payload, known,
                           words=() if attribute == "_rebuild_from_type_v2" else (module, attribute), live=(module, attribute) in live and "." not in attribute)


def deceptive_names(canary: str) -> Iterator[Case]:
    for number, (module, attribute) in enumerate(hostile_globals.DECEPTIVE):
        payload = call(name(module, attribute), shell(canary))
        yield from wrapped(f"name-{number}", f"a name like one of the table: {module[:40]!r} {attribute[:40]!r}", payload, BROKEN | GLOBAL)
        long = max(len(module), len(attribute)) > 255
        operands = [b"X" + struct.pack("<I", len(part)) + part if long else b"\x8c" + bytes([len(part)]) + part
                    for part in (module, attribute)]
        yield from wrapped(f"stack-name-{number}", "the same by STACK_GLOBAL", call(stack_name(*operands), shell(canary)), OPCODE | BROKEN)
    for module in ("torch", "collections", "torch._utils", "_codecs", "builtins"):
        for attribute in ("__builtins__", "__dict__", "__loader__", "__spec__", "__getattr__", "os", "sys"):
            yield from wrapped(f"attribute-{module}-{attribute}", "an attribute of a module that is in the table",
                               call(name(module, attribute), shell(canary)), GLOBAL)


def ways_to_call(canary: str) -> Iterator[Case]:
    """os.system by every opcode that finds or calls something."""
    argument = text(shell(canary))
    line = shell(canary).encode()
    string = b"S'" + line + b"'\n"
    pair = (short_text("os"), short_text("system"))
    ways: Dict[str, Tuple[str, bytes]] = {
        "reduce": ("GLOBAL and REDUCE", call(OS_SYSTEM, shell(canary))),
        "stack-global": ("STACK_GLOBAL", stack_name(*pair) + argument + b"\x85R"),
        "stack-global-string": ("STACK_GLOBAL of STRING operands (GHSA-9gvj-pp9x-gcfr)", b"S'os'\nS'system'\n\x93" + argument + b"\x85R"),
        "stack-global-short-string": ("of SHORT_BINSTRING", b"U\x02osU\x06system\x93" + argument + b"\x85R"),
        "stack-global-binstring": ("of BINSTRING", b"T\x02\0\0\0osT\x06\0\0\0system\x93" + argument + b"\x85R"),
        "stack-global-unicode": ("of UNICODE", b"Vos\nVsystem\n\x93" + argument + b"\x85R"),
        "stack-global-binunicode8": ("of BINUNICODE8", b"\x8d" + struct.pack("<Q", 2) + b"os" + b"\x8d" + struct.pack("<Q", 6) + b"system\x93" + argument + b"\x85R"),
        "stack-global-memo": ("operands from the memo, decoys put there by MEMOIZE (picklescan issue 14)",
                              text("os") + b"q\x000" + text("system") + b"q\x010" + text("torch._utils") + b"\x940" + text("_rebuild_tensor_v2") + b"\x940h\x00h\x01\x93" + argument + b"\x85R"),
        "stack-global-put": ("operands from GET, decoys by PUT (picklescan issue 22)",
                             b"Vos\np2\n0Vsystem\np3\n0Vtorch\np0\n0VLongStorage\np1\n0g2\ng3\n\x93" + argument + b"\x85R"),
        "stack-global-overwritten": ("a memo slot that is written twice", text("torch") + b"q\x010" + text("os") + b"q\x010h\x01" + text("system") + b"\x93" + argument + b"\x85R"),
        "stack-global-pop": ("decoys that are popped again", b"".join(pair) + text("FloatStorage") + b"0\x93" + argument + b"\x85R"),
        "stack-global-mark": ("decoys above a mark, dropped by POP_MARK", b"".join(pair) + b"(" + text("torch") + text("FloatStorage") + b"1\x93" + argument + b"\x85R"),
        "stack-global-dup": ("operands by DUP", b"".join(pair) + text("x") + b"200\x93" + argument + b"\x85R"),
        "stack-global-joined": ("operands that a call makes", call(name("builtins", "getattr"), text(""), text("join")) + value((["o", "s"],)) + b"R" + text("system") + b"\x93" + argument + b"\x85R"),
        "stack-global-bytes": ("operands that are bytes", data(b"os") + data(b"system") + b"\x93" + argument + b"\x85R"),
        "stack-global-int": ("an int as an operand", integer(42) + text("os") + b"\x93" + argument + b"\x85R"),
        "stack-global-bytearray": ("an operand that cannot be hashed", b"\x96" + struct.pack("<Q", 2) + b"os" + text("system") + b"\x93" + argument + b"\x85R"),
        "stack-global-list": ("a list as an operand", b"]" + text("system") + b"\x93" + argument + b"\x85R"),
        "stack-global-tensor": ("a tensor as an operand", tensor() + text("system") + b"\x93" + argument + b"\x85R"),
        "stack-global-dict-key": ("operands from keys of a dict that came before", value({"os": "system"}) + b"0" + b"".join(pair) + b"\x93" + argument + b"\x85R"),
        "inst": ("INST (picklescan issue 13)", b"(" + string + b"ios\nsystem\n"),
        "inst-exec": ("INST of exec", b"(S'open(\"" + canary.encode() + b"\", \"w\")'\ni__builtin__\nexec\n"),
        "obj": ("OBJ (fickling pull request 108)", b"(" + OS_SYSTEM + argument + b"o"),
        "newobj": ("NEWOBJ", OS_SYSTEM + argument + b"\x85\x81"),
        "newobj-popen": ("NEWOBJ of a class", name("subprocess", "Popen") + value((["touch", canary],)) + b"\x81"),
        "newobj-ex": ("NEWOBJ_EX", OS_SYSTEM + argument + b"\x85}\x92"),
        "ext1": ("EXT1: a number of the extension registry", b"\x82\x01" + argument + b"\x85R"),
        "ext2": ("EXT2", b"\x83\x01\x01" + argument + b"\x85R"),
        "ext4": ("EXT4", b"\x84\x01\x01\0\0" + argument + b"\x85R"),
        "ext4-negative": ("EXT4 of a negative number", b"\x84\xff\xff\xff\xff" + argument + b"\x85R"),
        "build-setstate": ("BUILD with __setstate__ (GHSA-mhc9-48gj-9gp3)", call(name("collections", "OrderedDict")) + value({"__setstate__": OS_SYSTEM}) + b"b" + argument + b"b"),
        "build-slots": ("BUILD with a slot state, which sets attributes (modelscan issue 85)",
                        name("torch", "Size") + b"N}" + text("a") + text("os") + b"s\x86b0" + name("torch", "Size.a") + text("system") + b"\x93" + argument + b"\x85R"),
        "build-builtins": ("BUILD of a module's __builtins__ (modelscan issue 330)",
                           name("numpy", "size") + b"}}" + text("shape") + name("numpy", "__builtins__") + b"s\x86b" + argument + b"\x85R"),
        "build-class": ("BUILD that replaces __class__", call(name("collections", "OrderedDict")) + value({"__class__": OS_SYSTEM}) + b"b"),
        "build-reduce": ("BUILD of a __reduce__ that a copy would call", call(name("collections", "OrderedDict")) + value({"__reduce__": value((OS_SYSTEM, (shell(canary),)))}) + b"b"),
        "two-calls": ("the result of a call is called", call(call(name("builtins", "getattr"), call(name("builtins", "__import__"), "os"), "system"), shell(canary))),
        "attrgetter": ("operator.attrgetter finds the function", call(call(name("operator", "attrgetter"), "system"), call(name("builtins", "__import__"), "os"))),
        "resolve-name": ("pkgutil.resolve_name (GHSA-vvpj-8cmc-gx39)", call(call(name("pkgutil", "resolve_name"), "os:system"), shell(canary))),
        "import-module": ("importlib (picklescan issue 66)", call(call(name("builtins", "getattr"), call(name("importlib", "import_module"), "os"), "system"), shell(canary))),
        "marshal": ("code objects (GHSA-565g-hwwr-4pp3)", call(call(name("types", "FunctionType"), call(name("marshal", "loads"), data(b"N")), {}))),
        "sour-pickles": ("globals, compile, eval, apply (BlackHat 2011)",
                         b"c__builtin__\nglobals\n(tRp100\n0c__builtin__\ncompile\n(S'open(\"" + canary.encode() + b"\",\"w\")'\nS''\nS'exec'\ntRp101\n0c__builtin__\neval\n(g101\ng100\ntR"),
        "persid": ("PERSID", b"Pos.system\n"),
        "binpersid-text": ("BINPERSID of a text", text("os.system") + b"Q"),
        "binpersid-call": ("BINPERSID of the result of a call", call(OS_SYSTEM, shell(canary)) + b"Q"),
        "binpersid-class": ("a function as the class of a storage", stored(storage_class=OS_SYSTEM)),
        "binpersid-module": ("the old persistent id of a module, with source", value(("module", OS_SYSTEM, "x.py", "source")) + b"Q"),
        "reduce-of-storage-class": ("a storage class that is called", call(name("torch", "FloatStorage"), 4)),
        "reduce-of-size": ("torch.Size of a call", call(name("torch", "Size"), call(OS_SYSTEM, shell(canary)))),
        "ordered-dict-of-call": ("OrderedDict of a call", call(name("collections", "OrderedDict"), call(OS_SYSTEM, shell(canary)))),
        "key": ("the key of a dict is a call", b"}" + call(OS_SYSTEM, shell(canary)) + b"Ns"),
        "set-item": ("an element of a set is a call", b"\x8f(" + call(OS_SYSTEM, shell(canary)) + b"\x90"),
        "dropped": ("the result is dropped: nothing is left of it", call(OS_SYSTEM, shell(canary)) + b"0N"),
        "before-error": ("an error after the call: a scanner gives up there, the call was made (GHSA-9gvj-pp9x-gcfr)", call(OS_SYSTEM, shell(canary)) + b"0\xff"),
        "before-missing-memo": ("a missing memo entry after the call", call(OS_SYSTEM, shell(canary)) + b"0h\x07"),
        "before-type-error": ("STACK_GLOBAL of an int after the call", call(OS_SYSTEM, shell(canary)) + b"0" + integer(42) + text("os") + b"\x93"),
        "exec-with-newline": ("a text with a line end in it", call(name("builtins", "exec"), f"\nopen({canary!r}, 'w')\n")),
        "hooks": ("backward hooks of a tensor", tensor(hooks=call(OS_SYSTEM, shell(canary)))),
        "hooks-global": ("an OrderedDict of hooks that are functions", tensor(hooks=call(name("collections", "OrderedDict")) + integer(0) + OS_SYSTEM + b"s")),
        "metadata": ("tensor metadata that is a call", tensor(stored(), 0, (2,), (1,), False, None, call(OS_SYSTEM, shell(canary)))),
        "dtype": ("a dtype that is a function", call(name("torch._utils", "_rebuild_tensor_v3"), stored(), 0, (2,), (1,), False, call(name("collections", "OrderedDict")), OS_SYSTEM)),
        "parameter": ("a parameter of a call", call(name("torch._utils", "_rebuild_parameter"), call(OS_SYSTEM, shell(canary)), True, call(name("collections", "OrderedDict")))),
        "parameter-state": ("the state of a parameter", call(name("torch._utils", "_rebuild_parameter_with_state"), tensor(), True, call(name("collections", "OrderedDict")), {"x": OS_SYSTEM})),
        "from-type": ("a subclass of Tensor with its own function", call(name("torch._tensor", "_rebuild_from_type_v2"), OS_SYSTEM, OS_SYSTEM, (shell(canary),), {})),
        "global-as-value": ("a function that is not called", OS_SYSTEM),
        "frame": ("a FRAME around it", b"\x95" + struct.pack("<Q", 20) + call(OS_SYSTEM, shell(canary))),
        "frame-long": ("a FRAME that is longer than the pickle", b"\x95" + struct.pack("<Q", 1 << 20) + call(OS_SYSTEM, shell(canary))),
        "frame-largest": ("a FRAME of 2^64-1 bytes", b"\x95" + b"\xff" * 8 + call(OS_SYSTEM, shell(canary))),
        "frame-straddled": ("an opcode that crosses the end of its frame (CPython issue 154848)", b"\x95" + struct.pack("<Q", 2) + data(b"x" * 300)[:5] + call(OS_SYSTEM, shell(canary)) + b"\0" * 300),
        "next-buffer": ("NEXT_BUFFER", b"\x97" + call(OS_SYSTEM, shell(canary))),
        "proto-twice": ("PROTO within the pickle", b"\x80\x05" + call(OS_SYSTEM, shell(canary))),
    }
    live = {"reduce", "stack-global", "stack-global-string", "stack-global-memo", "stack-global-put", "stack-global-pop", "stack-global-mark",
            "inst", "obj", "two-calls", "resolve-name", "import-module", "dropped", "before-error", "before-missing-memo",
            "before-type-error", "exec-with-newline", "key", "set-item", "proto-twice", "build-setstate", "stack-global-joined",
            "ordered-dict-of-call", "stack-global-overwritten", "stack-global-unicode", "stack-global-binunicode8"}
    for way, (what, payload) in ways.items():
        cut = either("truncated/cut") if way.startswith("frame-") else either()
        yield from wrapped(f"way-{way}", what, payload, OPCODE | BROKEN | cut, live=way in live)


def broken_machines(_canary: str) -> Iterator[Case]:
    """Pickles that no sound program writes: each must be an error, and none a crash or a hang."""
    large = struct.pack("<Q", 1 << 62)
    bodies: Dict[str, Tuple[str, bytes]] = {
        "empty-stack": ("STOP of an empty stack", b""),
        "two-left": ("two objects left at STOP", b"NN"),
        "mark-left": ("a mark left at STOP", b"(N"),
        "pop-nothing": ("POP of nothing", b"0"),
        "tuple-no-mark": ("TUPLE without a mark", b"t"),
        "tuple3-of-two": ("TUPLE3 of two objects", b"NN\x87"),
        "reduce-of-text": ("REDUCE of a text", text("x") + value(()) + b"R"),
        "reduce-not-tuple": ("REDUCE with a list", name("collections", "OrderedDict") + b"]R"),
        "build-of-text": ("BUILD of a text", text("x") + b"}b"),
        "build-of-tensor": ("BUILD of a tensor", tensor() + value({"data": 1}) + b"b"),
        "append-to-text": ("APPEND to a text", text("x") + b"Na"),
        "append-to-tensor": ("APPEND to a tensor", tensor() + b"Na"),
        "setitem-of-tensor": ("SETITEM of a tensor (CVE-2026-24747)", tensor() + integer(0) + integer(1) + b"s"),
        "setitems-of-tensor": ("SETITEMS of a tensor (CVE-2026-24747)", tensor() + b"(" + integer(0) + integer(1) + b"u"),
        "setitems-of-list": ("SETITEMS of a list", b"](KKs"),
        "setitems-odd": ("SETITEMS of three objects", b"}(NNNu"),
        "setitem-of-storage": ("SETITEM of a storage", stored() + integer(0) + integer(1) + b"s"),
        "key-list": ("a list as a key", b"}]Ns"),
        "key-dict": ("a dict as a key", b"}}Ns"),
        "key-tensor": ("a tensor as a key", b"}" + tensor() + b"Ns"),
        "set-of-list": ("a list in a set", call(name("__builtin__", "set"), [[]])),
        "list-of-itself": ("a list in itself", b"]q\x01h\x01a"),
        "dict-of-itself": ("a dict in itself", b"}q\x01" + text("x") + b"h\x01s"),
        "ordered-of-itself": ("an OrderedDict in itself", call(name("collections", "OrderedDict")) + b"q\x01" + text("x") + b"h\x01s"),
        "state-of-itself": ("an OrderedDict that is its own attributes", call(name("collections", "OrderedDict")) + b"q\x01h\x01b"),
        "tuple-of-itself": ("a tuple in itself, through a list", b"]q\x01\x85q\x02h\x01h\x02a0"),
        "get-missing": ("BINGET of nothing", b"h\x07"),
        "long-get-missing": ("LONG_BINGET of 2^32-1", b"j\xff\xff\xff\xff"),
        "get-negative": ("GET of a negative number", b"g-1\n"),
        "get-text": ("GET of no number", b"gx\n"),
        "put-nothing": ("BINPUT on an empty stack", b"q\0"),
        "put-large": ("LONG_BINPUT of 2^32-1: a table of that size would be 64 GiB", b"Nr\xff\xff\xff\xff" + b"j\xfe\xff\xff\xff"),
        "unknown-opcode": ("an opcode that does not exist", b"N\xff"),
        "every-opcode-0": ("an opcode of no protocol", b"\x00"),
        "text-cut": ("BINUNICODE that is longer than the pickle", b"X\xff\xff\xff\xffabc"),
        "text8-cut": ("BINUNICODE8 of 2^62 bytes", b"\x8d" + large + b"abc"),
        "bytes8-cut": ("BINBYTES8 of 2^62 bytes", b"\x8e" + large + b"abc"),
        "bytearray8-cut": ("BYTEARRAY8 of 2^62 bytes", b"\x96" + large + b"abc"),
        "text-negative": ("BINSTRING of -1 bytes", b"T\xff\xff\xff\xffabc"),
        "long1-cut": ("LONG1 of 255 bytes that end", b"\x8a\xff\x01"),
        "long4-large": ("LONG4 of 2^31-1 bytes", b"\x8b\xff\xff\xff\x7f\x01"),
        "long4-negative": ("LONG4 of -1 bytes", b"\x8b\xff\xff\xff\xff\x01"),
        "long-text": ("LONG with a million digits", b"L" + b"9" * 1_000_000 + b"L\n"),
        "long-bits": ("an int of 100,000 bytes", b"\x8b" + struct.pack("<i", 100_000) + b"\x7f" * 100_000),
        "global-cut": ("GLOBAL without its line ends", b"cos"),
        "not-utf8": ("a text that is not UTF-8", text(b"\xff\xfe\xfd")),
        "surrogate": ("a text with a lone surrogate", text(b"\xed\xa0\x80")),
        "deep-lists": ("300,000 lists, each in the one before", b"]" * 300_000 + b"a" * 299_999),
        "deep-tuples": ("300,000 tuples", b"N" + b"\x85" * 300_000),
        "deep-marks": ("300,000 marks", b"(" * 300_000),
        "deep-keys": ("a key that is 300,000 tuples deep", b"}N" + b"\x85" * 300_000 + b"Ns"),
        "deep-metadata": ("attributes of attributes", call(name("collections", "OrderedDict")) * 2_000 + b"b" * 1_999),
        "laughs-dup": ("10^9 elements by DUP (pickle_injector)", b"(" * 10 + text("lol") + (b"2" * 9 + b"l") * 9),
        "laughs-memo": ("10^10 elements from the memo (pickle_injector)",
                        b"(" * 11 + text("lol") + b"".join(b"q" + bytes([level]) + (b"h" + bytes([level])) * 9 + b"l" for level in range(10))),
        "laughs-tuples": ("2^60 elements from tuples", text("lol") + b"".join(b"q" + bytes([level]) + b"h" + bytes([level]) + b"\x86" for level in range(60))),
        "laughs-dict": ("2^40 dicts", b"}q\0" + b"".join(b"}q" + bytes([level + 1]) + text("a") + b"h" + bytes([level]) + b"s" + text("b") + b"h" + bytes([level]) + b"s" for level in range(40)) + b"h\x28"),
        "many-gets": ("a text of 100 KB, 20,000 times", text("x" * 100_000) + b"q\x01](" + b"h\x01" * 20_000 + b"e"),
        "bytearray-bomb": ("bytearray of a number: that many bytes", call(name("__builtin__", "bytearray"), 1 << 40)),
        "counter-bomb": ("Counter of a number", call(name("collections", "Counter"), 1 << 40)),
        "encode-bomb": ("encode to a codec that runs code or expands", call(name("_codecs", "encode"), "x" * 100, "zlib_codec")),
        "encode-hex": ("encode to another codec than latin1", call(name("_codecs", "encode"), "616263", "hex")),
        "encode-not-latin1": ("encode of what is not latin1", call(name("_codecs", "encode"), "\u20ac", "latin1")),
        "complex-of-text": ("complex of a text", call(name("__builtin__", "complex"), "1e400j")),
        "device-of-tensor": ("a device of a tensor", call(name("torch", "device"), tensor())),
        "size-of-text": ("torch.Size of a text", call(name("torch", "Size"), "x")),
        "size-negative": ("torch.Size of a negative number as a tensor's size", tensor(size=call(name("torch", "Size"), (-1,)))),
    }
    harmless = {"two-left", "mark-left", "reduce-not-tuple", "deep-metadata"}
    for kind, (what, body) in bodies.items():
        yield from wrapped(f"broken-{kind}", what, body, LARGE | BROKEN | GLOBAL, accepts=kind in harmless)
    # Whole pickles.
    wholes: Dict[str, Tuple[str, bytes]] = {
        "no-stop": ("without STOP", b"\x80\x02N"),
        "nothing": ("of no bytes", b""),
        "proto-6": ("protocol 6", b"\x80\x06N."),
        "proto-255": ("protocol 255", b"\x80\xffN."),
        "proto-only": ("PROTO alone", b"\x80"),
        "after-stop": ("another pickle after STOP, which makes a call", pickled(value({})) + pickled(call(OS_SYSTEM, "true"))),
        "nested": ("a pickle in the bytes of a pickle", pickled(call(name("torch.storage", "_load_from_bytes"), data(pickled(OS_SYSTEM))))),
        "text-protocol": ("protocol 0", b"(dp0\nS'x'\np1\ncos\nsystem\n(S'true'\ntRs."),
    }
    for kind, (what, whole) in wholes.items():
        yield from wrapped(f"broken-{kind}", what, b"", LARGE | BROKEN | GLOBAL, whole=whole, accepts=kind == "after-stop")


def all_cases(canary: str) -> List[Case]:
    makers = (named_globals, deceptive_names, ways_to_call, broken_machines, hostile_tensors.cases, hostile_archives.cases)
    cases = [case for make in makers for case in make(canary)]
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), sorted(found for found in set(names) if names.count(found) > 1)
    return cases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--canary", default="canary")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    cases = all_cases(arguments.canary)
    if arguments.list:
        for case in cases:
            print(f"{case.name}: {case.what}")
        print(f"{len(cases)} files, {sum(len(case.content) for case in cases)} bytes")
        return 0
    if arguments.folder is None:
        parser.error("FOLDER is missing")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        (arguments.folder / case.name).write_bytes(case.content)
    expected = {case.name: {"what": case.what, "answers": sorted(case.answers), "words": list(case.words)} for case in cases}
    (arguments.folder / "cases.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
