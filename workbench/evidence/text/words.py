"""Words of a text: tokens, stems, singular forms, and a guess at what each word does.

The lists are in `english.toml`. Tokens and stems hold in any language written with spaces; roles
and singular forms are English only, so callers check the language first.
"""

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from importlib.resources import files

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:[-'’][^\W_]+)*")
_VOWELS = frozenset("aeiouy")


class Role(Enum):
    """What a word does in its sentence, as far as word lists and neighbours tell."""

    NOUN = auto()
    ADJECTIVE = auto()
    VERB = auto()
    DETERMINER = auto()
    PRONOUN = auto()
    AUXILIARY = auto()
    PREPOSITION = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word with its place in the text."""

    text: str
    """As written."""
    start: int
    """Index of its first character."""
    end: int
    is_after_break: bool
    """Does punctuation, or the start of the text, come before it?"""

    @property
    def lower(self) -> str:
        """Lower case, with a straight apostrophe."""
        return self.text.lower().replace("’", "'")


@dataclass(frozen=True, slots=True)
class WordLists:
    """English words by what they do; see `english.toml`."""

    determiners: frozenset[str]
    pronouns: frozenset[str]
    closed_roles: Mapping[str, Role]
    """Role of each closed word; the first list that has it decides."""
    closed: frozenset[str]
    """Words that carry no topic: articles, pronouns, prepositions, adverbs and their like."""
    not_adverbs: frozenset[str]
    verbs: frozenset[str]
    """Base and -s forms of verbs that are hardly ever nouns."""
    participles: frozenset[str]
    """-ed and irregular forms of every verb."""
    gerunds: frozenset[str]
    noun_verbs: frozenset[str]
    """Base and -s forms of words that are verbs as often as nouns."""
    descriptive: frozenset[str]
    """Adjectives that tell how something is, not which kind it is."""
    classifying: frozenset[str]
    """Adjectives that belong to a name: mechanical, centrifugal."""
    generic_nouns: frozenset[str]
    """Nouns too general to name anything."""
    irregular_plurals: Mapping[str, str]
    already_singular: frozenset[str]
    """Words that end like plurals and are none: bus, pliers."""
    uninformative: frozenset[str]
    """The closed words and other frequent ones: nothing when texts are compared."""


_CLOSED_LISTS = (
    ("auxiliaries", Role.AUXILIARY),
    ("determiners", Role.DETERMINER),
    ("pronouns", Role.PRONOUN),
    ("prepositions", Role.PREPOSITION),
    ("conjunctions", Role.OTHER),
    ("adverbs", Role.OTHER),
)


@functools.lru_cache(maxsize=1)
def word_lists() -> WordLists:
    """Read `english.toml`, once."""
    text = files("workbench.evidence").joinpath("english.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    irregular_plurals = tables.pop("irregular_plurals")
    raw = {name: frozenset(words.split()) for name, words in tables.items()}
    every_verb = raw["verbs"] | raw["noun_verbs"]
    closed_roles: dict[str, Role] = {}
    for name, role in _CLOSED_LISTS:
        for word in raw[name]:
            closed_roles.setdefault(word, role)
    closed = frozenset(closed_roles)
    return WordLists(
        determiners=raw["determiners"],
        pronouns=raw["pronouns"],
        closed_roles=closed_roles,
        closed=closed,
        not_adverbs=raw["not_adverbs"],
        verbs=raw["verbs"] | frozenset(_third_person(verb) for verb in raw["verbs"]),
        participles=raw["irregular"]
        | frozenset(form for verb in every_verb for form in _inflected(verb, "ed")),
        gerunds=frozenset(form for verb in every_verb for form in _inflected(verb, "ing")),
        noun_verbs=raw["noun_verbs"] | frozenset(_third_person(verb) for verb in raw["noun_verbs"]),
        descriptive=raw["descriptive"],
        classifying=raw["classifying"],
        generic_nouns=raw["generic_nouns"],
        irregular_plurals=irregular_plurals,
        already_singular=raw["already_singular"],
        uninformative=closed | raw["common"],
    )


def _third_person(verb: str) -> str:
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        return verb + "es"
    if verb.endswith("y") and verb[-2:-1] not in _VOWELS:
        return verb[:-1] + "ies"
    return verb + "s"


def _inflected(verb: str, ending: str) -> tuple[str, ...]:
    """Both spellings where the last letter may be doubled: stop, stopped; visit, visited."""
    if verb.endswith("e") and not (ending == "ing" and verb.endswith(("ee", "ye", "oe"))):
        return (verb[:-1] + ending,)
    if verb.endswith("y") and verb[-2:-1] not in _VOWELS and ending == "ed":
        return (verb[:-1] + "ied",)
    forms = (verb + ending,)
    closes_short = len(verb) > 2 and verb[-1] not in "aeiouwxy" and verb[-2] in "aeiou"
    return (*forms, verb + verb[-1] + ending) if closes_short else forms


def tokens(text: str) -> tuple[Token, ...]:
    """Split a text into words and numbers.

    Example:
        >>> [token.text for token in tokens("The O-ring's gap is 0.5 mm.")]
        ['The', "O-ring's", 'gap', 'is', '0.5', 'mm']
    """
    found: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        between = text[end : match.start()]
        found.append(
            Token(match.group(), match.start(), match.end(), not end or bool(between.strip()))
        )
        end = match.end()
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def content_stems(text: str) -> tuple[str, ...]:
    """Stems of the words that carry a topic: no articles, pronouns, frequent words or lone letters.

    Example:
        >>> content_stems("The bearings are lubricated with grease.")
        ('bearing', 'lubric', 'greas')
    """
    uninformative = word_lists().uninformative
    return tuple(
        stem(token.lower)
        for token in tokens(text)
        if token.lower not in uninformative and len(token.text) > 1
    )


def singular(word: str) -> str:
    """The singular of an English noun, lower case.

    Example:
        >>> [singular(word) for word in ("seals", "gauges", "boxes", "bodies", "glass", "lenses")]
        ['seal', 'gauge', 'box', 'body', 'glass', 'lens']
    """
    word = word.lower().replace("’", "'")
    word = word.removesuffix("'s").removesuffix("'")
    head, hyphen, last = word.rpartition("-")
    if hyphen:
        return head + hyphen + singular(last)
    lists = word_lists()
    if word in lists.irregular_plurals:
        return lists.irregular_plurals[word]
    is_singular = not word.endswith("s") or word.endswith(("ss", "us", "is"))
    if is_singular or len(word) < 4 or word in lists.already_singular:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "shes", "ches", "xes", "zzes")) else word[:-1]


def looks_english(text: str) -> bool:
    """Is a text of unknown language probably English, by its small words?

    Example:
        >>> looks_english("The pump is in the room and it runs."), looks_english("La pompe est là.")
        (True, False)
    """
    words = tokens(text)
    small = sum(1 for token in words if token.lower in word_lists().closed)
    return small >= 0.25 * len(words)


_ENDINGS = (
    ("ational", "at"),
    ("ization", "iz"),
    ("isation", "iz"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("iveness", "iv"),
    ("ations", ""),
    ("ation", ""),
    ("ators", ""),
    ("ator", ""),
    ("ating", ""),
    ("ated", ""),
    ("ates", ""),
    ("ate", ""),
    ("ments", "ment"),
    ("ness", ""),
    ("ingly", ""),
    ("edly", ""),
    ("ing", ""),
    ("ied", "i"),
    ("ies", "i"),
    ("ers", "er"),
    ("ed", ""),
    ("ly", ""),
    ("es", ""),
    ("s", ""),
    ("e", ""),
)


@functools.lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Cut a lower-case word to a stem shared by its forms; not itself a word.

    Example:
        >>> stem("lubrication") == stem("lubricated") == stem("lubricate")
        True
        >>> stem("pumps") == stem("pumping") == stem("pump")
        True
    """
    word = word.replace("’", "'").removesuffix("'s").removesuffix("'")
    if len(word) <= 3 or word.endswith("ss"):
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending):
            rest = word[: -len(ending)] + instead
            if len(rest) >= 3 and not _VOWELS.isdisjoint(rest):
                word = rest
                break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


