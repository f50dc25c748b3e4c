"""What words on labels mean: "Model", "P/N", "Art.", "Size", "Colour" … and the value behind them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integrations.ai import brands, codes, looks, materials, sizes
from integrations.ai.clues import Clue, tidy
from integrations.ai.findings import TextLine, neighbours

_NUMBER_WORD = r"(?:\s?(?:no|nr|num|number|code|name)\b\.?|\s?#|\s?№)?"
# Longer names first, so that "part number" is not read as "part".
_LABELS = {
    "serial": r"serial(?:\s?(?:no|number)\b\.?)?|s/n|sn|imei\d?|mac|fcc id|ic|rn|ca|lot|batch|date",
    "mpn": r"(?:mfr\.?|mfg\.?|manufacturer|product|catalog|cat\.?|order) ?(?:part )?(?:no|number|code)\b\.?|part" + _NUMBER_WORD
    + r"|p\s?/\s?n|pn|p\.n\.|mpn|art(?:icle|ikel|\.)?" + _NUMBER_WORD + r"|ref(?:erence|\.)?" + _NUMBER_WORD + r"|style" + _NUMBER_WORD
    + r"|item\s?(?:no\b\.?|number|#)",
    "model": r"(?:model|modell|modelo|modèle|modele|mod\.)" + _NUMBER_WORD,
    "type": r"type" + _NUMBER_WORD,
    "brand": r"brand(?: name)?|marque|marke|marca|manufacturer|manufactured by|made by",
    "size": r"size|sz|taille|größe|grösse|groesse|talla|taglia|tamaño",
    "colour": r"colou?r(?:way)?|couleur|farbe|colore",
    "material": r"material|composition|fabric|shell",
    "isbn": r"isbn(?:-?1[03])?",
    "gtin": r"upc|ean|gtin|jan",
}  # fmt: skip
_LABEL = re.compile(
    "|".join(rf"(?P<{name}>(?<![\w/])(?:{pattern})(?![\w/]))" for name, pattern in _LABELS.items()), re.IGNORECASE
)  # fmt: skip
_SEPARATOR = re.compile(r"^\s*[:.=#-]+\s*|^\s+")

_PART = re.compile(r"^[A-Z0-9][A-Z0-9./_-]{2,29}(?: [A-Z0-9./-]*\d[A-Z0-9./-]*){0,2}", re.IGNORECASE)
_NAME = re.compile(r"^[^\W\d_][\w &'./-]{1,40}$")
_COLOUR = re.compile(r"^[^\W\d_][^\W\d_ /&-]*(?:[ /&-]{1,3}[^\W\d_]+){0,4}$")
# Numbers whose form alone gives them away: Nike's style codes.
_FORMS = (re.compile(r"^[A-Z]{2}\d{4}-\d{3}$"), re.compile(r"^\d{6}-\d{3}$"))
_CODE = re.compile(r"^(?=(?:.*[A-Z]){2})(?=(?:.*\d){2})[A-Z0-9]{2,}(?:-[A-Z0-9]+)*$")
_NOT_CODES = re.compile(
    r"^(?:RN|CA|EU|US|UK|IP|IPX|USB|HDMI|FCC|CE|ISO|EN|AC|DC|SN|LOT|WPL)-?\d"
    r"|\d(?:HZ|MHZ|GHZ|KHZ|MAH|WH|GB|TB|MB|ML|MM|CM|KG|OZ|LB|IN|FT|PM|AM)$"
)

_STATED, _LOOSE, _TYPE, _FORM, _CODE_ONLY = 0.95, 0.85, 0.7, 0.75, 0.45


def find(lines: Sequence[TextLine]) -> list[Clue]:
    """Everything that one photo's lines say about an item, except its brand's logo (`brands.find`)."""
    clues: list[Clue] = []
    for line in lines:
        stated = _stated(line, lines)
        clues += stated or _unstated(line)
    return clues


def is_label(text: str) -> bool:
    """Does the text start with a label's word?"""
    return bool(_LABEL.match(tidy(text)))


def _stated(line: TextLine, lines: Sequence[TextLine]) -> list[Clue]:
    """Values behind the labels of a line; a label that ends its line looks at its neighbours."""
    text = tidy(line.text)
    found = list(_LABEL.finditer(text))
    clues: list[Clue] = []
    for place, label in enumerate(found):
        end = found[place + 1].start() if place + 1 < len(found) else len(text)
        behind = text[label.end() : end]
        value = _SEPARATOR.sub("", behind).strip(" ,;|")
        firm = bool(re.match(r"\s*[:#=]", behind)) or label.group().rstrip().endswith(("#", "№"))
        name = label.lastgroup or ""
        if value:
            clues += _clue(name, value, line, _STATED if firm else _LOOSE)
        elif len(found) == 1 and label.start() == 0:
            for other in neighbours(line, lines):
                beside = _clue(name, tidy(other.text), other, _LOOSE) if not is_label(other.text) else []
                if beside:
                    clues += beside
                    break
    return clues


def _clue(label: str, value: str, line: TextLine, sure: float) -> list[Clue]:
    """The clue, if the value can be what the label announces. Without a colon only a value with a digit is a number: "Model's
    own" and "Style is everything" announce nothing."""
    firm = sure == _STATED
    field, found = label, ""
    match label:
        case "mpn" | "model" | "type":
            field = "mpn" if label == "mpn" else "model"
            sure = min(sure, _TYPE) if label == "type" else sure
            found = _part(value) or (value if label == "model" and firm and _NAME.match(value) else "")
        case "size":
            found = sizes.stated(value)
        case "brand":
            found = brands.known(value) or (value if firm and _NAME.match(value) else "")
        case "colour":
            found = value.title() if _COLOUR.match(value) and firm else ""
        case "material":
            made_of = materials.find(value)
            found = made_of[0] if made_of else ""
        case "isbn" | "gtin":
            product = codes.product_of_digits(re.sub(r"[\s-]", "", value).upper())
            field, found = (product.field, product.value) if product else ("", "")
    return [Clue(field, found, sure * line.confidence, line)] if found else []


def _unstated(line: TextLine) -> list[Clue]:
    text = tidy(line.text)
    size = sizes.unstated(text)
    if size:
        return [Clue("size", size[0], size[1] * line.confidence, line)]
    made_of = materials.find(text)
    if made_of:
        return [Clue("material", made_of[0], made_of[1] * line.confidence, line)]
    seen = () if is_label(text) else looks.find(text)
    clues = [Clue(look.field, look.value, look.confidence * line.confidence, line, whole=look.whole) for look in seen]
    if any(clue.whole for clue in clues):
        return clues
    for word in text.split():
        plain = word.strip(".,;:()[]")
        if any(form.match(plain) for form in _FORMS):
            clues.append(Clue("mpn", plain, _FORM * line.confidence, line))
        elif 5 <= len(plain) <= 15 and _CODE.match(plain) and not _NOT_CODES.search(plain):
            clues.append(Clue("model", plain, _CODE_ONLY * line.confidence, line))
    return clues


def _part(value: str) -> str:
    """The part or model number that a value begins with, "" when it has no digit."""
    found = _PART.match(value)
    text = found[0].rstrip(" ./-") if found else ""
    return text if any(letter.isdigit() for letter in text) and len(text) >= 3 else ""
