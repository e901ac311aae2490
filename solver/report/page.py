"""HTML of a report: escaped text, tables, figures, sections, and the page around them in one file."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# nothing may be fetched: neither by this page nor by the scene inside it, which inherits the policy
POLICY = ("default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline' blob:; "
          "worker-src blob:; frame-src 'self'; connect-src data: blob:")


class Markup(str):
    """Text that is HTML already."""


def text(value: Any) -> Markup:
    """Escaped text; a Markup as it is; None as a dash."""
    if isinstance(value, Markup):
        return value
    return Markup("–" if value is None else escape(str(value)))


def number(value: float | None, digits: int = 4) -> str:
    """A number as it is printed: few digits, powers of ten, a true minus sign; a dash for None."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f").replace("-", "−")
    shown = f"{value:.{digits}g}"
    mantissa, mark, power = shown.partition("e")
    if mark:
        raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        shown = f"{mantissa}\u202f×\u202f10{raised}"
    return shown.replace("-", "−")


def quantity(name: str) -> tuple[str, str]:
    """Name and unit of "name [unit]"; the unit 1 is none."""
    bare, _, unit = name.partition(" [")
    unit = unit.rstrip("]")
    return bare, "" if unit == "1" else unit


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], kind: str = "") -> Markup:
    """A table; the first column are row headings.

    Args:
        head: headings, empty for none.
        rows: cells, escaped unless Markup; a row of one cell heads the ones after it.
        kind: class of the table.
    """
    top = "<thead><tr>" + "".join(f"<th scope=col>{text(h)}</th>" for h in head) + "</tr></thead>" if head else ""
    lines = []
    for first, *rest in rows:
        if not rest:
            lines.append(f"<tr class=group><th scope=rowgroup colspan={len(head)}>{text(first)}</th></tr>")
            continue
        lines.append(f"<tr><th scope=row>{text(first)}</th>" + "".join(f"<td>{text(c)}</td>" for c in rest) + "</tr>")
    return Markup(f'<div class=wide><table class="{kind}">{top}<tbody>{"".join(lines)}</tbody></table></div>')


def figure(png: Path, caption: str) -> Markup:
    """A picture inside the page."""
    data = base64.b64encode(png.read_bytes()).decode()
    return Markup(f'<figure id="figure-{escape(png.stem)}"><img alt="{escape(caption)}" '
                  f'src="data:image/png;base64,{data}"><figcaption>{escape(caption)}</figcaption></figure>')


def section(title: str, *parts: str) -> Markup:
    """A section; its address is the title in small letters. Nothing at all when it has no content."""
    body = "".join(text(part) for part in parts)
    name = "-".join(title.lower().split())
    return Markup(f'<section id="{escape(name)}"><h2>{text(title)}</h2>{body}</section>' if body else "")


def paragraph(words: str) -> Markup:
    """A paragraph."""
    return Markup(f"<p>{text(words)}</p>")


def folded(title: str, body: str) -> Markup:
    """Something to unfold; unfolded in print."""
    return Markup(f"<details><summary>{text(title)}</summary>{text(body)}</details>")


def verbatim(words: str) -> Markup:
    """Text as it is in a file."""
    return Markup(f"<pre>{escape(words)}</pre>")


def scene(exported: dict[str, Any]) -> Markup:
    """The interactive scene with its buttons and colour bar; its picture where there is no script, and in print.

    Args:
        exported: from solver.report.scene.export.
    """
    stored = "".join(f'<script type="text/plain" id="scene-{k}">{s["data"]}</script>'
                     for k, s in enumerate(exported["scenes"]))
    listed = [{key: s[key] for key in ("place", "field", "moment", "title")} for s in exported["scenes"]]
    viewer = base64.b64encode(exported["viewer"].encode()).decode()
    about = json.dumps({"scenes": listed, "colours": exported["colours"]}).replace("<", "\\u003c")
    return Markup(
        f'<div id=viewing hidden></div><div id=bar hidden></div>'
        f'<figure id=scene><iframe id=frame title="3D scene" hidden></iframe>'
        f'<img id=still alt="the device" src="data:image/png;base64,{exported["picture"]}">'
        f'<figcaption><span id=shown>{escape(listed[0]["title"])}</span><span class=screen>. Drag to turn, scroll to '
        f'come nearer, shift and drag to move.</span></figcaption></figure>'
        f'<script type="text/plain" id=viewer>{viewer}</script>{stored}'
        f'<script type="application/json" id=scenes>{about}</script>')


def page(title: str, body: Iterable[str]) -> str:
    """The whole file."""
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    return (f'<!doctype html>\n<html lang=en><head><meta charset=utf-8>'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f'<meta name=viewport content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
            f'<link rel=icon href="data:,"><style>{style}</style></head>\n<body>\n' + "\n".join(map(str, body))
            + f"\n<script>{script}</script></body></html>\n")
