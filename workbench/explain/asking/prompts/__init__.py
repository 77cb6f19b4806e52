"""The words sent to the models that write a film, kept as text files beside this module.

A change of wording changes `prompt_hash`, which is kept with every film. The question and what was
written before go in as quoted material; see `analysis.quoting`.
"""

import functools
import hashlib
from collections.abc import Sequence
from importlib import resources
from string import Template

from workbench.analysis.prompts import language_name
from workbench.analysis.quoting import exact_line, one_line, quoted

NAMES = ("system", "explain", "refine", "script", "scene", "validate", "repair", "repair_scene")

SAME_LANGUAGE = "the language of what somebody wants explained"


@functools.cache
def template(name: str) -> Template:
    """The wording of one stage, or a part of it."""
    text = resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    return Template(text.strip())


@functools.cache
def prompt_hash() -> str:
    """Name of the present wording: 12 hexadecimal digits over all templates."""
    digest = hashlib.sha256()
    for name in NAMES:
        digest.update(template(name).template.encode())
    return digest.hexdigest()[:12]


def system_prompt() -> str:
    """Who the model is asked to be."""
    return template("system").template


def material(text: str) -> str:
    """A text of others, line by line, between the marks."""
    return quoted("\n".join(one_line(line) for line in text.splitlines() if line.strip()))


def exact_material(text: str) -> str:
    """The same of a text whose spaces matter: a program, or JSON that holds one."""
    return quoted("\n".join(exact_line(line) for line in text.splitlines()))


def explain_prompt(question: str, language: str, words: int) -> str:
    """Asks for an explanation of some `words` words."""
    return template("explain").substitute(
        question=material(question), words=words, language=_named(language)
    )


def refine_prompt(question: str, explanation: str, language: str, words: int) -> str:
    """Asks for a better explanation."""
    return template("refine").substitute(
        question=material(question),
        explanation=material(explanation),
        words=words,
        language=_named(language),
    )


def script_prompt(
    question: str, refined: str, language: str, *, beats: int, words: int, scenes: bool
) -> str:
    """Asks for the script of a film with about `beats` beats and `words` spoken words."""
    return template("script").substitute(
        question=material(question),
        refined=material(refined),
        beats=beats,
        words=words,
        scene=f"\n{template('scene').template}" if scenes else "",
        language=_named(language),
    )


def validate_prompt(
    question: str, refined: str, script: str, found: Sequence[str], language: str
) -> str:
    """Asks for what is wrong with a script, and for a corrected one."""
    return template("validate").substitute(
        question=material(question),
        refined=material(refined),
        script=exact_material(script),
        found=material("\n".join(found) or "(nothing)"),
        language=_named(language),
    )


def repair_prompt(prompt: str, answer: str, problems: Sequence[str]) -> str:
    """Asks for the same answer with some beats put right."""
    return template("repair").substitute(
        prompt=prompt, answer=exact_material(answer), problems=material("\n".join(problems))
    )


def repair_scene_prompt(code: str, problems: Sequence[str]) -> str:
    """Asks for a scene's program with what is wrong put right."""
    return template("repair_scene").substitute(
        code=exact_material(code), problems=material("\n".join(problems))
    )


def _named(language: str) -> str:
    return language_name(language) if language else SAME_LANGUAGE
