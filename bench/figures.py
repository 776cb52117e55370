"""Plots as SVG, written by hand: bars with labels, readable on light and dark pages."""

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

OURS, THEIRS, GOOD, BAD, GRID = "#1f6fb2", "#9aa5b1", "#2e8b57", "#c8553d", "#d5dae0"
ROW = 22
FONT = 'font-family="sans-serif" font-size="12"'


@dataclass(frozen=True)
class Bar:
    """One bar of a plot. `text` is printed after it; `note` in place of a bar where there is no value."""

    label: str
    value: float | None
    text: str
    ours: bool = False


def _document(width: int, height: int, title: str, parts: list[str]) -> str:
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">\n'
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n')
    return head + "\n".join(parts) + "\n</svg>\n"


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal", color: str = "#1c2430") -> str:
    return (f'<text x="{x:.0f}" y="{y:.0f}" {FONT} text-anchor="{anchor}" font-weight="{weight}" fill="{color}">'
            f'{escape(text)}</text>')


def _rect(x: float, y: float, width: float, color: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{ROW - 8}" fill="{color}"/>'


def bar_plot(title: str, panels: list[tuple[str, list[Bar]]]) -> str:
    """Panels of horizontal bars below each other, each with its own scale from zero."""
    left, plot, right = 170, 380, 210
    parts = [_text(12, 22, title, weight="bold")]
    y = 34.0
    for name, bars in panels:
        longest = max((bar.value for bar in bars if bar.value is not None), default=0) or 1
        y += 14
        parts.append(_text(12, y, name, weight="bold", color="#4a5563"))
        y += 8
        for bar in bars:
            parts.append(_text(left - 8, y + ROW - 9, bar.label, "end"))
            width = 0.0 if bar.value is None else plot * bar.value / longest
            if bar.value is not None:
                parts.append(_rect(left, y + 2, width, OURS if bar.ours else THEIRS))
            parts.append(_text(left + width + 6, y + ROW - 9, bar.text))
            y += ROW
    return _document(left + plot + right, int(y) + 12, title, parts)


def goal_plot(title: str, rows: list[tuple[str, float, str]]) -> str:
    """How far each case is beyond its goal (right of the line), or short of it; a logarithmic scale. A row has a name,
    how many times the goal was reached, and a text."""
    left, half, right = 190, 190, 190
    middle, octaves = left + half, 3
    height = 62 + ROW * len(rows)
    parts = [_text(12, 22, title, weight="bold")]
    for power in range(-octaves, octaves + 1):
        x = middle + half * power / octaves
        label = "goal" if power == 0 else f"{2 ** power} x" if power > 0 else f"1/{2 ** -power}"
        parts.append(_text(x, 42, label, "middle", color="#4a5563"))
        color = "#1c2430" if power == 0 else GRID
        parts.append(f'<line x1="{x:.1f}" y1="48" x2="{x:.1f}" y2="{height - 10}" stroke="{color}"/>')
    for number, (name, times, text) in enumerate(rows):
        y = 52 + ROW * number
        power = max(-octaves, min(octaves, math.log2(times))) if times > 0 else octaves
        x = middle + half * power / octaves
        parts.append(_text(left - 8, y + ROW - 9, name, "end"))
        parts.append(_rect(min(x, middle), y + 2, abs(x - middle), GOOD if times >= 1 else BAD))
        parts.append(_text(middle + half + 10, y + ROW - 9, text))
    return _document(left + 2 * half + right, height, title, parts)
