"""Orders: which state may follow which. A person's command follows the table; a channel may jump along it, hop by hop."""

from __future__ import annotations

from collections import deque

from core.values.states import OrderState as S

MOVES: dict[S, tuple[S, ...]] = {
    S.PENDING: (S.CONFIRMED, S.CANCELLED),
    S.CONFIRMED: (S.PROCESSING, S.CANCELLED),
    S.PROCESSING: (S.SHIPPED, S.CANCELLED),
    S.SHIPPED: (S.DELIVERED, S.DISPUTED),
    S.DELIVERED: (S.COMPLETED, S.REFUND_REQUESTED, S.DISPUTED),
    S.COMPLETED: (S.REFUND_REQUESTED,),
    S.REFUND_REQUESTED: (S.REFUNDED, S.COMPLETED),
    S.DISPUTED: (S.REFUNDED, S.COMPLETED),
    S.CANCELLED: (),
    S.REFUNDED: (),
}


def hops(old: S, new: S) -> tuple[S, ...]:
    """The shortest way from `old` to `new` along the table, without `old`; empty when there is none (or nothing to do)."""
    ways: deque[tuple[S, ...]] = deque([(old,)])
    seen = {old}
    while ways:
        way = ways.popleft()
        if way[-1] is new:
            return way[1:]
        for following in MOVES[way[-1]]:
            if following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return ()
