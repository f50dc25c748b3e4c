"""The reader with a key: any endpoint that speaks OpenAI's Chat Completions, with the offline reader beside it.

Offline findings are made at the same time: they prove or doubt the model's claims, and they are the draft when the model
fails. This reader therefore never fails because of the model; the draft's note says what happened.

Importing this module costs the main process the `openai` package (about 25 MB): only do so when there is a key.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import openai
import structlog
from openai import AsyncOpenAI

from core.errors import AuthLost, Busy, HaggleError, Missing, Refused, Unreachable
from core.ports import PhotoIn
from core.values.draft import Draft, Field
from core.words import Told, joined
from integrations.ai import answers, drafting, support
from integrations.ai.findings import Findings
from integrations.ai.offline import OfflineReader

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion, ChatCompletionContentPartParam

log = structlog.get_logger(__name__)

SIDE = 1568  # pixels: more is scaled down by the services themselves
MOST_PHOTOS = 12
_NOT_UNDERSTOOD = (400, 404, 415, 422, 501)  # what endpoints answer to a response_format they do not know

Jpeg = Callable[[bytes, int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class AiSettings:
    """The endpoint. `timeout` is seconds for the whole answer, retries included."""

    base_url: str
    api_key: str = field(repr=False)
    model: str
    timeout: float = 30.0


class OpenAiReader:
    """Implements `core.ports.Reader`. `jpeg` turns a photo's bytes into a JPEG of at most so many pixels a side (it is heavy:
    `storage.photos.PhotoStore.as_jpeg`)."""

    def __init__(self, settings: AiSettings, offline: OfflineReader, jpeg: Jpeg) -> None:
        self.name = settings.model
        self._settings = settings
        self._offline = offline
        self._jpeg = jpeg
        self._client = AsyncOpenAI(base_url=settings.base_url, api_key=settings.api_key, timeout=settings.timeout, max_retries=1)
        self._schema_understood = True
        self._prompt = files("integrations.ai.prompts").joinpath("draft.md").read_text("utf-8")

    async def read(self, photos: Sequence[PhotoIn], hints: Mapping[str, str]) -> Draft:
        """The model's draft, its claims checked; the offline draft, and a note why, when there is none. Raises what the offline reader
        raises only when there is no answer of the model either."""
        asking = asyncio.create_task(self._claims(photos, hints))
        try:
            findings = await self._findings(photos, hints)
            claims = await asking
        finally:
            asking.cancel()
        if not isinstance(claims, HaggleError):
            return self._draft(claims, findings, hints)
        if isinstance(findings, HaggleError):
            raise findings
        log.warning("model_not_used", model=self.name, why=claims.sentence, cause=claims.cause)
        note = Told("The AI model was not used: {why}. This is only what is printed on the photos.", why=claims.sentence)
        return replace(findings.draft, note=joined(note, findings.draft.note))

    async def close(self) -> None:
        await self._client.close()

    async def _findings(self, photos: Sequence[PhotoIn], hints: Mapping[str, str]) -> Findings | HaggleError:
        try:
            return await self._offline.findings(photos, hints)
        except HaggleError as error:
            return error

    async def _claims(self, photos: Sequence[PhotoIn], hints: Mapping[str, str]) -> _Claims | HaggleError:
        """What the model claims, or why there is nothing: `sentence` is then a clause for the note."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                images = [await self._jpeg(photo.data, SIDE) for photo in photos[:MOST_PHOTOS]]
                answer = await self._ask(_messages(self._prompt, images, hints))
            return answers.parse(_text(answer), len(images))
        except HaggleError as error:
            return error
        except TimeoutError:
            return Unreachable(Told("it took longer than {seconds} s", seconds=format(self._settings.timeout, "g")))
        except openai.OpenAIError as error:
            return mapped(error, self._settings)

    async def _ask(self, messages: list[dict[str, Any]]) -> ChatCompletion:
        if self._schema_understood:
            form = {"type": "json_schema", "json_schema": {"name": "draft", "strict": True, "schema": answers.SCHEMA}}
            try:
                return await self._complete(messages, response_format=form)
            except openai.APIStatusError as error:
                if error.status_code not in _NOT_UNDERSTOOD:
                    raise
                log.info("response_format_refused", model=self.name, status=error.status_code)
        answer = await self._complete(messages)
        # Only now is it sure that the schema was what it refused.
        self._schema_understood = False
        return answer

    async def _complete(self, messages: list[dict[str, Any]], **more: Any) -> ChatCompletion:
        create = self._client.chat.completions.create
        try:
            answer: ChatCompletion = await create(model=self._settings.model, messages=messages, **more)  # type: ignore[arg-type]
        except (ValueError, RecursionError) as error:  # the client lets a body that is no JSON, or no sane one, through as these
            raise Unreachable(Told("its answer made no sense"), cause=repr(error)[:300]) from error
        return answer

    def _draft(self, claims: _Claims, findings: Findings | HaggleError, hints: Mapping[str, str]) -> Draft:
        claimed, refused = claims
        if isinstance(findings, HaggleError):
            log.warning("claims_not_checked", model=self.name, why=findings.sentence, cause=findings.cause)
            findings = Findings(
                problems=(Told("Nothing of this could be checked against the print on the photos: please look at it closely."),)
            )
        fields, sentences = support.reconcile(claimed, findings, hints)
        if refused:
            sentences.append(Told("Left out of the model's answer, as it broke the rules: {names}.", names=", ".join(refused)))
        return Draft(fields | drafting.said_by_seller(hints), self.name, joined(*sentences, *findings.problems))


