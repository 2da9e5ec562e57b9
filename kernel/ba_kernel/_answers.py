"""The answers to a cell's questions, as a front end's pager takes them."""

from __future__ import annotations

from ._engine import Engine
from ._errors import Sources
from ._inspect import help_at
from ._magic_table import find, help_text
from ._magics import MagicError
from ._questions import Question


async def page_about(engine: Engine, sources: Sources, questions: tuple[Question, ...]) -> dict[str, object]:
    """Returns the payload of an execute_reply for one page with all answers.

    Raises MagicError for a name about which nothing is known.
    """
    answers = [await _answer(engine, sources, question) for question in questions]
    kinds = [kind for kind in ("text/plain", "text/markdown") if all(kind in answer for answer in answers)]
    data = {kind: "\n\n".join(answer[kind] for answer in answers) for kind in kinds}
    return {"source": "page", "data": data, "start": 0}


async def _answer(engine: Engine, sources: Sources, question: Question) -> dict[str, str]:
    topic = question.topic
    if not topic or topic == "%help":
        return {"text/plain": help_text(engine.runtime.counts_instructions)}
    if topic.startswith("%"):
        find(topic)  # which says what might have been meant
    data = await help_at(engine, sources, topic, len(topic), question.detail)
    if not data:
        raise MagicError(f"there is no help about {topic}; %help lists the magics")
    return data
