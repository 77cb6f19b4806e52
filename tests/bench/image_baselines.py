"""What the image proxies are measured against. Frozen: never made faster, never mended."""

# ruff: noqa: A001, PLW2901 - the words of the document

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image


def create_image_proxy(source_path: Path, output_path: Path, quality: int = 85) -> None:
    """The requirement document's own code, word for word."""
    with Image.open(source_path) as img:
        # Convert to RGB if necessary (for JPEG output)
        if img.mode in ("RGBA", "LA", "P"):
            # Preserve transparency info for PNG
            format = "PNG"
        else:
            img = img.convert("RGB")
            format = "JPEG"

        # Calculate target size
        width, height = img.size
        shorter_side = min(width, height)

        if shorter_side > 896:
            scale = 896 / shorter_side
            new_width = int(width * scale)
            new_height = int(height * scale)
            img = img.resize((new_width, new_height), Image.Resampling.LANCZOS)

        # Save with optimization
        if format == "JPEG":
            img.save(output_path, format="JPEG", quality=quality, optimize=True)
        else:
            img.save(output_path, format="PNG", optimize=True)


def recipe(sources: list[Path], folder: Path, threads: int) -> None:
    """The document's code over many pictures: one after the other, or by a pool of threads."""
    _open_heic_too(sources)
    targets = [folder / f"{path.stem}.jpg" for path in sources]
    if threads == 1:
        for source, target in zip(sources, targets, strict=True):
            create_image_proxy(source, target)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(create_image_proxy, sources, targets))


def decoded(sources: list[Path], _folder: Path, _threads: int) -> None:
    """Plain decoding: the floor that nothing which looks at every pixel can go below."""
    _open_heic_too(sources)
    for path in sources:
        with Image.open(path) as picture:
            picture.load()


def _open_heic_too(sources: list[Path]) -> None:
    if any(path.suffix == ".heic" for path in sources):
        import pillow_heif

        pillow_heif.register_heif_opener()
