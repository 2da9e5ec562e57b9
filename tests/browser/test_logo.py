"""The kernel's logo: the pictures are the drawing, in the two sizes that front ends ask for.

`TAKE_PICTURE=1 pytest tests/browser/test_logo.py` draws them anew.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

LOGOS = Path(__file__).resolve().parents[2] / "kernel" / "ba_kernel" / "kernelspec"
# The largest difference of a channel (0 to 255) between the pixels of two pictures of a size.
DIFFERENCE = """\
async ([size, ...pictures]) => {
  const [one, other] = await Promise.all(pictures.map(async source => {
    const image = new Image(size, size);
    image.src = source;
    await image.decode();
    const canvas = new OffscreenCanvas(size, size).getContext("2d");
    canvas.drawImage(image, 0, 0, size, size);
    return canvas.getImageData(0, 0, size, size).data;
  }));
  return Math.max(...one.map((value, index) => Math.abs(value - other[index])));
}"""
STYLE = "<style>body { margin: 0 } svg { display: block; width: 100vw; height: 100vh }</style>"
# Another version of Chromium may smooth edges in another way.
SAME = 40


@pytest.mark.parametrize("size", [32, 64])
def test_the_picture_of_the_logo_is_the_drawing(browser: Browser, size: int) -> None:
    """Pixel by pixel, but for how edges are smoothed."""
    drawing, picture = LOGOS / "logo-svg.svg", LOGOS / f"logo-{size}x{size}.png"
    page = browser.new_page(viewport={"width": size, "height": size})
    try:
        if os.environ.get("TAKE_PICTURE"):
            page.set_content(STYLE + drawing.read_text(encoding="utf-8"))
            page.screenshot(path=picture, omit_background=True)
        pictures = [_data("image/svg+xml", drawing), _data("image/png", picture)]
        assert page.evaluate(DIFFERENCE, [size, *pictures]) <= SAME
    finally:
        page.close()


def _data(kind: str, file: Path) -> str:
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
