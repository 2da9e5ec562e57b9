"""ELIZA, the module of lesson 6: what she says to whom, and that she always says the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ba_runtime import Runtime

from ._runs import ROOT

PATIENCE_S = 20
MODULE = ROOT / "notebooks" / ".lua" / "eliza.lua"


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    """A runtime that nobody listens to."""
    with Runtime(lambda event: None) as runtime:
        yield runtime


def answers(runtime: Runtime, *lines: str) -> list[str]:
    """Returns what a new conversation answers to each line."""
    told = ", ".join(f'"{line}"' for line in lines)
    program = f"""
    local talk, answers = dofile("{MODULE.as_posix()}").new(), {{}}
    for i, line in ipairs{{{told}}} do answers[i] = string.format("%s|%s", talk:answer(line)) end
    return table.concat(answers, "/")
    """
    result = runtime.run_cell(program.encode(), name="cell[1]", cell=1).result(PATIENCE_S)
    assert result.error is None, result.error
    (value,) = result.values
    text = value.decode()
    assert text.startswith("'") or text.startswith('"')
    return text[1:-1].replace('\\"', '"').split("/")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("Hello!", "Hello. What is on your mind?"),
        ("I am sad", "How long have you been sad?"),
        ("You never listen", "Can you think of one time when it was different?"),
        ("my computer hates me", "Do machines trouble you?"),
        ("I can't forget it", "What would happen if you could forget it?"),
        ("nothing to say", "Please go on."),
        ("", "Please go on."),
        ("100 % (yes) [no] %1", "I see. Go on."),
    ],
)
def test_the_keyword_of_the_highest_rank_decides(runtime: Runtime, line: str, answer: str) -> None:
    """Whatever the case, the punctuation and the way it is written out."""
    assert answers(runtime, line) == [f"{answer}|false"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("I need you to help me", "What would change if you had me to help you?"),
        ("I am what you are", "How long have you been what I am?"),
        ("You bore me with your talk", "Why do you think I bore you?"),
        ("I want to be myself", "What would it mean to you to get to be yourself?"),
        ("If you were mine", "How likely is it that I were yours?"),
    ],
)
def test_i_and_you_are_changed_round(runtime: Runtime, line: str, answer: str) -> None:
    """In what an answer repeats."""
    assert answers(runtime, line) == [f"{answer}|false"]


def test_the_first_phrase_with_a_keyword_counts(runtime: Runtime) -> None:
    """A comma, a full stop and the word "but" end a phrase."""
    assert answers(runtime, "Well, it rains, I am cold but my dog is not") == [
        "How long have you been cold?|false"
    ]


def test_answers_take_turns(runtime: Runtime) -> None:
    """And begin again after the last."""
    first, second, third = answers(runtime, "yes", "yes", "yes")
    assert first != second
    assert first == third


def test_what_was_said_about_my_something_comes_back(runtime: Runtime) -> None:
    """Once for each, the oldest first, when a line has no keyword."""
    assert answers(runtime, "my dog barks", "my cat does not", "Hm", "Hm", "Hm")[2:] == [
        'Let us go back to "your dog barks".|false',
        'Has this to do with "your cat does not"?|false',
        "Please go on.|false",
    ]


@pytest.mark.parametrize("line", ["Goodbye", "bye!", "Well, goodbye", "QUIT"])
def test_a_goodbye_is_the_end(runtime: Runtime, line: str) -> None:
    """The second result says so."""
    assert answers(runtime, line) == ["Goodbye. It was good to talk to you.|true"]


def test_a_long_line_takes_no_time(runtime: Runtime) -> None:
    """Patterns with several stars must not try all ways through it."""
    assert len(answers(runtime, "you are " * 5000)) == 1
