"""Tables between marks of docs/performance.md, and plots in docs/performance: written by the programs that measure."""

import datetime
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
README = ROOT / "README.md"
PLOTS = ROOT / "docs" / "performance"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def replace_region(page: str, name: str, text: str) -> str:
    """The page with new text between `<!-- NAME begin -->` and `<!-- NAME end -->`."""
    begin, end = f"<!-- {name} begin -->", f"<!-- {name} end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"the page has not one region {name}")
    return pattern.sub(lambda _: f"{begin}\n\n{text.strip()}\n\n{end}", page)


def update(name: str, region: str, summary: str, plots: dict[str, str], page: Path = PAGE, readme: Path = README,
           folder: Path = PLOTS) -> None:
    """Writes the region of that name of the page, its summary into that of the README, and the plots (file name -> SVG)."""
    changed = {path: replace_region(path.read_text(encoding="utf-8"), name, text)
               for path, text in ((page, region), (readme, summary))}
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8")
    folder.mkdir(exist_ok=True)
    for file, plot in plots.items():
        (folder / file).write_text(plot, encoding="utf-8")


def today() -> str:
    return datetime.date.today().isoformat()
