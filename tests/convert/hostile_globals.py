"""What hostile pickles have been seen to call: (module, name, arguments). CANARY in a text is replaced by a path.

From the lists and tests of the pickle scanners picklescan, fickling and modelscan and from their advisories
(github.com/advisories?query=picklescan and ...=fickling); from "Sour Pickles" (BlackHat 2011); and what PyTorch, NumPy and
other packages offer that runs a text, opens a file or loads another pickle. It is a list of examples: the rule under test
is that every global is refused that is not in a short table.
"""

from typing import Any, List, Tuple

SHELL = "touch CANARY"
CODE = "open('CANARY', 'w')"
NESTED = b"C\x01."  # SHORT_BINBYTES: where a pickle within the pickle goes

Row = Tuple[str, str, Tuple[Any, ...]]

# What runs a command or a text at once. The test of the corpus itself calls those of LIVE.
LIVE: List[Row] = [
    ("os", "system", (SHELL,)),
    ("posix", "system", (SHELL,)),
    ("subprocess", "call", (["touch", "CANARY"],)),
    ("subprocess", "getoutput", (SHELL,)),
    ("builtins", "exec", (CODE,)),
    ("builtins", "eval", (CODE,)),
    ("__builtin__", "eval", (CODE,)),
    ("builtins", "open", ("CANARY", "w")),
    ("timeit", "timeit", ("", CODE)),
    ("cProfile", "run", (CODE,)),
    ("profile", "run", (CODE,)),
    ("trace", "Trace.run", (None, CODE)),
    ("pydoc", "pipepager", ("", SHELL)),
    ("runpy", "_run_code", (CODE, {})),
    ("doctest", "debug_script", (CODE, True)),
    ("bdb", "Bdb.run", (None, CODE)),
    ("logging", "FileHandler", ("CANARY",)),
    ("io", "FileIO", ("CANARY", "w")),
    ("uuid", "_get_command_stdout", ("touch", "CANARY")),
    ("imaplib", "IMAP4_stream", (SHELL,)),
    ("asyncio.unix_events", "_UnixSubprocessTransport._start", ({}, SHELL, True, None, None, None, 0)),
    ("distutils.file_util", "write_file", ("CANARY", ["x"])),
    ("lib2to3.pgen2.pgen", "ParserGenerator.make_label", (None, {}, '""+' + CODE)),
    ("pathlib", "PosixPath.touch", ("CANARY",)),
    ("ctypes", "CDLL", ("libc.so.6",)),
    ("commands", "getoutput", (SHELL,)),
]
# They need an object that a pickle has to make first, a package, a network or a terminal; or are of Python 2.
SILENT = {"Trace.run", "Bdb.run", "PosixPath.touch", "CDLL", "IMAP4_stream", "_UnixSubprocessTransport._start",
          "ParserGenerator.make_label", "debug_script", "write_file"}

