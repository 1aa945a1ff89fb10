"""Pictures as PNG files: the same figure gives the same bytes, whole or not at all."""

import io
from pathlib import Path
from typing import Any

from compiler.npz import replacing


def save_png(figure: Any, path: str | Path, dpi: int = 150) -> None:
    """Write a matplotlib figure.

    Raises:
        NeurosimError: the file cannot be written.
    """
    image = png_bytes(figure, dpi)
    with replacing(path) as file:
        file.write(image)


def png_bytes(figure: Any, dpi: int = 150) -> bytes:
    """A matplotlib figure as the bytes of a file."""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=dpi, metadata={"Software": "neurosim"})
    return image.getvalue()
