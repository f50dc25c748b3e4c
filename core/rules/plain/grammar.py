"""From a sentence to what it wants, by the tables of both languages. Nothing here knows which items there are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from core.rules.plain.english import ENGLISH
from core.rules.plain.folding import clean, folded
from core.rules.plain.forms import Form, Language
from core.rules.plain.spanish import SPANISH
from core.rules.plain.wishes import Verb, Wish

LANGUAGES = (ENGLISH, SPANISH)
LONGEST = 400  # letters: whoever writes more tells a story
MOST = 6  # clauses of a sentence
_PRICED = re.compile(
    r"[$€£]?\d[\d.,]*\s?%?\s+(?:for|off|on|por|para|en)\b|(?:the|my|item|#?\d|el|la|los|las|mi)\b[^,;]*?\s(?:to|at|a|en|por)\s[$€£]?\d"
)
_PRICE_INSIDE = re.compile(r"\s(?:to|at)\s[$€£]?\d[\d.,]*(?:\s|$)")
_END = re.compile(r"[\s.!?,;:]+$")
_NUMBERS = re.compile(r"(?:items? |#)?#?\d+(?:(?:\s*,\s*|\s+(?:and|y|e)\s+|\s*&\s*)(?:item )?#?\d+)+")
_LISTED = re.compile(r"\s*,\s*(?:and |y )?|\s+(?:and|y|e)\s+|\s*&\s*")
_OWN = re.compile(r"(?:the|my|both|el|la|los|las|mi|mis|item|#)\b")


def is_never_mind(text: str) -> bool:
    """Whether somebody says that they do not want to answer after all."""
    said = _END.sub("", folded(clean(text))).removesuffix(" please")
    return any(said in one.never_mind for one in LANGUAGES)


def wishes(text: str, channels: Mapping[str, str]) -> list[Wish]:
    """What the sentence wants, in its order; empty when any part of it is not understood.

    `channels` are the names by which marketplaces are called, folded, each with its kind.
    """
    text = clean(text)
    if not text or len(text) > LONGEST:
        return []
    for one in LANGUAGES:
        if found := _sentence(_bare(text, one), one, channels):
            return found
    return []


def _bare(text: str, language: Language) -> str:
    """Without greetings, politeness and what ends a sentence."""
    text = _END.sub("", text)
    start = language.polite.match(folded(text))
    text = text[start.end() :] if start else text
    end = language.after.search(folded(text))
    return _END.sub("", text[: end.start()] if end else text)


def _sentence(text: str, language: Language, channels: Mapping[str, str]) -> list[Wish]:
    """The parts that each want something, else the whole: “the black and white lamp” is one thing."""
    parts = list(_parts(text, language))
    if 1 < len(parts) <= MOST:
        found = [_clause(_bare(part, language), language, channels) for part in parts]
        if all(found) and not any(_lacks(wish) for clause in found for wish in clause):
            return [wish for clause in found for wish in clause]
    return _clause(text, language, channels)


def _lacks(wish: Wish) -> bool:
    """Whether the amount is missing: “drop the dunks and the lamp to 40” is one clause."""
    return wish.verb in (Verb.PRICE, Verb.SOLD) and not wish.money


def _parts(text: str, language: Language) -> Iterator[str]:
    """Parted where a word that joins is followed by one that a clause begins with."""
    seen, begin = folded(text), 0
    for join in re.finditer(language.joins, seen):
        following = language.polite.sub("", seen[join.end() :])
        first = re.match(r"[\w'-]+", following)
        if first and (first[0] in language.verbs or _PRICED.match(following)):
            yield text[begin : join.start()]
            begin = join.end()
    yield text[begin:]


def _clause(text: str, language: Language, channels: Mapping[str, str]) -> list[Wish]:
    mended = _mended(text, language)
    found = _as_typed(mended, language, channels) if mended else []
    if not found or any(wish.item not in text for wish in found):  # it was no verb: “Dorp: 40” is a thing
        found = _as_typed(text, language, channels)
    return [one for wish in found for one in _each(wish)]


def _as_typed(text: str, language: Language, channels: Mapping[str, str]) -> list[Wish]:
    bare, where, everywhere = _placed(text, language, channels)
    seen, seen_bare = folded(text), folded(bare)
    for one in language.forms:
        if one.placed and not where and not everywhere:
            continue
        if one.verb is Verb.COMMAND or one.verb is Verb.LIST:
            matched = one.pattern.fullmatch(seen)
            if matched and (wish := _command(one, matched, language, channels)):
                return [wish]
            continue
        matched = one.pattern.fullmatch(seen_bare)
        if matched and not _PRICE_INSIDE.search(matched.groupdict().get("item") or ""):
            return [_wish(one, matched, bare, where)]
    return []


def _placed(text: str, language: Language, channels: Mapping[str, str]) -> tuple[str, tuple[str, ...], bool]:
    """Where it is wanted: the clause without it, the kinds of channels, and whether it says “everywhere”."""
    seen = folded(text)
    if found := re.search(rf"(?:^|\s){language.everywhere}(?=\s|$)", seen):
        return _END.sub("", f"{text[: found.start()]}{text[found.end() :]}").strip(), (), True
    if not channels:
        return text, (), False
    found = _named(language, tuple(sorted(channels, key=len, reverse=True))).search(seen)
    if not found:
        return text, (), False
    names = re.findall("|".join(map(re.escape, sorted(channels, key=len, reverse=True))), found[0])
    kinds = tuple(dict.fromkeys(channels[name] for name in names))
    return _END.sub("", f"{text[: found.start()]}{text[found.end() :]}").strip(), kinds, False


@lru_cache(maxsize=64)
def _named(language: Language, names: Collection[str]) -> re.Pattern[str]:
    name = "(?:" + "|".join(map(re.escape, names)) + ")"
    more = rf"(?:(?:\s*,\s*|\s+(?:and|y|or|&)\s+)(?:{language.at}\s+)?{name})*"
    return re.compile(rf"(?:^|\s){language.at}\s+(?:my\s+|the\s+|mi\s+)?{name}{more}(?:\s+too|\s+as well|\s+only|\s+tambien)?(?![\w])")


def _command(one: Form, matched: re.Match[str], language: Language, channels: Mapping[str, str]) -> Wish | None:
    """A command without an item. A marketplace that nobody knows makes it none."""
    named = matched.groupdict()
    values = {"when": language.whens.get(named.get("when") or "", ""), "rest": named.get("rest") or "", "channel": ""}
    if channel := named.get("channel"):
        if channel not in channels:
            return None
        values["channel"] = channels[channel]
    return Wish(one.verb, lines=tuple(" ".join(line.format(**values).split()) for line in one.lines))


def _wish(one: Form, matched: re.Match[str], text: str, where: tuple[str, ...]) -> Wish:
    """The values as they were typed, from the places where they were found."""
    said = {name: text[slice(*matched.span(name))].strip() for name, value in matched.groupdict().items() if value}
    return Wish(
        one.verb, said.get("item", ""), said.get("money", ""), said.get("percent", ""), one.field, said.get("rest", ""), where, one.lines
    )


def _each(wish: Wish) -> Iterator[Wish]:
    """“42, 43 and the lamp” are several things; “black and white” is none."""
    seen = folded(wish.item)
    several = _NUMBERS.fullmatch(seen)
    parts = _LISTED.split(seen)
    if not several and (len(parts) < 2 or not all(_OWN.match(part) for part in parts)):
        yield wish
        return
    for part in _LISTED.split(wish.item):
        yield Wish(wish.verb, part, wish.money, wish.percent, wish.field, wish.rest, wish.where, wish.lines)


def _mended(text: str, language: Language) -> str:
    """With a slip in the first word put right: “drpo the lamp to 40”. Empty when there is none that is sure."""
    first, _space, rest = text.partition(" ")
    seen = folded(first)
    if len(seen) < 4 or any(seen in one.verbs for one in LANGUAGES):
        return ""
    near = difflib.get_close_matches(seen, sorted(language.verbs), n=1, cutoff=0.75)
    if not near or abs(len(near[0]) - len(seen)) > 1:
        return ""
    return f"{near[0]} {rest}".strip()
