"""What sellers say in English. The first form that fits a whole clause counts, so the telling ones come first."""

from __future__ import annotations

import re

from core.rules.plain import english_looks as looks
from core.rules.plain.forms import Form, Language, form
from core.rules.plain.wishes import Verb

_DOWN = "(?:drop|lower|reduce|cut|decrease|slash|discount|mark down|knock down|bring down|mark|knock|bring|take|get|move)"
_UP = "(?:raise|increase|bump up|bump|hike up|hike|up|bring up|put up|mark up)"
_SET = f"(?:{_DOWN}|{_UP}|set|change|put|make|price|reprice|adjust|update|list)"
_PRICE = r"(?:(?:the )?(?:asking )?price (?:of|for|on) )?ITEM(?:'s|s')?(?: (?:price|asking price))?"
_FINE = (
    r"(?: (?:is|would be|sounds|seems|works|will do)"
    r"(?: (?:totally |perfectly |just )?(?:fine|ok|okay|good|great|alright|all right|acceptable))?)?"
)
_NO_QUESTION = r"(?!(?:is|are|was|were|what|which|who|how|did|does|do|has|have|why|when|where)\b)"
_FOR_SALE = r"(?:up for sale|for sale|up again|up|live|online|back up|back on|again|out)"
_FIELDS = {
    "title": "title|name",
    "description": "description",
    "condition": "condition",
    "brand": "brand|make",
    "model": "model",
    "size": "size",
    "colour": "colou?r",
    "material": "material",
    "quantity": "quantity|count|stock",
    "cost": "cost",
    "floor": "floor|minimum|lowest price",
    "notes": "notes?",
}