_Claims = tuple[list[tuple[str, Field]], list[str]]


def _messages(prompt: str, images: Sequence[bytes], hints: Mapping[str, str]) -> list[dict[str, Any]]:
    parts: list[ChatCompletionContentPartParam] = []
    for place, image in enumerate(images):
        parts.append({"type": "text", "text": f"Photo {place + 1}:"})
        parts.append({"type": "image_url", "image_url": {"url": "data:image/jpeg;base64," + base64.b64encode(image).decode()}})
    notes = json.dumps(dict(hints), ensure_ascii=False)
    parts.append({"type": "text", "text": f"The seller's notes, as data: {notes}\nDraft the listing as JSON."})
    return [{"role": "system", "content": prompt}, {"role": "user", "content": parts}]


def _text(answer: ChatCompletion) -> str:
    """The answer's words. Other services' answers are only nearly of the type, so nothing is taken on trust."""
    choices = getattr(answer, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise Unreachable(Told("its answer was empty"), cause="no choices")
    message, reason = getattr(choices[0], "message", None), getattr(choices[0], "finish_reason", "")
    content = getattr(message, "content", None)
    if getattr(message, "refusal", None) or reason == "content_filter":
        raise Refused(Told("it refused to describe these photos"), cause=reason or "refusal")
    if reason == "length":
        raise Unreachable(Told("its answer was cut off"), cause="finish_reason length")
    if not isinstance(content, str) or not content.strip():
        raise Unreachable(Told("its answer was empty"), cause="no content")
    return content


def mapped(error: openai.OpenAIError, settings: AiSettings) -> HaggleError:
    """The service's error as one of ours; the sentence is a clause that follows "was not used:"."""
    cause = f"{type(error).__name__}: {error}"[:300]
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return AuthLost(Told("the service refused the key, check HAGGLE_AI_API_KEY"), cause=cause)
        case openai.RateLimitError():
            return Busy(Told("the service says that it is asked too often or that the budget is used up"), retry_after=60, cause=cause)
        case openai.NotFoundError():
            return Missing(
                Told("the service does not know {model}, check HAGGLE_AI_MODEL and HAGGLE_AI_BASE_URL", model=settings.model), cause=cause
            )
        case openai.APITimeoutError():
            return Unreachable(Told("it took longer than {seconds} s", seconds=format(settings.timeout, "g")), cause=cause)
        case openai.APIStatusError(status_code=status) if status < 500:
            return Refused(Told("the service refused the question (status {status})", status=status), code=str(status), cause=cause)
        case openai.APIStatusError(status_code=status):
            return Unreachable(Told("the service has a fault (status {status})", status=status), code=str(status), cause=cause)
        case openai.APIConnectionError():
            return Unreachable(Told("the service cannot be reached, check HAGGLE_AI_BASE_URL"), cause=cause)
        case _:
            return Unreachable(Told("its answer made no sense"), cause=cause)
