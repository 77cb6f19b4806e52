"""What can be seen of a film before it is made, and while it is: its beats, and which one is drawn."""

import io

from workbench.errors import MediaError
from workbench.explain.cards.drawing import card_of, plain_card
from workbench.explain.storyboards.storyboard import Beat

LOOK_WIDTH_PX = 480
"""Pixels of a small picture of a beat from left to right."""


def picture_of(beat: Beat, theme: str, *, width_px: int = LOOK_WIDTH_PX) -> bytes:
    """A small picture of how a beat ends as a card, as JPEG.

    Args:
        beat: A beat of a checked storyboard.
        theme: `light` or `dark`.
        width_px: Its width.
    """
    try:
        picture = card_of(beat, theme).ends()
    except MediaError as error:
        picture = plain_card(beat, theme, error.message).ends()
    target = io.BytesIO()
    height_px = round(picture.height * width_px / picture.width)
    picture.resize((width_px, height_px)).save(target, "JPEG", quality=82)
    return target.getvalue()


def beats_drawn(done: int, total: int, *, before: int = 0) -> tuple[int, int]:
    """How many beats of a film are drawn, of how many, from the units its making has told.

    A film of `n` beats has `n` units of speech, `n` of pictures, and one for putting it together.

    Args:
        done: Units that are finished.
        total: Units there are.
        before: Units of writing, that come first.

    Example:
        >>> beats_drawn(9, 13), beats_drawn(4, 13), beats_drawn(13, 17, before=4)
        ((3, 6), (0, 6), (3, 6))
    """
    beats = max(0, total - before - 1) // 2
    return min(beats, max(0, done - before - beats)), beats