def _prices() -> tuple[Form, ...]:
    return (
        form(
            Verb.FIELD,
            r"(?:set |change |make |put )?(?:the |a )?(?:floor|minimum|min|lowest)(?: price)? (?:of|for|on) ITEM (?:to |at |"
            r"is |= ?|be )?MONEY",
            field="floor",
        ),
        form(Verb.FIELD, r"(?:set |put |make )?(?:a |the )?(?:floor|minimum|min)(?: price)?(?: of)? MONEY (?:on|for) ITEM", field="floor"),
        form(
            Verb.FIELD,
            r"(?:don't|do not|never|dont) (?:sell|go|let|take|drop|price) ITEM(?: go)? (?:below|under|for less than|for under|"
            r"lower than|less than) MONEY",
            field="floor",
        ),
        form(Verb.FIELD, r"(?:i |we )?(?:paid|spent) MONEY (?:for|on) ITEM", field="cost"),
        form(Verb.FIELD, r"(?:i |we )?bought ITEM (?:for|at) MONEY", field="cost"),
        form(Verb.FIELD, r"ITEM cost (?:me|us) MONEY", field="cost"),
        form(Verb.SOLD, r"(?:i |we |i've |i have |we've )?(?:just |already )?sold ITEM (?:for|at) MONEY(?: WORDS)?"),
        form(Verb.SOLD, rf"{_NO_QUESTION}ITEM (?:was |were |has |have |been |just |is |are |got )*sold (?:for|at) MONEY(?: WORDS)?"),
        form(Verb.SOLD, r"ITEM went for MONEY(?: WORDS)?"),
        form(
            Verb.SOLD,
            r"(?:someone|somebody|a friend|a neighbou?r|my neighbou?r|a guy|a woman|a man) (?:just )?(?:bought|"
            r"took) ITEM for MONEY(?: WORDS)?",
        ),
        form(Verb.SOLD, r"(?:got|received) MONEY (?:cash )?for ITEM"),
        form(Verb.SOLD, r"sold ITEM MONEY(?: WORDS)?"),
        form(Verb.LOWER, rf"{_DOWN} {_PRICE} (?:down )?(?:by )?PERCENT"),
        form(Verb.LOWER, rf"{_DOWN} {_PRICE} (?:down )?by MONEY"),
        form(Verb.LOWER, r"(?:take|knock|cut|give|shave|drop) (?:PERCENT|MONEY) off(?: of)?(?: the price of)? ITEM"),
        form(Verb.LOWER, r"(?:PERCENT|MONEY) (?:off|less|discount)(?: of| on| for)? ITEM"),
        form(Verb.LOWER, r"(?:make |sell )?ITEM (?:PERCENT|MONEY) (?:off|less|cheaper)"),
        form(Verb.LOWER, r"(?:PERCENT|MONEY) off"),
        form(Verb.RAISE, rf"{_UP} {_PRICE} (?:up )?(?:by )?PERCENT"),
        form(Verb.RAISE, rf"{_UP} {_PRICE} (?:up )?by MONEY"),
        form(Verb.RAISE, r"add (?:PERCENT|MONEY) (?:to|on)(?: the price of)? ITEM"),
        form(Verb.OFFER, rf"(?:list|sell|publish|post|offer|put) ITEM (?:{_FOR_SALE} )?for MONEY"),
        form(Verb.OFFER, rf"(?:publish|post|offer|put) ITEM {_FOR_SALE} at MONEY"),
        form(Verb.OFFER, r"(?:list|sell|publish|post|offer) ITEM at MONEY"),
        form(Verb.PRICE, rf"{_SET} {_PRICE} (?:(?:back )?(?:down |up ))?(?:to|at|for|=|be|cost)(?: only| just)? MONEY"),
        form(Verb.PRICE, rf"{_SET} (?:down|up) {_PRICE} (?:to|at|for) MONEY"),
        form(Verb.PRICE, r"(?:the )?(?:new )?price (?:of|for|on) ITEM (?:should be|is now|is|goes to|to|=|:|must be) ?MONEY"),
        form(
            Verb.PRICE,
            rf"{_NO_QUESTION}ITEM (?:should cost|should be|should go for|costs?|is now|is|now|to|at|can go for|"
            r"goes for) ?(?:now )?MONEY",
        ),
        form(Verb.PRICE, r"ITEM ?(?:=|->|:) ?MONEY"),
        form(Verb.PRICE, r"let ITEM go for MONEY"),
        form(Verb.PRICE, r"(?:i(?:'d| would| will|'ll) (?:take|accept)|take|accept) MONEY for ITEM"),
        form(Verb.PRICE, rf"MONEY (?:for|on) ITEM{_FINE}"),
        form(Verb.PRICE, r"(?:make|price|reprice|set) ITEM MONEY"),
        form(Verb.PRICE, rf"MONEY{_FINE}(?: for me| by me| then| works)?"),
        form(Verb.PRICE, r"(?:ok |okay |yes |yeah |fine |sure )+(?:for |at )?MONEY"),
    )


def _amountless() -> tuple[Form, ...]:
    """Whoever says these is asked how much."""
    return (
        form(
            Verb.PRICE,
            r"(?:lower|drop|raise|reduce|reprice|increase|discount) (?:the price of |the price for |the price on )?ITEM(?:'s price)?",
        ),
        form(Verb.PRICE, r"(?:change|update|set) (?:the price of |the price for |the price on )ITEM"),
        form(Verb.PRICE, r"(?:change|update|set) ITEM's price"),
        form(Verb.SOLD, r"(?:i |we |i've |we've )?(?:just )?sold ITEM"),
        form(Verb.SOLD, rf"{_NO_QUESTION}ITEM (?:was |were |has |have |been |just |is |are |got )*sold(?: WORDS)?"),
    )


