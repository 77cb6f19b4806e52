from workbench.media.timecode import TimeSpan
from workbench.speech.sentences import sentences_of
from workbench.speech.transcript import Word


def spoken(text, *, gap_s=0.0):
    return [
        Word(TimeSpan(i * (1 + gap_s), i * (1 + gap_s) + 1), f" {word}", 0.5)
        for i, word in enumerate(text.split())
    ]


def texts(words):
    return [sentence.text for sentence in sentences_of(words)]


def test_a_sentence_ends_at_its_full_stop_and_not_at_short_forms():
    assert texts(spoken("We met Dr. Smith e.g. on J. Street. It was late! Was it?")) == [
        "We met Dr. Smith e.g. on J. Street.",
        "It was late!",
        "Was it?",
    ]


def test_a_full_stop_before_a_small_letter_is_none():
    assert texts(spoken("approx. 3.5 bar ... and falling")) == ["approx. 3.5 bar ... and falling"]


def test_a_long_silence_ends_a_sentence():
    assert texts(spoken("one two", gap_s=3)) == ["one", "two"]


def test_a_speaker_without_full_stops_is_cut_after_sixty_words():
    assert [len(t.split()) for t in texts(spoken("word " * 130))] == [60, 60, 10]


def test_languages_without_spaces_get_none():
    words = [Word(TimeSpan(i, i + 1), text) for i, text in enumerate(["水泵", "很热", "。", "停"])]
    assert texts(words) == ["水泵很热。", "停"]


def test_words_are_stripped_and_their_confidence_is_averaged():
    (sentence,) = sentences_of([*spoken("Is it"), Word(TimeSpan(2, 3), " on?", 0.8)])
    assert [word.text for word in sentence.words] == ["Is", "it", "on?"]
    assert sentence.confidence == 0.6
    assert sentence.span == TimeSpan(0, 3)


def test_no_words_make_no_sentence():
    assert sentences_of([Word(TimeSpan(0, 1), "  ")]) == ()
