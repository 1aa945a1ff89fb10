"""Build the pages of this folder, and those that they link to, as HTML.  Run: python docs/build_site.py [FOLDER].

Needs `pip install ".[docs]"`.  The site is read from disk, without network: open FOLDER/docs/index.html.  A link to a
page, a heading or a file that is not there ends the build.
"""

import html
import itertools
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("index", "first_steps", "choosing_a_chip", "own_chip", "network_to_chip", "numbers", "extending")
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --link: light-dark(#0550ae, #79b8ff) }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem 1.5rem 4rem }
nav { border-bottom: 1px solid var(--line); padding-bottom: .5rem } nav a { margin-right: 1.2rem }
a { color: var(--link) } a:focus-visible { outline: 2px solid } h1, h2, h3 { line-height: 1.2; margin-top: 2rem }
code { background: var(--soft); padding: .1em .25em } pre { background: var(--soft); overflow-x: auto; padding: .8rem }
pre code { background: none; padding: 0 } img { max-width: 100% }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top }
@media print { nav { display: none } body { max-width: none } }
"""


class BrokenLinks(Exception):  # noqa: N818 - reads as what happened
    """Links that lead nowhere, one a line."""


def build(folder: Path) -> list[Path]:
    """Write the site: it mirrors the repository, each .md as .html, each other file that is linked to as it is.

    Returns:
        The pages written, those of this folder first.

    Raises:
        BrokenLinks: pages, headings or files that are linked to and not there.
    """
    waiting, trees, faults = [ROOT / f"docs/{name}.md" for name in PAGES], {}, []
    for page in waiting:  # grows: the pages that these link to are pages too
        trees[page] = MARKDOWN.parse(page.read_text(encoding="utf-8"))
        for token, key, path, _ in links(page, trees[page]):
            if path.suffix == ".md" and path.is_file() and path not in waiting:
                waiting.append(path)
            elif not path.exists():
                faults.append(f"{page.relative_to(ROOT)}: {token.attrs[key]}: no such file")
    for page, tree in trees.items():
        for token, key, path, heading in links(page, tree):
            if heading and path in trees and heading not in headings(trees[path]):
                faults.append(f"{page.relative_to(ROOT)}: {token.attrs[key]}: no such heading")
    if faults:
        raise BrokenLinks("\n".join(faults))
    return [_write(page, tree, folder) for page, tree in trees.items()]


def links(page: Path, tree: list[Token]) -> Iterator[tuple[Token, str, Path, str]]:
    """Each link of a page into the repository: its token and attribute, the file, and the heading or ""."""
    for token in (child for parent in tree for child in parent.children or ()):
        for key in {"href", "src"} & set(token.attrs):
            target = str(token.attrs[key])
            if not re.match(r"[a-z]+:", target):
                name, _, heading = target.partition("#")
                yield token, key, Path(os.path.normpath(page.parent / name)) if name else page, heading


def headings(tree: list[Token]) -> dict[str, Token]:
    """The name by which a link finds each heading: its words in lower case, with hyphens between."""
    texts = [(token, text.content) for token, text in itertools.pairwise(tree) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-"): token for token, text in texts}


def title(tree: list[Token]) -> str:
    """The first heading."""
    return next(text.content for token, text in itertools.pairwise(tree) if token.type == "heading_open")


def _write(page: Path, tree: list[Token], folder: Path) -> Path:
    """The page as HTML, and the files that it shows or links to."""
    for name, token in headings(tree).items():
        token.attrSet("id", name)
    for token, key, path, _ in links(page, tree):
        if path.suffix == ".md":
            token.attrs[key] = re.sub(r"\.md(?=#|$)", ".html", str(token.attrs[key]))
        elif path.is_file():
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    body = MARKDOWN.renderer.render(tree, MARKDOWN.options, {})
    output = folder / page.relative_to(ROOT).with_suffix(".html")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{html.escape(title(tree))}</title>\n'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n'
        f"<body>\n<nav>{_menu(page)}</nav>\n<main>\n{body}</main>\n</body>\n</html>\n",
        encoding="utf-8",
    )
    return output


def _menu(page: Path) -> str:
    """Links to the pages of this folder."""
    entries = []
    for name in PAGES:
        path = ROOT / f"docs/{name}.md"
        here = ' aria-current="page"' if path == page else ""
        address = os.path.relpath(path.with_suffix(".html"), page.parent)
        entries.append(f'<a href="{address}"{here}>{name.replace("_", " ") if name != "index" else "neurosim"}</a>')
    return "\n".join(entries)


if __name__ == "__main__":
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "site"
    try:
        written = build(site)
    except BrokenLinks as found:
        sys.exit(str(found))
    print(f"{len(written)} pages; open {written[0]}")
