"""From findings to a draft: only what the evidence supports. Pure.

Rules: a barcode whose check digit is right outranks print; a value behind its label outranks one that is recognised by its
form; two different values of the same rank halve the confidence of the one that is shown and both are its evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from core.values.draft import FIELDS, Draft, Evidence, EvidenceKind, Field
from core.values.states import Condition
from integrations.ai import brands, labels, titles
from integrations.ai.clues import Clue, words
from integrations.ai.findings import Barcode, TextLine

CODE = 0.99  # a product number read from bars: a wrong one passes the check digit in about one of ten, damaged bars hardly ever decode
_RIVAL = 0.1  # confidences closer than this are of one rank
_TITLE_WITH_NAME, _TITLE_BARE = 0.6, 0.45
_AGREEING = 3  # lines of evidence that are kept for a value


def draft_of(barcodes: Sequence[Barcode], lines: Sequence[TextLine], hints: Mapping[str, str], reader: str) -> Draft:
    """The draft that barcodes and text support; `hints` are what the seller said and win over everything."""
    clues = clues_of(lines)
    fields = {name: _field(found) for name, found in clues.items()}
    fields |= _numbers(barcodes)
    if "model" in fields and "mpn" in fields and words(fields["model"].text) == words(fields["mpn"].text):
        del fields["model"]
    said = said_by_seller(hints)
    title = _title(fields | said, lines, [clue.line for found in clues.values() for clue in found if clue.whole])
    if title:
        fields["title"] = title
    fields["condition"] = Field(Condition.UNKNOWN.value, 0.0)
    return Draft(fields | said, reader)


def said_by_seller(hints: Mapping[str, str]) -> dict[str, Field]:
    """What the seller said, as fields. Names that no draft has are left out."""
    return {
        name: Field(value.strip(), 1.0, (Evidence(EvidenceKind.SELLER, value.strip()),))
        for name, value in hints.items()
        if value.strip() and (name in FIELDS or name.startswith("aspect:"))
    }


def clues_of(lines: Sequence[TextLine]) -> dict[str, list[Clue]]:
    """Field name to its clues, most certain first, larger print first among equals."""
    by_photo: defaultdict[int, list[TextLine]] = defaultdict(list)
    for line in lines:
        by_photo[line.photo].append(line)
    found: defaultdict[str, list[Clue]] = defaultdict(list)
    for photo in by_photo.values():
        for clue in (*labels.find(photo), *brands.find(photo)):
            found[clue.field].append(clue)
    return {name: sorted(clues, key=lambda clue: (-round(clue.confidence, 1), -clue.line.height)) for name, clues in found.items()}


def _field(clues: Sequence[Clue]) -> Field:
    best = clues[0]
    agreeing = [clue for clue in clues if words(clue.value) == words(best.value)]
    rivals = [clue for clue in clues if words(clue.value) != words(best.value) and clue.confidence > best.confidence - _RIVAL]
    confidence = best.confidence / 2 if rivals else best.confidence
    evidence = dict.fromkeys(clue.line.evidence() for clue in (*agreeing[:_AGREEING], *rivals[:1]))
    return Field(best.value, round(confidence, 2), tuple(evidence))


def _numbers(barcodes: Sequence[Barcode]) -> dict[str, Field]:
    found: defaultdict[str, defaultdict[str, list[Barcode]]] = defaultdict(lambda: defaultdict(list))
    for barcode in barcodes:
        if barcode.product:
            found[barcode.product.field][barcode.product.value].append(barcode)
    fields = {}
    for name, values in found.items():
        value, same = max(values.items(), key=lambda pair: len(pair[1]))
        evidence = [one.evidence() for one in same] + [others[0].evidence() for other, others in values.items() if other != value]
        fields[name] = Field(value, CODE if len(values) == 1 else CODE / 2, tuple(evidence[:_AGREEING]))
    return fields


def _title(fields: Mapping[str, Field], lines: Sequence[TextLine], taken: Sequence[TextLine]) -> Field | None:
    def text(name: str) -> str:
        return fields[name].text if name in fields else ""

    names = titles.product_lines(lines, taken)
    product = titles.product_words(names, text("brand"))
    title = titles.compose(text("brand"), text("model") or text("mpn"), text("size"), product)
    if not title:
        return None
    evidence = [line.evidence() for line in names if product]
    for name in ("brand", "model", "mpn", "size"):
        if name in fields and words(fields[name].text)[:1] and words(fields[name].text)[0] in words(title):
            evidence += fields[name].evidence[:1]
    return Field(title, _TITLE_WITH_NAME if product else _TITLE_BARE, tuple(evidence))
