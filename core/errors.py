"""The six ways in which work can fail. Every integration maps its own errors to these.

    HaggleError
    ├── Refused       the marketplace (or a rule of ours) says no; a person reads why and what to do
    ├── AuthLost      the connection's permission is gone; a person reconnects
    ├── Busy          too many calls; try again after `retry_after` seconds          retried
    ├── Unreachable   no answer, or a broken one; nobody knows whether it happened   retried
    ├── Missing       a field or a thing that is needed is not there
    └── Invalid       what we were given or would send is wrong

`error.sentence` is what a person reads: what happened and what to do, a `Told` so that each reads it in their language
(`str(error)` is its English, for logs). `cause` is for the log.
Only `Busy` and `Unreachable` are retried; everything else becomes a card.
"""

from __future__ import annotations

TOO_SLOW = "too_slow"  # the code of an `Unreachable` when a job of ours was stopped because it took too long


class HaggleError(Exception):
    """Base of all. `code` is the other side's own error id where it has one."""

    def __init__(self, sentence: str, *, code: str = "", cause: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.cause = cause


class Refused(HaggleError):
    """The other side understood and said no."""


class AuthLost(HaggleError):
    """The credentials were refused for good: reconnect the account."""


class Busy(HaggleError):
    """Rate limited. Wait `retry_after` seconds, exactly that."""

    def __init__(self, sentence: str, *, retry_after: float, code: str = "", cause: str = "") -> None:
        super().__init__(sentence, code=code, cause=cause)
        self.retry_after = retry_after


class Unreachable(HaggleError):
    """Time-out, broken connection, 5xx or an answer that makes no sense. The effect may or may not have happened."""


class Missing(HaggleError):
    """Something that is needed is not there. `field` names it when it is a field of a draft."""

    def __init__(self, sentence: str, *, field: str = "", code: str = "", cause: str = "") -> None:
        super().__init__(sentence, code=code, cause=cause)
        self.field = field


class Invalid(HaggleError):
    """Bad input: what a person typed, a file that is no photo, a value out of its range."""
