"""A page as HTML: one file that needs nothing else.

Text is escaped wherever it goes.  Data of figures stand in a JSON script element, in which no `<` is left, and the
page's policy allows no other script than ours, by its hash, and no address at all.
"""

import base64
import hashlib
import html
import json
from functools import cache
from importlib.resources import files
from itertools import groupby
from string import Template
from typing import Any

from neurosim.reporting.page import KINDS, Fact, Figure, Page, Section, Table

SCRIPTS = ("base.js", "plot.js", "charts.js", "mesh.js", "tables.js", "page.js")


def render(page: Page) -> str:
    """The whole file; the same page gives the same text."""
    figures: list[Figure] = []
    body = "\n".join(_section(section, figures) for section in page.sections)
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = [{"kind": figure.kind, "title": clean(figure.title), **figure.data} for figure in figures]
    links = "".join(f'<a href="#{section.key}">{text(section.title)}</a>' for section in page.sections)
    return Template(_asset("report.html")).substitute(
        title=text(page.title),
        subtitle=text(page.subtitle),
        digest=digest,
        page_css=_asset("report.css"),
        figure_css=_asset("figure.css"),
        contents=links,
        body=body,
        kinds="".join(f"<dt>{badge(kind)}</dt><dd>{text(meaning)}</dd>" for kind, meaning in KINDS.items()),
        data=safe_json(data),
        script=script,
    )


def clean(value: str) -> str:
    """Text that any browser can read: what is no character becomes a replacement mark."""
    whole = value.encode("utf-8", "replace").decode()
    return "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in whole)


def text(value: str) -> str:
    """Text for any place in the page, attributes too."""
    return html.escape(clean(value), quote=True)


def safe_json(data: Any) -> str:
    """JSON that cannot end the script element in which it stands."""
    plain = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def badge(kind: str) -> str:
    """The mark of a kind of number."""
    known = kind if kind in KINDS else "mixed"
    return f'<span class="kind kind-{known}">{text(kind)}</span>'


@cache
def _asset(name: str) -> str:
    return files("neurosim.reporting").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    return '"use strict";\n(() => {\n' + "\n".join(_asset(name) for name in SCRIPTS) + "\n})();\n"


def _section(section: Section, figures: list[Figure]) -> str:
    parts: list[str] = []
    for kind, group in groupby(section.parts, type):
        if kind is Fact:
            parts.append('<dl class="facts">' + "".join(_fact(part) for part in group) + "</dl>")  # type: ignore[arg-type]
            continue
        for part in group:
            if isinstance(part, Table):
                parts.append(_table(part))
            elif isinstance(part, Figure):
                parts.append(_figure(part, len(figures)))
                figures.append(part)
            elif isinstance(part, str):
                parts.append(f"<p>{text(part)}</p>")
    inside = "\n".join(parts)
    return f'<section id="{section.key}"><h2>{text(section.title)}</h2>\n{inside}\n</section>'


def _fact(fact: Fact) -> str:
    source = f'<span class="source">{text(fact.source)}</span>' if fact.source else ""
    return f"<div><dt>{text(fact.name)}</dt><dd><b>{text(fact.text)}</b>{badge(fact.kind)}{source}</dd></div>"


def _table(table: Table) -> str:
    heads = "".join(
        f'<th scope="col"{" class=n" if column.is_number else ""}>{text(column.name)}'
        f"{f'<small>{text(column.note)}</small>' if column.note else ''}</th>"
        for column in table.columns
    )
    rows = "\n".join("<tr>" + "".join(map(_cell, row, table.columns)) + "</tr>" for row in table.rows)
    left = f" {table.left_out:,} more rows are left out." if table.left_out else ""
    return (
        f'<div class="table"><table><caption><span>{text(table.caption + left)}</span></caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )


def _cell(cell: Any, column: Any) -> str:
    value = "" if cell.value is None else f' data-v="{cell.value!r}"'
    kind = " class=n" if column.is_number else " class=long" if len(cell.text) > 40 else ""
    inside = badge(cell.text) if column.name == "kind" and cell.text else text(cell.text)
    return f"<td{kind}{value}>{inside}</td>"


def _figure(figure: Figure, index: int) -> str:
    note = f'<p class="note">{text(figure.note)}</p>' if figure.note else ""
    return (
        f'<figure data-figure="{index}" aria-label="{text(figure.description or figure.title)}">'
        f'<figcaption>{text(figure.title)}</figcaption><div class="plot"></div>{note}</figure>'
    )
