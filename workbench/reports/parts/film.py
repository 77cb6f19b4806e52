"""An explainer film in a report: its price, the film itself, its beats, and what each stage gave."""

import base64
from collections.abc import Mapping

from workbench.backends.usage import Cost, format_usd
from workbench.errors import MediaMissing
from workbench.explain.asking.states import TASKS, stage_words
from workbench.explain.asking.texts import read_texts
from workbench.explain.films.making import Film
from workbench.explain.price import FilmPrice
from workbench.explain.storyboards.storyboard import Beat, read_storyboard
from workbench.media.timecode import format_length, format_time
from workbench.reports.parts.markup import (
    Block,
    escaped,
    fact_list,
    megabytes,
    number,
    picture,
    section,
    style,
    table,
    tag,
)

LARGEST_BYTES = 60_000_000
"""A larger film is named and not put into the page: browsers take long over it."""


def price_table(price: FilmPrice) -> Block:
    """What a film costs before anything is paid, a row for each stage that is paid."""
    if not price.lines:
        return section("Price", "<p>$0: no model and no service is asked.</p>")
    rows = [
        [
            escaped(stage_words(line.stage)),
            escaped(line.by),
            *(
                [number("kept")] * 3
                if line.is_kept
                else [
                    number(format_usd(usd)) for usd in (line.low_usd, line.usual_usd, line.high_usd)
                ]
            ),
        ]
        for line in price.lines
    ]
    ends = (price.low_usd, price.expected_usd, price.high_usd)
    rows.append(["In all", "", *(number(format_usd(usd)) for usd in ends)])
    heads = ["Stage", "By", "Least", "Expected", "Most"]
    return section("Price", table(heads, rows, "", numbers=(2, 3, 4)))


def stage_table(price: FilmPrice, paid: Mapping[str, Cost]) -> Block:
    """What each stage was to cost, and what was paid for it.

    Args:
        price: The price from before.
        paid: Task → dollars paid in the run; a task that is missing has cost nothing.
    """
    tasks = {str(stage): task for stage, task in TASKS.items()}
    rows = []
    for line in price.lines:
        task = tasks.get(line.stage, "")
        told = format_usd(paid[task]) if task in paid else "kept" if line.is_kept else "$0"
        rows.append(
            [
                escaped(stage_words(line.stage)),
                escaped(line.by),
                number(format_usd(line.usual_usd)),
                number(told),
            ]
        )
    if not rows:
        return section("Stages", "<p>Nothing was paid: no model and no service was asked.</p>")
    heads = ["Stage", "By", "Expected", "Paid"]
    return section("Stages", table(heads, rows, "", numbers=(2, 3)))


def stage_texts(film: Film) -> Block:
    """What models wrote on the way to a film; empty for a film of anything but a question."""
    texts = read_texts(film.folder)
    if texts is None:
        return Block("")
    parts = [f"<p><b>{escaped(texts.request.question)}</b></p>"]
    for title, text in (
        ("Explanation", texts.explanation),
        ("Refined", texts.refined),
        ("Problems", texts.problems.removeprefix("# Problems").strip()),
    ):
        if text:
            body = "".join(f"<p>{escaped(line)}</p>" for line in text.splitlines() if line.strip())
            parts.append(f"<details><summary>{title}</summary>{body}</details>")
    return section("Texts", "".join(parts))


def film_header(film: Film) -> Block:
    """Title, facts and the film, to be played in the page."""
    facts = [
        format_length(round(film.duration_s)),
        megabytes(film.size_bytes),
        film.made_by,
        "no voice" if film.voice == "none" else f"voice: {film.voice}",
        f"made {film.created_at:%Y-%m-%d %H:%M} UTC in {film.seconds_to_make:.0f} s",
    ]
    notes = "".join(f'<p class="nova-note">{escaped(note)}</p>' for note in film.notes)
    body = f"<h1>{escaped(film.title)}</h1>{fact_list(facts)}{_player(film)}{notes}"
    return Block(f"<style>{style()}</style>" + tag("header", "nova", body), film.title)


def beat_cards(film: Film) -> Block:
    """Beats as cards with their picture, time, heading and words."""
    story = read_storyboard(film.storyboard_path.read_bytes())
    cards = "".join(
        _card(film, number, beat) for number, beat in enumerate(story.beats[: len(film.beats)])
    )
    return section("Beats", f'<ol class="nova-cards">{cards}</ol>', count=len(film.beats))


def _card(film: Film, number: int, beat: Beat) -> str:
    made = film.beats[number]
    sources = ", ".join(dict.fromkeys(source.name for source in beat.sources))
    source = f'<p class="nova-note">From {escaped(sources)}</p>' if sources else ""
    return (
        '<li class="nova-card">'
        + picture(film.folder / made.still, f"Picture of beat {number + 1}", "nova-frame")
        + '<div class="nova-card-body">'
        + f'<p class="nova-time"><b>{number + 1}</b> {format_time(made.start_s)}'
        + f"<span>{escaped(format_length(round(made.length_s)))}</span></p>"
        + f"<h3>{escaped(beat.heading or beat.show.kind)}</h3>"
        + f'<p class="nova-card-text">{escaped(beat.say)}</p>{source}</div></li>'
    )


def _player(film: Film) -> str:
    if film.size_bytes > LARGEST_BYTES:
        return f"<p>The film is too large for this page: {escaped(film.path.name)}.</p>"
    try:
        film_data = base64.b64encode(film.path.read_bytes()).decode("ascii")
        captions = base64.b64encode(film.vtt_path.read_bytes()).decode("ascii")
    except OSError as error:
        raise MediaMissing(
            f"the film {film.title} cannot be read: {error.strerror or error}",
            hint="make the film again, then run the report",
        ) from error
    return (
        '<video class="nova-frame" controls preload="metadata">'
        f'<source type="video/mp4" src="data:video/mp4;base64,{film_data}">'
        f'<track kind="captions" srclang="{escaped(film.language)}" label="Captions"'
        f' src="data:text/vtt;base64,{captions}"></video>'
    )
