"""Which proxy of a video is sent, and what that does to its name and its size."""

import pytest

from tests.analysis.conftest import asset
from workbench.analysis.plans.plan import PlanContext, plan_analysis
from workbench.analysis.plans.question import Part, media_identity
from workbench.analysis.request import AnalysisRequest
from workbench.backends.catalog.file import load_catalog
from workbench.media.chunks import plan_chunks, whole_video


@pytest.mark.parametrize(
    ("duration_s", "spec"), [(95.5, "nova"), (960.0, "nova"), (960.5, "nova-overview")]
)
def test_a_film_sent_as_a_whole_is_an_overview_only_where_pictures_would_be_left_out(
    duration_s: float, spec: str
) -> None:
    film = asset(1, duration_s=duration_s)
    (chunk,) = whole_video(duration_s)
    (sent,) = media_identity(Part("analyse_chunk", film, chunk, 1))
    assert sent.identity == (film.id, spec, 0.0, duration_s)


def test_chunks_of_a_long_film_are_cut_from_its_full_proxy() -> None:
    film = asset(1, duration_s=7200.0)
    chunks = plan_chunks(7200.0, chunk_s=900)
    parts = [Part("analyse_chunk", film, chunk, len(chunks)) for chunk in chunks]
    assert {media_identity(part)[0].spec for part in parts} == {"nova"}


def test_an_overview_of_two_hours_fits_into_a_request() -> None:
    def warned(duration_s: float, **asked: object) -> str:
        film = asset(1, duration_s=duration_s)
        request = AnalysisRequest(assets=[film.id], engine="nova", **asked)
        context = PlanContext(load_catalog(), can_stage=False)
        return " ".join(plan_analysis(request, [film], context).warnings)

    assert "fit into a request" not in warned(7200.0, depth="overview")
    # The last piece of this plan is a quarter longer, and may be over 18 MB.
    assert "fit into a request" in warned(2 * 900 + 224.0, chunk_s=900)
