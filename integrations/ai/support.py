"""Is a model's claim supported by text on the photos? Pure.

Brand, model, part number and size decide what an item is worth, and are what models make up. Each such claim is looked for
in what the offline reader saw; what is not there is marked low, whatever the model says of its own certainty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from core.values.draft import Evidence, Field
from integrations.ai import brands, drafting, sizes
from integrations.ai.clues import words
from integrations.ai.findings import Findings, TextLine

LOW = 0.4  # the most that a claim without support is worth
CHECKED = ("brand", "model", "mpn", "size")
CODES = ("upc", "ean", "isbn")
_SPOKEN = {"mpn": "part number"}

# Letters that text readers mistake for each other; digits that differ stay different, they are the claim.
_ALIKE = str.maketrans("oilsbz", "011582")


def reconcile(claims: Mapping[str, Field], findings: Findings) -> tuple[dict[str, Field], list[str]]:
    """The model's claims and the offline reader's fields as one set of fields, and sentences about contradictions.

    - A checked claim with support keeps its confidence and gains the text as evidence; without, it is at most `LOW`.
    - Where the photo says something else than an unsupported claim, the photo's word is the value, as low, for a person to look at.
    - Product numbers are believed from bars only, or when the very digits are printed.
    - What the model left out and the photos prove is added.
    """
    read = findings.draft.fields
    fields: dict[str, Field] = {}
    sentences: list[str] = []
    doubted: list[str] = []
    for name, claim in claims.items():
        if name not in CHECKED and name not in CODES:
            fields[name] = claim
            continue
        proof = proof_of(name, claim.text, findings)
        if proof:
            fields[name] = replace(claim, evidence=(*claim.evidence, proof))
            continue
        if name in CHECKED:
            doubted.append(claim.text)
            fields[name] = _doubted(name, claim, read.get(name), sentences)
    fields = {**{name: found for name, found in read.items() if name not in fields}, **fields}
    fields |= {name: read[name] for name in CODES if name in read}
    if "title" in claims and any(_says(claims["title"].text, value) for value in doubted):
        fields["title"] = replace(claims["title"], confidence=min(LOW, claims["title"].confidence))
    return fields, sentences


def proof_of(name: str, value: str, findings: Findings) -> Evidence | None:
    """The text or the bars on a photo that show `value`, None when nothing does."""
    if name == "size":
        return _proof_of_size(value, findings.lines)
    if name == "brand":
        known = brands.known(value)
        for _, lines in groupby(findings.lines, key=lambda line: line.photo):
            for clue in brands.find(list(lines)):
                if known and clue.value == known:
                    return clue.line.evidence()
    for barcode in findings.barcodes:
        if _within(_squashed(value, alike=False), [_squashed(word, alike=False) for word in words(barcode.text)]):
            return barcode.evidence()
    return _proof_in_text(value, findings.lines, alike=name != "brand")


def _doubted(name: str, claim: Field, read: Field | None, sentences: list[str]) -> Field:
    if read is None or read.confidence <= LOW:
        return replace(claim, confidence=min(LOW, claim.confidence))
    sentences.append(f"The model says {_SPOKEN.get(name, name)} {claim.text}, the photo says {read.text}: please check.")
    return Field(read.value, LOW, (*read.evidence, *claim.evidence))


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
    if len(wanted) < 2:
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
    return run.translate(_ALIKE) if alike else run


def _says(text: str, value: str) -> bool:
    return bool(_within(_squashed(value, alike=False), words(text)))
