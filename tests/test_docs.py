"""The pages of docs/ build to a site that is read from disk, and a link that leads nowhere ends the build."""

import re
from pathlib import Path

import build_site
import pytest


def test_the_site_needs_nothing_but_itself(tmp_path: Path) -> None:
    pages = build_site.build(tmp_path)
    assert pages[0] == tmp_path / "docs/index.html"
    assert {page.stem for page in (tmp_path / "docs").glob("*.html")} == set(build_site.PAGES)
    for page in pages:
        text = page.read_text()
        assert not re.search(r"<(script|link|iframe)|@import|url\(|src=\"http", text)  # nothing is fetched
        for target in re.findall(r'(?:href|src)="([^"#]+)', text):
            assert re.match("https?:", target) or (page.parent / target).exists(), (page, target)


def test_every_page_of_the_folder_is_in_the_menu() -> None:
    assert {path.stem for path in (build_site.ROOT / "docs").glob("*.md")} == set(build_site.PAGES)


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, again = (build_site.build(tmp_path / name) for name in "ab")
    assert [page.read_bytes() for page in first] == [page.read_bytes() for page in again]


@pytest.mark.parametrize("link", ["nowhere.md", "index.md#no-such-heading", "../examples/nothing.py"])
def test_a_broken_link_ends_the_build_and_is_named(link: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text(f"# A page\n\n[there]({link})\n")
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    monkeypatch.setattr(build_site, "PAGES", ("index",))
    with pytest.raises(build_site.BrokenLinks, match=f"index.md: {link}"):
        build_site.build(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_markup_in_a_page_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("# A <b>\n\n<script>alert(1)</script>\n")
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    monkeypatch.setattr(build_site, "PAGES", ("index",))
    (page,) = build_site.build(tmp_path / "site")
    assert "<script>" not in page.read_text()
    assert "<title>A &lt;b&gt;</title>" in page.read_text()