OTHERS: List[Row] = [
    # Builtins that lead to all others.
    *[("builtins", attribute, ("x",)) for attribute in
      ("getattr", "compile", "__import__", "globals", "breakpoint", "apply", "input", "print", "type", "object", "map", "dict",
       "frozenset", "list", "tuple", "str", "bytes", "range", "slice", "filter", "setattr", "memoryview", "super")],
    *[("__builtin__", attribute, ("x",)) for attribute in
      ("getattr", "compile", "__import__", "apply", "execfile", "file", "reduce", "input", "open", "exec")],
    # The standard library.
    ("nt", "system", (SHELL,)), ("os", "popen", (SHELL,)), ("os", "execv", ("/bin/touch", ["touch", "CANARY"])),
    ("os", "spawnlp", (1, "touch", "touch", "CANARY")), ("os", "remove", ("CANARY",)), ("os", "_exit", (0,)),
    ("os.path", "join", ("/", "tmp")), ("posixpath", "join", ("/", "tmp")), ("subprocess", "Popen", (SHELL,)),
    ("subprocess", "run", (["touch", "CANARY"],)), ("sys", "exit", (0,)), ("sys", "modules", ()),
    ("importlib", "import_module", ("os",)), ("importlib.util", "find_spec", ("os",)), ("imp", "load_source", ("x", "CANARY")),
    ("pkgutil", "resolve_name", ("os:system",)), ("pkgutil", "get_data", ("os", "x")),
    ("operator", "attrgetter", ("system",)), ("operator", "methodcaller", ("system", SHELL)),
    ("operator", "itemgetter", (0,)), ("_operator", "attrgetter", ("system",)), ("functools", "partial", ("x",)),
    ("functools", "reduce", ("x", [])), ("_functools", "partial", ("x",)), ("itertools", "starmap", ("x", [])),
    ("marshal", "loads", (b"C\x01N",)), ("types", "FunctionType", ("x", {})), ("types", "CodeType", (0,)),
    ("types", "SimpleNamespace", ()), ("argparse", "Namespace", ()), ("copyreg", "_reconstructor", ("x", "y", None)),
    ("copy_reg", "_reconstructor", ("x", "y", None)), ("copyreg", "__newobj__", ("x",)), ("copyreg", "add_extension", ("os", "system", 1)),
    ("pickle", "loads", (NESTED,)), ("_pickle", "loads", (NESTED,)), ("cPickle", "loads", (NESTED,)),
    ("pickle", "Unpickler", ("x",)), ("shelve", "open", ("CANARY",)), ("dbm", "open", ("CANARY", "c")),
    ("runpy", "run_path", ("CANARY",)), ("runpy", "run_module", ("pip",)), ("code", "interact", ()),
    ("code", "InteractiveInterpreter.runcode", ({}, CODE)), ("codeop", "compile_command", (CODE,)),
    ("pty", "spawn", (["touch", "CANARY"],)), ("pdb", "run", (CODE,)), ("pdb", "runeval", (CODE,)), ("bdb", "Bdb.runctx", (CODE,)),
    ("cProfile", "runctx", (CODE, None, None)), ("profile", "Profile.run", ({}, CODE)), ("profile", "Profile.runctx", ({}, CODE, {}, {})),
    ("trace", "Trace.runctx", ({}, CODE, {}, {})), ("timeit", "repeat", (CODE,)), ("timeit", "Timer", (CODE,)),
    ("pydoc", "locate", ("os.system",)), ("pydoc", "tempfilepager", ("", SHELL)), ("webbrowser", "open", ("http://127.0.0.1:9",)),
    ("ensurepip", "_run_pip", (["install", "x"],)), ("venv", "create", ("CANARY", False, False, True, False, "x")),
    ("pip", "main", (["download", "x"],)), ("pip._internal", "main", (["download", "x"],)), ("pip._internal.cli.main", "main", ([],)),
    ("setuptools", "setup", ()), ("zipimport", "zipimporter", ("CANARY",)), ("zipfile", "ZipFile", ("CANARY", "w")),
    ("tarfile", "open", ("CANARY", "w")), ("shutil", "rmtree", ("CANARY",)), ("shutil", "copy", ("/etc/hostname", "CANARY")),
    ("tempfile", "mktemp", ()), ("sqlite3", "connect", ("CANARY",)), ("_sqlite3", "connect", ("CANARY",)),
    ("idlelib.autocomplete", "AutoComplete.get_entity", ({}, CODE)), ("idlelib.autocomplete", "AutoComplete.fetch_completions", ({}, CODE)),
    ("idlelib.calltip", "get_entity", (CODE,)), ("idlelib.calltip", "Calltip.fetch_tip", ({}, CODE)),
    ("idlelib.debugobj", "ObjectTreeItem.SetText", ({}, CODE)), ("idlelib.pyshell", "ModifiedInterpreter.runcode", ({}, CODE)),
    ("idlelib.pyshell", "ModifiedInterpreter.runcommand", ({}, CODE)), ("idlelib.run", "Executive.runcode", ({}, CODE)),
    ("lib2to3.pgen2.grammar", "Grammar.loads", ({}, NESTED)), ("distutils.spawn", "spawn", (["touch", "CANARY"],)),
    ("asyncio", "create_subprocess_shell", (SHELL,)), ("asyncio.events", "new_event_loop", ()),
    ("multiprocessing.util", "spawnv_passfds", (b"C\x0a/bin/touch", ["touch", "CANARY"], ())),
    ("multiprocessing.context", "ForkProcess", ()), ("threading", "Thread", ()), ("_thread", "start_new_thread", ("x", ())),
    ("ctypes", "cdll", ()), ("ctypes.util", "find_library", ("c",)), ("_ctypes", "dlopen", ("libc.so.6", 0)), ("cffi", "FFI", ()),
    ("socket", "create_connection", (("127.0.0.1", 9),)), ("_socket", "socket", ()), ("ssl", "get_server_certificate", (("127.0.0.1", 9),)),
    ("http.client", "HTTPSConnection", ("127.0.0.1",)), ("httplib", "HTTPSConnection", ("127.0.0.1",)),
    ("urllib.request", "urlopen", ("http://127.0.0.1:9",)), ("urllib", "urlopen", ("http://127.0.0.1:9",)),
    ("smtplib", "SMTP", ("127.0.0.1", 9)), ("ftplib", "FTP", ("127.0.0.1",)), ("telnetlib", "Telnet", ("127.0.0.1", 9)),
    ("poplib", "POP3", ("127.0.0.1",)), ("xmlrpc.client", "ServerProxy", ("http://127.0.0.1:9",)), ("nntplib", "NNTP", ("127.0.0.1",)),
    ("test.support.script_helper", "assert_python_ok", ("-c", CODE)), ("platform", "popen", (SHELL,)),
    ("_osx_support", "_read_output", (SHELL,)), ("_aix_support", "_read_cmd_output", (SHELL,)), ("_pyrepl.pager", "pipe_pager", ("", SHELL)),
    ("linecache", "getline", ("/etc/hostname", 1)), ("fileinput", "input", ("/etc/hostname",)), ("codecs", "open", ("CANARY", "w")),
    ("logging.config", "fileConfig", ("CANARY",)), ("logging.config", "listen", ()), ("gc", "get_objects", ()), ("inspect", "getsource", ("x",)),
    ("signal", "raise_signal", (9,)), ("faulthandler", "_sigsegv", ()), ("resource", "setrlimit", (0, (0, 0))), ("mmap", "mmap", (-1, 1)),
    ("zlib", "decompress", (b"C\x01x",)), ("base64", "b64decode", ("eA==",)), ("codecs", "decode", ("x", "rot13")), ("re", "compile", ("(a*)*b",)),
    ("collections", "defaultdict", ()), ("collections", "deque", ([],)), ("collections", "namedtuple", ("x", CODE)), ("collections", "UserDict", ()),
    ("datetime", "datetime", (b"C\x01x",)), ("decimal", "Decimal", ("1",)), ("enum", "Enum", ("x",)), ("uuid", "UUID", ("x",)), ("pathlib", "PosixPath", ("x",)),
    ("weakref", "ref", ("x",)), ("string", "Formatter.format", ("{0.__class__}", 1)), ("contextlib", "ExitStack", ()),
    # PyTorch: what loads, compiles or runs.
    ("torch", "load", ("CANARY",)), ("torch.serialization", "load", ("CANARY",)), ("torch.serialization", "os.system", (SHELL,)),
    ("torch.storage", "_load_from_bytes", (NESTED,)), ("torch", "save", ([], "CANARY")), ("torch", "from_file", ("CANARY", True, 4)),
    ("torch", "FloatStorage.from_file", ("CANARY", True, 4)), ("torch.hub", "load", ("x", "y")), ("torch.hub", "download_url_to_file", ("http://127.0.0.1:9", "CANARY")),
    ("torch.jit", "load", ("CANARY",)), ("torch.jit.unsupported_tensor_ops", "execWrapper", (CODE, {}, {})), ("torch.jit._script", "unpackage_script_module", ("x", "y")),
    ("torch.package.package_importer", "PackageImporter", ("CANARY",)), ("torch.utils.collect_env", "run", (SHELL,)),
    ("torch.utils.collect_env", "run_and_read_all", ("x", SHELL)), ("torch.utils._config_module", "ConfigModule.load_config", ({}, NESTED)),
    ("torch.utils.bottleneck.__main__", "run_cprofile", (CODE, {})), ("torch.utils.bottleneck.__main__", "run_autograd_prof", (CODE, {})),
    ("torch.utils.data.datapipes.utils.decoder", "basichandlers", ("pickle", NESTED)), ("torch.utils.cpp_extension", "load", ("x", "CANARY")),
    ("torch.utils.model_zoo", "load_url", ("http://127.0.0.1:9",)), ("torch._dynamo.guards", "GuardBuilder.get", ({}, CODE)),
    ("torch._inductor.codecache", "compile_file", ("", "", ["touch", "CANARY"])), ("torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression", ({}, CODE, [])),
    ("torch.fx._symbolic_trace", "Tracer", ()), ("torch.fx.graph_module", "reduce_graph_module", ({}, CODE)), ("torch.ops", "load_library", ("CANARY",)),
    ("torch.classes", "load_library", ("CANARY",)), ("torch._C", "PyTorchFileReader", ("CANARY",)), ("torch", "set_default_dtype", ("x",)),
    ("torch.multiprocessing.reductions", "rebuild_storage_fd", ("x", 0, 1)), ("torch.multiprocessing.reductions", "rebuild_tensor", ("x", "y", "z")),
    ("torch._tensor", "_rebuild_from_type_v2", (b"cos\nsystem\n", b"cos\nsystem\n", (SHELL,), {})), ("torch._utils", "_rebuild_wrapper_subclass", ("x",)),
    ("torch._utils", "_rebuild_device_tensor_from_numpy", ("x", "y", "cpu", False)), ("torch._utils", "_import_dotted_name", ("os.system",)),
    ("torch._utils", "_rebuild_tensor_v1", ("x",)), ("torch.nn.modules.linear", "Linear", (2, 2)), ("torch.optim.sgd", "SGD", ([], 0.1)),
    ("torch.nn.parallel.data_parallel", "DataParallel", ("x",)), ("torch.distributed.rpc.internal", "_run_function", ("x",)),
    # Other packages.
    ("numpy", "load", ("CANARY",)), ("numpy", "fromfile", ("CANARY",)), ("numpy.testing._private.utils", "runstring", (CODE, {})), ("numpy.testing.utils", "runstring", (CODE, {})),
    ("numpy.f2py.crackfortran", "getlincoef", (CODE, {})), ("numpy.f2py.crackfortran", "_eval_length", (CODE, {})), ("numpy", "__builtins__", ()), ("numpy", "f2py.os.system", (SHELL,)),
    ("numpy.core.multiarray", "_reconstruct", ("x", (0,), "b")), ("numpy._core.multiarray", "scalar", ("x", "y")), ("numpy", "ndarray", (2,)), ("numpy", "dtype", ("f8",)),
    ("joblib.numpy_pickle", "load", ("CANARY",)), ("pandas.io.pickle", "read_pickle", ("CANARY",)), ("pandas.io.parsers.readers", "read_csv", ("http://127.0.0.1:9",)),
    ("cloudpickle.cloudpickle", "_make_function", ("x",)), ("cloudpickle.cloudpickle", "subimport", ("os",)), ("dill._dill", "_create_code", ("x",)),
    ("requests.api", "get", ("http://127.0.0.1:9",)), ("aiohttp.client", "ClientSession", ()), ("httpx", "get", ("http://127.0.0.1:9",)), ("yaml", "unsafe_load", (CODE,)),
    ("keras.models", "load_model", ("CANARY",)), ("tensorflow", "io.write_file", ("CANARY", "x")), ("mlflow.projects.backend.local", "_run_entry_point", (SHELL, ".", "", "")),
    ("sympy", "sympify", (CODE,)), ("IPython", "embed", ()), ("jinja2", "Template", ("x",)), ("__main__", "Model", ()), ("ultralytics.nn.tasks", "DetectionModel", ()),
    ("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint", ()), ("omegaconf.dictconfig", "DictConfig", ()), ("fairseq.dataclass.configs", "FairseqConfig", ()),
]

