"""Makes a folder from which the package can be imported: make_package.py SOURCES FOLDER EXTENSION STUB"""

import shutil
import sys
from pathlib import Path


def main() -> None:
    sources, folder, *built = (Path(argument).resolve() for argument in sys.argv[1:])
    shutil.rmtree(folder, ignore_errors=True)
    for source in sources.rglob("*"):
        target = folder / "milepost" / source.relative_to(sources)
        if source.suffix == ".py" or source.name == "py.typed":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source)
    for each in built:
        (folder / "milepost" / each.name).symlink_to(each)


main()
