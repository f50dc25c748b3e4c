"""Is a model's claim supported by the photos or the seller? Pure.

Brand, model, part number and size decide what an item is worth, and are what models make up. Each such claim, wherever it
stands, is looked for in what the offline reader saw and in what the seller said; what is not there is marked low, whatever
the model says of its own certainty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from core.values.draft import Evidence, EvidenceKind, Field
from core.words import Told
from integrations.ai import brands, drafting, mentions, sizes
from integrations.ai.clues import words
from integrations.ai.findings import Findings, TextLine

LOW = 0.4  # the most that a claim without support is worth
CHECKED = ("brand", "model", "mpn", "size")
CODES = ("upc", "ean", "isbn")
_SPOKEN = {"mpn": "part number"}
_UNREAD = ("category", "condition", "colour")  # seen, not read: nothing in them has to be printed anywhere

# Letters that text readers mistake for each other; digits that differ stay different, they are the claim.
_ALIKE = str.maketrans("oilsbz", "011582")


def reconcile(claims: Sequence[tuple[str, Field]], findings: Findings, hints: Mapping[str, str]) -> tuple[dict[str, Field], list[str]]:
    """The model's claims and the offline reader's fields as one set of fields, and sentences for a person to read.

    - A checked claim with support keeps its confidence and gains its proof as evidence; without, it is at most `LOW`. Of two claims
      of one field the supported one counts, else the first.
    - Where the photo says something else than an unsupported claim, the photo's word is the value, as low, for a person to look at.
    - Product numbers are believed from bars only, or when the very digits are printed.
    - A text that names a brand, a size or a number without support is at most `LOW`, and its evidence says which.
    - What the model left out and the photos prove is added.
    """
    read = findings.draft.fields
    said = tuple(value for value in hints.values() if value)
    fields: dict[str, Field] = {}
    sentences: list[str] = []
    doubted: list[str] = []
    for name, rivals in _by_field(claims).items():
        kind = _kind(name)
        if not kind:
            fields[name] = rivals[0]
            continue
        proven = [(claim, proof) for claim in rivals if (proof := proof_of(kind, claim.text, findings, said))]
        if proven:
            claim, proof = proven[0]
            fields[name] = replace(claim, evidence=(*claim.evidence, proof))
        elif kind in CHECKED:
            doubted += [claim.text for claim in rivals]
            fields[name] = _doubted(name, rivals[0], read.get(name), sentences)
    for name in [name for name in fields if not _kind(name) and name not in _UNREAD]:
        fields[name] = _as_far_as_shown(name, fields[name], findings, said, doubted, sentences)
    fields = {**{name: found for name, found in read.items() if name not in fields}, **fields}
    fields |= {name: read[name] for name in CODES if name in read}
    return fields, sentences


def proof_of(name: str, value: str, findings: Findings, said: Collection[str] = ()) -> Evidence | None:
    """The text or the bars on a photo that show `value`, or the seller's words; None when nothing does."""
    if name == "size":
        proof = _proof_of_size(value, findings.lines)
    else:
        proof = _proof_of_brand(value, findings.lines) if name == "brand" else None
        for barcode in findings.barcodes:
            if not proof and _within(_squashed(value, alike=False), [_squashed(word, alike=False) for word in words(barcode.text)]):
                proof = barcode.evidence()
        proof = proof or _proof_in_text(value, findings.lines, alike=name != "brand")
    if proof:
        return proof
    for text in said:
        if (
            _says(text, value)
            or (name == "size" and value.casefold() in words(text))
            or (name == "brand" and brands.known(value) in {found for found, _ in brands.mentioned(text)})
        ):
            return Evidence(EvidenceKind.SELLER, text)
    return None


def _by_field(claims: Sequence[tuple[str, Field]]) -> dict[str, list[Field]]:
    """Aspects whose names differ in capitals only are one, under the name that came first."""
    found: dict[str, list[Field]] = {}
    names: dict[str, str] = {}
    for name, claim in claims:
        found.setdefault(names.setdefault(name.casefold(), name), []).append(claim)
    return found


