"""The report in a real browser: it draws, sorts, filters, zooms and saves, by mouse and keyboard, without an error."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium
from test_report import EVIL, evil_run, row

import neurosim as ns

PAINT_MS = 1000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def driver(home: Path) -> Iterator[Any]:
    with chromium(home) as found:
        yield found


@pytest.fixture(scope="module")
def run_page(home: Path) -> str:
    result, program = evil_run()
    return ns.report(result, program, home / "run.html", name=EVIL).as_uri()


@pytest.fixture(scope="module")
def rows_page(home: Path) -> str:
    rows = [row(f"{EVIL}{i}", 1e-6 * (1 + i), 0.8 + 0.01 * i, cores_used=9 - i) for i in range(8)]
    return ns.report(rows, path=home / "rows.html").as_uri()


@pytest.fixture(scope="module")
def wide_page(home: Path) -> str:
    settings = {f"core.a_rather_long_key_{i}": 1000 * i for i in range(8)}
    more = {"static_energy_per_inference_j": 1e-5, "latency_per_inference_p99_s": 2e-3, "on_front": True}
    return ns.report([row("loihi1", 1e-6, 0.8, **more, overrides=settings)], path=home / "wide.html").as_uri()


@pytest.fixture
def opened(driver: Any) -> Iterator[Callable[[str], Any]]:
    """Opens a page with all figures drawn; afterwards the console must be empty."""

    def get(address: str) -> Any:
        driver.get(address)
        wait(lambda: driver.execute_script(LEFT) == 0)
        return driver

    yield get
    assert driver.get_log("browser") == []


LEFT = "return document.querySelectorAll('figure:not([data-drawn])').length"


def wait(holds: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def find(driver: Any, css: str) -> Any:
    return driver.find_element("css selector", css)


def column(driver: Any, section: str, number: int) -> list[str]:
    script = (
        "return [...document.querySelectorAll(`#${arguments[0]} tbody tr:not([hidden])`)]"
        ".map((row) => row.cells[arguments[1]].textContent)"
    )
    return list(driver.execute_script(script, section, number))


def test_every_figure_is_drawn_at_once(opened: Callable[[str], Any], run_page: str) -> None:
    driver = opened(run_page)
    figures = driver.find_elements("css selector", "figure")
    assert len(figures) == 6
    for figure in figures:
        assert figure.find_elements("css selector", "svg g *")
    paint = "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
    assert driver.execute_script(paint) < PAINT_MS


def test_names_are_shown_as_they_are(opened: Callable[[str], Any], run_page: str) -> None:
    driver = opened(run_page)
    assert find(driver, "h1").text == EVIL
    assert EVIL in find(driver, "#activity .key").text
    assert driver.execute_script("return document.scripts.length") == 2


def test_tables_sort_by_click_and_by_enter(opened: Callable[[str], Any], rows_page: str) -> None:
    driver = opened(rows_page)
    head = find(driver, "#rows th:nth-child(2) button")
    before = column(driver, "rows", 1)
    head.click()
    assert column(driver, "rows", 1) == before
    head.send_keys("\ue007")
    assert column(driver, "rows", 1) == before[::-1]
    assert find(driver, "#rows th:nth-child(2)").get_attribute("aria-sort") == "descending"


def test_tables_filter(opened: Callable[[str], Any], rows_page: str) -> None:
    driver = opened(rows_page)
    find(driver, "#rows input").send_keys("&3")
    assert column(driver, "rows", 0) == [f"{EVIL}3"]
    assert find(driver, "#rows [role=status]").text == "1 of 8 rows"


def test_figures_zoom_by_buttons_and_keys(opened: Callable[[str], Any], run_page: str) -> None:
    driver = opened(run_page)
    svg = find(driver, "#time svg")
    whole = svg.get_attribute("innerHTML")
    find(driver, "#time [aria-label^='Zoom in']").click()
    assert svg.get_attribute("innerHTML") != whole
    find(driver, "#time [aria-label^='Show all']").click()
    assert svg.get_attribute("innerHTML") == whole
    driver.execute_script("arguments[0].focus()", svg)
    for keys in ("+", "\ue014"):
        svg.send_keys(keys)
    assert svg.get_attribute("innerHTML") != whole
    svg.send_keys("0")
    assert svg.get_attribute("innerHTML") == whole


def test_all_controls_have_names_and_are_reached(opened: Callable[[str], Any], run_page: str) -> None:
    driver = opened(run_page)
    controls = driver.find_elements("css selector", "button, input, select, svg.chart")
    assert all(control.accessible_name for control in controls)
    reached = driver.execute_script("return [...arguments[0]].filter((each) => each.tabIndex < 0).length", controls)
    assert reached == 0
    find(driver, "body").send_keys("\ue004")  # Tab
    outline = driver.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert find(driver, ".skip") == driver.switch_to.active_element
    assert outline == "solid"


def test_figures_are_saved(opened: Callable[[str], Any], run_page: str, home: Path) -> None:
    driver = opened(run_page)
    find(driver, "#activity [aria-label^='Save as SVG']").click()
    find(driver, "#activity [aria-label^='Save as PNG']").click()
    wait(lambda: (home / "raster.svg").is_file() and (home / "raster.png").is_file())
    assert (home / "raster.png").read_bytes().startswith(b"\x89PNG")
    saved = (home / "raster.svg").read_text()
    assert saved.startswith("<svg")
    assert "svg.chart" in saved
    driver.get((home / "raster.svg").as_uri())
    assert driver.get_screenshot_as_png()


def test_the_front_follows_the_numbers_chosen(opened: Callable[[str], Any], rows_page: str) -> None:
    driver = opened(rows_page)
    assert len(driver.find_elements("css selector", "#pareto circle.best")) == 8  # more energy, more accuracy
    find(driver, "#pareto label:nth-child(1) option:nth-child(4)").click()  # cores: fewer, and more accurate
    assert len(driver.find_elements("css selector", "#pareto circle.best")) == 1


def test_the_mesh_takes_another_colour(opened: Callable[[str], Any], run_page: str) -> None:
    driver = opened(run_page)
    before = find(driver, "#mesh .key").text
    find(driver, "#mesh option:nth-child(2)").click()
    assert "energy" in find(driver, "#mesh .key").text != before


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_window(
    width: int, scheme: str, opened: Callable[[str], Any], run_page: str, driver: Any
) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        opened(run_page)
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        paper = driver.execute_script("return getComputedStyle(document.querySelector('section')).backgroundColor")
        assert (sum(map(int, paper[4:-1].split(","))) > 380) == (scheme == "light")
        assert driver.get_screenshot_as_png()
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_it_prints_whole(opened: Callable[[str], Any], run_page: str) -> None:
    driver = opened(run_page)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not find(driver, ".tools").is_displayed()
    assert not find(driver, "nav").is_displayed()
    assert find(driver, "#mesh svg").is_displayed()
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert len(driver.print_page()) > 10_000


@pytest.mark.parametrize(("width", "media", "what"), [(720, "print", "table"), (360, "screen", "caption span")])
def test_tables_end_within_a_sheet_and_captions_within_a_window(
    width: int, media: str, what: str, opened: Callable[[str], Any], wide_page: str, driver: Any
) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media})
    try:
        opened(wide_page)
        ends = f"return [...document.querySelectorAll({what!r})].map(one => one.getBoundingClientRect().right)"
        assert max(driver.execute_script(ends)) <= width
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
