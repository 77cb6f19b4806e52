"""Bring the colours of a picture to 8-bit sRGB, whatever they are kept as."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_DEEP = frozenset({"F", "I", "I;16", "I;16B", "I;16L"})


def colour_notes(picture: "Picture") -> tuple[str, ...]:
    """What has to be done to an opened picture, not decoded yet, to make it 8-bit sRGB.

    Returns:
        A sentence for each.
    """
    notes = []
    if picture.mode in _DEEP or any("16" in str(tile[3]) for tile in getattr(picture, "tile", ())):
        notes.append("More than 8 bits a channel were scaled to 8.")
    if picture.mode in {"CMYK", "LAB"}:
        notes.append(f"Its colours were {picture.mode} and were converted to sRGB.")
    elif (name := _profile_name(picture)) and "sRGB" not in name:
        notes.append(f"Its colours were converted from {name} to sRGB.")
    return tuple(notes)


def to_eight_bit(picture: "Picture") -> "Picture":
    """Scale pictures of 16 or 32 bits a channel to 8; converting alone would clip them."""
    if picture.mode not in _DEEP:
        return picture
    import numpy as np
    from PIL import Image

    values = np.asarray(picture).astype(np.float32)
    values = np.nan_to_num(values, posinf=0, neginf=0)
    low, high = min(0.0, float(values.min())), float(values.max())
    if picture.mode == "F":
        # Floating point has no fixed range: what is there is stretched.
        scale = 255 / (high - low) if high > low else 0.0
    else:
        low = 0.0
        # Beyond 16 bits nothing says where white is: the brightest pixel is taken for it.
        scale = 255 / high if high > 65535 else 1 / 257 if high > 255 else 1.0
    scaled = np.clip((values - low) * scale, 0, 255)
    return Image.fromarray(np.rint(scaled).astype(np.uint8))


def without_unused_alpha(picture: "Picture") -> "Picture":
    """Bring any mode to L, RGB or RGBA, CMYK and LAB; RGBA only if something is see-through."""
    if picture.mode in {"CMYK", "LAB", "L", "RGB", "YCbCr"} and "transparency" not in picture.info:
        return picture
    if not picture.has_transparency_data:
        return picture.convert("L" if picture.mode == "1" else "RGB")
    clear = picture.convert("RGBA")
    lowest, _ = clear.getchannel("A").getextrema()
    return clear.convert("RGB") if lowest == 255 else clear


def to_srgb(picture: "Picture", profile: bytes | None) -> "Picture":
    """Convert L, RGB, RGBA, YCbCr, CMYK or LAB to sRGB, by the embedded colour profile if there is one.

    Args:
        picture: As `without_unused_alpha` gives it.
        profile: The ICC profile in the file, if any. A broken one is passed over.
    """
    from PIL import ImageCms

    if not profile and picture.mode in {"L", "RGB", "RGBA", "YCbCr"}:
        return picture.convert("RGB") if picture.mode == "YCbCr" else picture
    target = ImageCms.createProfile("sRGB")
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    plain = picture.convert("RGB") if alpha or picture.mode == "YCbCr" else picture
    try:
        if profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                converted = _through(plain, source, target)
                plain = converted.convert("L") if plain.mode == "L" else converted
        elif plain.mode == "LAB":
            plain = _through(plain, ImageCms.createProfile("LAB"), target)
    except (ImageCms.PyCMSError, OSError):
        # The profile does not fit the pixels or cannot be read; the pixels are what is left.
        plain = plain if plain.mode in {"L", "RGB"} else plain.convert("RGB")
    if plain.mode not in {"L", "RGB"}:
        plain = plain.convert("RGB")
    if alpha:
        plain = plain.convert("RGB")
        plain.putalpha(alpha)
    return plain


def _through(picture: "Picture", source: object, target: object) -> "Picture":
    from PIL import ImageCms

    converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")  # type: ignore[arg-type]
    return converted if converted is not None else picture


def _profile_name(picture: "Picture") -> str:
    """What a colour profile calls itself; empty if there is none that fits the picture."""
    profile = picture.info.get("icc_profile")
    if not profile:
        return ""
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        named = ImageCms.getProfileDescription(opened)
    except (ImageCms.PyCMSError, OSError):
        return ""
    is_grey = picture.mode in _DEEP or picture.mode in {"1", "L", "LA"}
    fits = (opened.profile.xcolor_space.strip() == "GRAY") == is_grey
    return " ".join(named.split()) if fits else ""