def _kind(name: str) -> str:
    """As what a field has to be checked; "" when it is none of those. "US Shoe Size" is a size, "Size Type" is none."""
    if name in CHECKED or name in CODES:
        return name
    parts = words(name.removeprefix("aspect:")) if name.startswith("aspect:") else []
    if "size" in parts:
        return "" if "type" in parts else "size"
    if "part" in parts and "number" in parts:
        return "mpn"
    return next((kind for kind in ("brand", "model", "mpn") if kind in parts), "")


def _as_far_as_shown(
    name: str, claim: Field, findings: Findings, said: Sequence[str], doubted: Sequence[str], sentences: list[str]
) -> Field:
    """A text, at most `LOW` when it names what nothing shows."""
    found = mentions.of(claim.text, title=name == "title")
    named = [value for value in doubted if _says(claim.text, value)]
    named += [mention.text for mention in found if not proof_of(mention.kind, mention.value, findings, said)]
    # "Gucci" of a doubted "Gucci Marmont" need not be said twice.
    unshown = [one for one in dict.fromkeys(named) if not any(one != other and _says(other, one) for other in named)]
    if not unshown:
        return claim
    listed = ", ".join(f"“{one}”" for one in unshown)
    if name == "title":
        sentences.append(Told("The title says {words}, which no photo shows: please check.", words=listed))
    doubt = Evidence(EvidenceKind.MODEL, f"no photo shows {listed}")
    return replace(claim, confidence=min(LOW, claim.confidence), evidence=(doubt, *claim.evidence))


def _doubted(name: str, claim: Field, read: Field | None, sentences: list[str]) -> Field:
    if read is None or read.confidence <= LOW:
        return replace(claim, confidence=min(LOW, claim.confidence))
    told = Told(
        "The model says {field} {claim}, the photo says {read}: please check.",
        field=_SPOKEN.get(name, name),
        claim=claim.text,
        read=read.text,
    )
    sentences.append(told)
    return Field(read.value, LOW, (*read.evidence, *claim.evidence))


def _proof_of_brand(value: str, lines: Sequence[TextLine]) -> Evidence | None:
    known = brands.known(value)
    for _, group in groupby(lines, key=lambda line: line.photo):
        for clue in brands.find(list(group)):
            if known and clue.value == known:
                return clue.line.evidence()
    return None


def _proof_of_size(value: str, lines: Sequence[TextLine]) -> Evidence | None:
    wanted = words(sizes.stated(value.upper().removeprefix("SIZE")) or value)
    for clue in drafting.clues_of(lines).get("size", []):
        have = words(clue.value)
        if wanted and any(have[start : start + len(wanted)] == wanted for start in range(len(have))):
            return clue.line.evidence()
    return None


def _proof_in_text(value: str, lines: Sequence[TextLine], *, alike: bool) -> Evidence | None:
    """Whole words only, on one line or running over several of one photo; spaces and hyphens do not matter."""
    wanted = _squashed(value, alike=alike)
    for _, group in groupby(lines, key=lambda line: line.photo):
        tokens = [(_squashed(word, alike=alike), line) for line in group for word in words(line.text)]
        start = _within(wanted, [token for token, _ in tokens])
        if start:
            return tokens[start - 1][1].evidence()
    return None


def _within(wanted: str, tokens: Sequence[str]) -> int:
    """Where (from 1) a run of whole tokens spells `wanted`; 0 when none does."""
    if len(wanted) < 2 and not wanted.isdigit():
        return 0
    for start in range(len(tokens)):
        run = ""
        for token in tokens[start:]:
            run += token
            if run == wanted:
                return start + 1
            if not wanted.startswith(run):
                break
    return 0


def _squashed(text: str, *, alike: bool) -> str:
    run = "".join(words(text))
    return run.translate(_ALIKE) if alike and len(run) > 1 else run


def _says(text: str, value: str) -> bool:
    return bool(_within(_squashed(value, alike=False), words(text)))