def _moving() -> tuple[Form, ...]:
    fields = [
        one
        for field, called in _FIELDS.items()
        for one in (
            form(
                Verb.FIELD,
                rf"(?:change|set|update|edit|make) (?:the )?(?:{called}) (?:of|for|on) ITEM (?:to|as|be|is|=|:) WORDS",
                field=field,
            ),
            form(Verb.FIELD, rf"(?:change|set|update|edit) ITEM(?:'s)? (?:{called}) (?:to|as|=|:) WORDS", field=field),
            form(Verb.FIELD, rf"(?:the )?(?:{called}) of ITEM (?:is|should be|=|:) WORDS", field=field),
        )
    ]
    return (
        *fields,
        form(Verb.FIELD, r"(?:rename|retitle) ITEM (?:to|as) WORDS", field="title"),
        form(Verb.FIELD, r"(?:i|we) (?:now )?have (?P<rest>\d{1,5}) (?:more )?of ITEM", field="quantity"),
        form(Verb.DELIST, r"(?:take|pull|bring|get) (?:down|off) ITEM"),
        form(
            Verb.DELIST,
            r"(?:take|pull|bring|get|switch|turn) ITEM (?:down|off|offline|off sale|off the market|out)(?: please| now|"
            r" again)?",
        ),
        form(
            Verb.DELIST,
            r"(?:delist|de-list|unlist|unpublish|remove|delete|end|withdraw|deactivate|hide|kill)(?: the (?:listing|listings|"
            r"ad|ads) (?:of|for))? ITEM(?:'s listings?)?(?: listings?| down)?",
        ),
        form(Verb.DELIST, r"(?:stop|quit|don't|dont|do not) (?:selling|sell|offering|listing) ITEM(?: any ?more)?"),
        form(Verb.DELIST, r"(?:take|pull|get) ITEM", placed=True),
        form(Verb.PUBLISH, rf"(?:put|get|bring|list|post|publish|sell) ITEM {_FOR_SALE}"),
        form(
            Verb.PUBLISH,
            r"(?:put up|list|relist|re-list|publish|post|upload|sell|offer|go live with|advertise) ITEM(?: too| as well)?",
        ),
        form(Verb.PUBLISH, r"(?:put|get|add|try) ITEM(?: too| as well)?", placed=True),
    )


_POLITE = (
    "please|pls|plz|hey|hi|hello|haggle|ok|okay|so|now|then|also|and|just|well|yo|can you|could you|would you|will you|can we|could we|"
    "can i|could i|i want to|i'd like to|i would like to|i want you to|i need to|i need you to|let's|lets|go ahead and|you can|you should|"
    "we should|i should|i'd like you to|time to|do you mind|would you mind|kindly|quickly|maybe|perhaps"
)
_EVERYWHERE = (
    r"(?:(?:from |on |off |to )?everywhere(?: else)?|"
    r"(?:on|from|off|to|in|at) all(?: of)?(?: the| my)? (?:channels|marketplaces|sites|shops|stores|platforms|of them)|"
    r"(?:on|from|off|to) (?:everything|all)|all over(?: the place)?)"
)
_NEVER_MIND = (
    "never mind", "nevermind", "nvm", "cancel", "cancel that", "cancel it", "forget it", "forget that", "skip it", "skip", "no thanks",
    "no thank you", "leave it", "don't bother", "not now", "drop it",
)  # fmt: skip
_VERBS = """
drop lower reduce cut decrease slash discount mark knock bring take raise increase bump hike set change put make price reprice adjust
update list sell publish post offer relist upload delist remove delete end withdraw deactivate unlist unpublish hide stop show display
open check find search undo revert pause resume continue connect disconnect rename retitle sold let give help invite view what
which how who where is add shave pull get tell see read should would could
"""
ENGLISH = Language(
    forms=(*looks.LISTS, *looks.OTHERS, *_prices(), *_moving(), *_amountless(), *looks.SHOWING),
    whens=looks.WHENS,
    polite=re.compile(rf"^(?:(?:{_POLITE})\b[,:]?\s*)+"),
    after=re.compile(r"(?:[,\s]+(?:please|pls|plz|thanks|thank you|thx|cheers|for me|right now|asap|will you|ok|okay|haggle))+$"),
    at=r"(?:on|onto|off of|off|from|at|to|in|over at|via)",
    everywhere=_EVERYWHERE,
    joins=r"\s*(?:[;,.!]\s*(?:and then|and|then|also)?|\band then|\band also|\band|\bthen|\bbut|\bplus|&)\s+",
    never_mind=frozenset(_NEVER_MIND),
    verbs=frozenset(_VERBS.split()),
)
