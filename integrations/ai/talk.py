"""Plain words through a model: its tool calls become the command lines that a person could type, and nothing else.

The model hears what the member typed, and as data the numbers and titles of items. What it answers is taken apart here: a tool that was not
offered, an argument that its schema does not have, or words instead of a call, and there is no proposal. Nobody sees its words.

Importing this module costs the main process the `openai` package (about 25 MB): only do so when there is a key.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import openai
import structlog
from openai import AsyncOpenAI

from core.errors import Unreachable
from core.ports import Proposed, Spoken, Tool
from core.words import Told
from integrations.ai.openai import AiSettings, mapped

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion

log = structlog.get_logger(__name__)

SECONDS = 10.0  # somebody waits for an answer
MOST_CALLS = 6
WHICH = "which_item"
_TITLE = 80  # letters of an item's title, and of a text without a limit of its own
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]|[\U000e0000-\U000e007f]")


class OpenAiInterpreter:
    """Implements `core.ports.Interpreter`."""

    def __init__(self, settings: AiSettings) -> None:
        self.name = settings.model
        self._settings = settings
        self._seconds = min(settings.timeout, SECONDS)
        self._client = AsyncOpenAI(base_url=settings.base_url, api_key=settings.api_key, timeout=self._seconds, max_retries=0)
        self._prompt = files("integrations.ai.prompts").joinpath("talk.md").read_text("utf-8")

    async def interpret(self, spoken: Spoken, tools: Sequence[Tool]) -> Proposed:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(spoken, tools)
        except TimeoutError as error:
            raise _too_slow(self._seconds) from error
        except openai.OpenAIError as error:
            raise mapped(error, self._settings) from error
        self._count(answer, began)
        return read_answer(answer, tools)

    async def close(self) -> None:
        await self._client.close()

    async def _ask(self, spoken: Spoken, tools: Sequence[Tool]) -> ChatCompletion:
        messages = [{"role": "system", "content": self._prompt}, {"role": "user", "content": told(spoken)}]
        create = self._client.chat.completions.create
        try:
            answer: ChatCompletion = await create(  # type: ignore[call-overload]
                model=self._settings.model, messages=messages, tools=[*map(_function, tools), _which(tools)], tool_choice="auto"
            )
        except (ValueError, RecursionError) as error:  # the client lets a body that is no JSON, or no sane one, through as these
            raise _nonsense(repr(error)) from error
        return answer

    def _count(self, answer: ChatCompletion, began: float) -> None:
        usage = getattr(answer, "usage", None)
        tokens = {name: getattr(usage, f"{name}_tokens", None) for name in ("prompt", "completion", "total")}
        log.info("words_interpreted", model=self.name, seconds=round(time.monotonic() - began, 2), **tokens)


def told(spoken: Spoken) -> str:
    """What the model is asked: the member's words, and around them data, each as JSON, so that nothing in them ends its part."""
    data = {
        "items": [{"number": number, "title": _UNSEEN.sub("", title)[:_TITLE]} for number, title in spoken.things],
        "marketplaces": list(spoken.channels),
        "currency": spoken.currency,
        "today": spoken.today,
        "language": spoken.language,
    }
    words = json.dumps(_UNSEEN.sub("", spoken.words), ensure_ascii=False)
    return f"<data>{_safe(json.dumps(data, ensure_ascii=False))}</data>\n<member>{_safe(words)}</member>"


def _safe(text: str) -> str:
    """JSON in which no part can be closed or opened: `<` is written as its escape."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e")


def _function(tool: Tool) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema)}}


def _which(tools: Sequence[Tool]) -> dict[str, Any]:
    """How the model says that it cannot know which item is meant: the call without its item, and the candidates."""
    with_item = [tool.name for tool in tools if "item" in tool.schema["properties"]]
    properties = {
        "command": {"type": "string", "enum": with_item},
        "arguments": {"type": "object", "description": "The command's other arguments."},
        "items": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": MOST_CALLS},
    }
    schema = {"type": "object", "properties": properties, "required": ["command", "arguments", "items"], "additionalProperties": False}
    about = "Ask the member which item is meant, when several fit their words."
    return {"type": "function", "function": {"name": WHICH, "description": about, "parameters": schema}}


def read_answer(answer: ChatCompletion, tools: Sequence[Tool]) -> Proposed:
    """The answer's calls as command lines. Other services' answers are only nearly of the type, so nothing is taken on trust.
    Raises `Unreachable` for calls that are none."""
    choices = getattr(answer, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise _nonsense("no choices")
    calls = getattr(getattr(choices[0], "message", None), "tool_calls", None) or []
    if not isinstance(calls, list) or len(calls) > MOST_CALLS:
        raise _nonsense("calls that are none, or too many")
    known = {tool.name: tool for tool in tools}
    lines: list[str] = []
    for call in calls:
        name, arguments = _call(call)
        if name == WHICH:
            return Proposed(choices=_choices(arguments, known))
        lines.append(_line(known, name, arguments))
    return Proposed(tuple(dict.fromkeys(lines)))


def _call(call: Any) -> tuple[str, dict[str, Any]]:
    function = getattr(call, "function", None)
    try:
        arguments = json.loads(getattr(function, "arguments", None) or "{}")
    except (TypeError, ValueError, RecursionError) as error:
        raise _nonsense("arguments that are no JSON") from error
    if not isinstance(arguments, dict):
        raise _nonsense("arguments that are no object")
    return str(getattr(function, "name", "")), arguments


def _choices(arguments: Mapping[str, Any], known: Mapping[str, Tool]) -> tuple[str, ...]:
    items, others = arguments.get("items"), arguments.get("arguments")
    if not isinstance(items, list) or not isinstance(others, dict) or len(items) > MOST_CALLS:
        raise _nonsense("a question that is none")
    return tuple(dict.fromkeys(_line(known, str(arguments.get("command")), {**others, "item": item}) for item in items))


def _line(known: Mapping[str, Tool], name: str, arguments: Mapping[str, Any]) -> str:
    """The call as somebody would type it."""
    tool = known.get(name)
    if tool is None:
        raise _nonsense(f"a tool that was not offered: {name[:40]}")
    properties = tool.schema["properties"]
    if not set(arguments) <= set(properties) or not set(tool.schema["required"]) <= {
        key for key, value in arguments.items() if value != ""
    }:
        raise _nonsense(f"arguments that {name} does not take")
    words = [_value(properties[key], arguments[key], last=key == list(properties)[-1]) for key in properties if key in arguments]
    return " ".join((f"/{name}", *(word for word in words if word)))


def _value(schema: Mapping[str, Any], value: Any, *, last: bool) -> str:
    """An argument by its schema, on one line; a text with blanks that something follows is quoted."""
    if schema["type"] == "integer":
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 10**9:
            raise _nonsense("a number that is none")
        return str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _nonsense("a text that is none")
    text = " ".join(_UNSEEN.sub(" ", str(value)).split())
    if len(text) > schema.get("maxLength", _TITLE) or ("enum" in schema and text not in schema["enum"]):
        raise _nonsense("a text that its argument does not take")
    return f'"{text}"' if " " in text and not last else text


def _nonsense(cause: str) -> Unreachable:
    return Unreachable(Told("its answer made no sense"), cause=cause[:300])


def _too_slow(seconds: float) -> Unreachable:
    return Unreachable(Told("it took longer than {seconds} s", seconds=f"{seconds:g}"))
