"""How the clips of a plan will travel: inside of a request, or through a folder in S3."""

from collections.abc import Callable, Sequence

from workbench.analysis.plans.planned import PlannedCall
from workbench.analysis.plans.question import OVERVIEW_SPEC, video_spec_of
from workbench.backends.bedrock.wire import STAGED_LIMIT_BYTES
from workbench.media.video.specs import MOST_PICTURES, RATE_CAP


def clip_bytes(call: PlannedCall, proxy_bytes: int | None) -> int:
    """Bytes of the clip that goes with a call; 0 where none does.

    Args:
        call: The call.
        proxy_bytes: Size of the video's proxy, which clips are cut from; None while it is not
            made: then the most it can be.
    """
    asset, chunk = call.part.asset, call.chunk
    if asset.kind != "video" or chunk is None or not asset.duration_s:
        return 0
    if video_spec_of(asset, chunk) == OVERVIEW_SPEC:
        # It has as many bytes as 16 minutes have, however long the film is.
        return round(MOST_PICTURES * RATE_CAP / 8)
    per_s = RATE_CAP / 8 if proxy_bytes is None else proxy_bytes / asset.duration_s
    return round(chunk.sent.duration_s * per_s)


def sending_notes(
    calls: Sequence[PlannedCall],
    proxy_bytes_of: Callable[[str], int | None],
    *,
    limit_bytes: int,
    can_stage: bool,
) -> tuple[str, ...]:
    """Say which clips may be too large for a request, and what becomes of them.

    Args:
        calls: The calls of a plan, to a service that takes clips in its requests.
        proxy_bytes_of: Id of an asset → size of its proxy, None while it is not made.
        limit_bytes: Most bytes of media in one request.
        can_stage: Is there a folder in S3 for what is larger?
    """
    sizes = [
        size
        for call in calls
        if not call.is_kept and (size := clip_bytes(call, proxy_bytes_of(call.asset_id)))
    ]
    large = [size for size in sizes if size > limit_bytes]
    if not large:
        return ()
    clips = "1 clip" if len(large) == 1 else f"{len(large)} clips"
    said = (
        f"{clips} of {len(sizes)} may be over the {limit_bytes / 1e6:.0f} MB that fit into a"
        f" request, up to {max(large) / 1e6:,.0f} MB"
    )
    if max(large) > STAGED_LIMIT_BYTES:
        return (f"{said}; the service takes 1 GB at most. Choose the detailed mode.",)
    if can_stage:
        return (f"{said}; those go through the S3 folder, and are cleaned from there by age.",)
    way_out = "Set WORKBENCH_STAGING_URI to a folder in S3, or choose the detailed mode."
    return (f"{said}; those would be refused before they are sent. {way_out}",)
