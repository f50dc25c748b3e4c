"""What the chat page says by itself, beside the cards: its own buttons and states, in the reader's language.

The page is written in English. For a reader of another language the texts of its HTML are replaced here, and all its words come as a block
of JSON in the page (`words.js` reads it), so that an open page can change to yet another language. A test holds this list to what stands
in the files.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from html import escape

from bot.speech import speech_of
from core.words import N_

HTML = (
    N_("Haggle is working"),
    N_("Go to the message box"), N_("Notices"), N_("Shortcuts"), N_("Items"), N_("Orders"), N_("Tasks"), N_("Waiting for you"),
    N_("Camera roll"),
    N_("Channels"), N_("Help"), N_("Connecting…"), N_("Sign out"), N_("Sign out everywhere"), N_("Earlier messages"),
    N_("What would you like to sell?"),
    N_("Drop photos of one thing here. I draft the listing and show where each detail comes from; you tap Publish."), N_("Choose photos"),
    N_("Connect a marketplace"), N_("Photos in."), N_("Labels, barcodes and sizes in the picture help most."),
    N_("Answer what is missing."), N_("I never guess a price or a condition."), N_("Publish once."),
    N_("When it sells anywhere, I take it down everywhere else."), N_("Conversation"), N_("To the newest"),
    N_("No connection to Haggle. What you write is kept and sent when it is back."), N_("Not about this"), N_("Photos sent"),
    N_("That’s all"), N_("Photos to send"), N_("Commands"), N_("Add photos"), N_("Write, or / for commands"), N_("Message"), N_("Send"),
    N_("Let go to add these photos"), N_("Photo"), N_("Save as JPEG"), N_("Close"), N_("Previous photo"), N_("Next photo"),
    N_("Mark all read"), N_("Nothing here."), N_("Older"),
    N_("This chat needs JavaScript. Without it, talk to Haggle in the terminal: haggle talk"),
)  # fmt: skip
SCRIPTS = (
    N_("News:"), N_("Done:"), N_("Attention:"), N_("Critical:"), N_("Problem:"), N_("Working:"), N_("Notices"),
    N_("Notices, {count} unread"),
    N_("Got it"), N_("Dismiss"), N_("No connection to Haggle. Try again in a moment."), N_("Add to {title}"),
    N_("Write or add photos about this"), N_("Photo {number}"), N_("Enlarge"), N_("Chart"), N_("Buttons: {names}"), N_("About {title}"),
    N_("Connected"), N_("Not connected"), N_("Signed out"), N_("You are signed out. Open the sign-in link from the terminal again."),
    N_("Reload"), N_("Copied"), N_("Select and copy it by hand"), N_("Sending…"), N_("Sent"), N_("Send again"), N_("Remove"), N_("Today"),
    N_("Changed: {title}"), N_("a card"), N_("None of these photos could be used."),
    N_("Haggle does not answer. Choose these photos again in a moment."), N_("Haggle does not answer. Press That’s all again in a moment."),
    N_("Camera roll: {sent} of {all} photos sent. If this page closes, choose the same photos again: it goes on."),
    N_("Camera roll: {sent} photos sent. Add more, or press That’s all."),
    N_("Camera roll: photos that you add here now are parted into items."), N_("Remove {name}"), N_("Sending {name}"), N_("photo"),
    N_("Haggle answered {status}."), N_("check"), N_("solved"), N_("unread"), N_("{number} of {count}"),
    N_("{name} is {size} MB, and a photo may be 20 MB: choose a smaller version."),
)  # fmt: skip


def words_in(language: str) -> dict[str, str]:
    """Each message and how it is said; nothing for English, which is what the page is written in."""
    speech = speech_of(language)
    return {} if speech.language == "en" else {one: speech.gettext(one) for one in (*SCRIPTS, *HTML)}


@lru_cache
def translated(page: str, language: str) -> str:
    """The page in a language; English is what it is written in."""
    speech = speech_of(language)
    if speech.language == "en":
        return page
    for text in HTML:
        said, quoted = escape(speech.gettext(text)), re.escape(escape(text, quote=False))
        page = re.sub(rf'(>\s*|="){quoted}(?=\s*[<"])', rf"\g<1>{said}", page)
    words = json.dumps(words_in(language), ensure_ascii=False).replace("<", "\\u003c")
    page = page.replace('<html lang="en">', f'<html lang="{speech.language}">')
    return page.replace("</head>", f'<script id="page-words" type="application/json">{words}</script>\n</head>')