# Spelt so that it looks like a name of the table, or so that a careless comparison takes it for one.
DECEPTIVE: List[Tuple[bytes, bytes]] = [
    (b"collections", b"OrderedDict.__class__"), (b"collections", b"OrderedDict.fromkeys"), (b"collections", b"OrderedDict.__init__.__globals__"),
    (b"collections", b"abc.sys.modules"), (b"collections", b"_sys.exit"), (b"collections", b"OrderedDict "), (b"collections ", b"OrderedDict"),
    (b" collections", b"OrderedDict"), (b"collections", b""), (b"", b"OrderedDict"), (b"", b""), (b"collections", b"orderedDict"),
    (b"Collections", b"OrderedDict"), (b"collections.OrderedDict", b""), (b"collections.", b"OrderedDict"), (b"collections", b".OrderedDict"),
    (b"..collections", b"OrderedDict"), (b"collections\0os", b"OrderedDict"), (b"collections", b"OrderedDict\0system"), (b"collections\r", b"OrderedDict"),
    (b"collections", b"OrderedDict\r"), (b"collections\t", b"OrderedDict"), ("с" "ollections".encode(), b"OrderedDict"), ("ｏｓ".encode(), b"system"),
    (b"collections", "Оrdered" "Dict".encode()), ("collections\u200b".encode(), b"OrderedDict"), (b"\xef\xbb\xbfcollections", b"OrderedDict"), (b"collections", b"\xff\xfe"),
    (b"collections.abc", b"OrderedDict"), (b"torch", b"_utils._rebuild_tensor_v2"), (b"torch._utils._rebuild_tensor_v2", b"x"), (b"torch", b"os.system"),
    (b"torch._utils", b"os.system"), (b"torch._utils", b"_rebuild_tensor_v2.__globals__"), (b"torch._utils", b"_rebuild_tensor_v22"), (b"torch._utils", b"_rebuild_tensor_v"),
    (b"torch._util", b"s._rebuild_tensor_v2"), (b"torch.nn.parameter", b"Parameter.__new__"), (b"torch", b"FloatStorag"), (b"torch", b"FloatStorageX"),
    (b"torch.FloatStorage", b"FloatStorage"), (b"torch", b"float32.__class__"), (b"torch", b"Size.__class__"), (b"torch", b"device.__new__"), (b"_codecs", b"encode.__self__"),
    (b"_codecs", b"lookup"), (b"_codecs", b"decode"), (b"codecs", b"encode"), (b"builtins", b"set.__class__"), (b"builtins", b"complex.__new__"), (b"builtins", b"bytearray.fromhex"),
    (b"torch", b"A" * 100_000), (b"a." * 50_000, b"system"), (b"os", b"system\x1b[2J\x1b]0;x\x07"), ("os\u202e".encode(), b"system"),
]