_ADJECTIVE_ENDINGS = ("ous", "able", "ible", "ful", "less", "ical", "ish", "ary")
_PARTICLES = frozenset({"up", "out", "off", "down", "away"})
_SUBJECTS = frozenset({"i", "you", "he", "she", "it", "we", "they", "who", "that", "which"})


def roles(words: Sequence[Token]) -> tuple[Role, ...]:
    """Guess what each word of one sentence does, from word lists and its neighbours.

    Unknown words count as nouns: names of things are what lists lack.

    Example:
        >>> sentence = tokens("We check the mechanical seal and it leaks.")
        >>> " ".join(t.text for t, role in zip(sentence, roles(sentence)) if role is Role.NOUN)
        'seal'
    """
    lists = word_lists()
    found: list[Role] = []
    for index, token in enumerate(words):
        before = None if token.is_after_break else found[index - 1]
        word_before = "" if token.is_after_break else words[index - 1].lower
        has_next = index + 1 < len(words) and not words[index + 1].is_after_break
        word_after = words[index + 1].lower if has_next else ""
        found.append(_role(token.lower, before, word_before, word_after, lists))
    return tuple(found)


def _role(
    word: str, before: Role | None, word_before: str, word_after: str, lists: WordLists
) -> Role:
    if closed := lists.closed_roles.get(word):
        return closed
    is_adverb = word.endswith("ly") and len(word) > 4 and word not in lists.not_adverbs
    if is_adverb or word[0].isdigit():
        return Role.OTHER
    if word in lists.descriptive or word in lists.classifying:
        return Role.ADJECTIVE
    has_object = word_after in lists.determiners or word_after in lists.pronouns
    expects_noun = before in {Role.DETERMINER, Role.ADJECTIVE} or word_before.endswith("'s")
    if word in lists.verbs:
        role = Role.NOUN if expects_noun and not has_object else Role.VERB
    elif word in lists.noun_verbs:
        # "Check the gauge", "the pump needs a seal", "to start the motor", "picks up a wrench"
        is_verb = (
            _expects_verb(before, word_before)
            or (has_object and (before is not Role.PREPOSITION or word_before == "to"))
            or word_after in _PARTICLES
        )
        role = Role.VERB if is_verb and not expects_noun else Role.NOUN
    elif word in lists.gerunds:
        is_verb = has_object or before in {Role.AUXILIARY, Role.PRONOUN}
        role = Role.VERB if is_verb else Role.NOUN
    elif word in lists.participles or _looks_past(word):
        is_before_noun = bool(word_after) and word_after not in lists.closed
        may_describe = before in {Role.DETERMINER, Role.ADJECTIVE, Role.PREPOSITION, None}
        role = Role.ADJECTIVE if is_before_noun and may_describe else Role.VERB
    elif word.endswith(("ize", "ify")) and len(word) > 6 and not expects_noun:
        role = Role.VERB
    else:
        is_adjective = word.endswith(_ADJECTIVE_ENDINGS) and len(word) > 5
        role = Role.ADJECTIVE if is_adjective else Role.NOUN
    return role


def _looks_past(word: str) -> bool:
    return word.endswith("ed") and not word.endswith("eed") and len(word) > 4


def _expects_verb(before: Role | None, word_before: str) -> bool:
    """Is this the place of a verb: after a subject, after "to", after "can"?"""
    if before is Role.AUXILIARY:
        return word_before not in {"be", "is", "are", "was", "were"}
    return word_before == "to" or (before is Role.PRONOUN and word_before in _SUBJECTS)
