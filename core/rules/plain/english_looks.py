"""Looking, in English: lists, sums, commands that take no item, and showing one."""

from __future__ import annotations

from core.rules.plain.forms import Form, form
from core.rules.plain.wishes import Verb

_KINDS = r"(?:items?|things?|stuff|listings?|inventory|everything|all|products?|goods|ones)"
_MINE = r"(?:(?:all|all of|all the|the|my|all my|any|all of my|our) )?"
_SHOW = r"(?:show|list|display|give|tell|see|view|open|pull up|get|read|let me see)(?: me| us)?"
_OPEN = r"(?:show|display|see|view|open|pull up|let me see)(?: me| us)?"
_WHAT = r"(?:what|which)(?:'s| is| are| has| have|'ve)?"
_STATES = (
    ("live", r"(?:live|up for sale|up|for sale|listed|online|selling|active|published|on sale)"),
    ("sold", r"(?:sold|gone)"),
    ("draft", r"(?:drafts?|in draft|unpublished|not published)"),
    ("not up", r"(?:not up|down|off|delisted|taken down)"),
)
WHENS = {
    "today": "today",
    "yesterday": "yesterday",
    "this week": "week",
    "the week": "week",
    "last week": "last week",
    "this month": "this month",
    "the month": "this month",
    "last month": "last month",
    "this year": "this year",
    "last year": "last year",
    "so far": "",
    "lately": "",
    "recently": "",
}


def _lists() -> tuple[Form, ...]:
    lists = [
        one
        for state, said in _STATES
        for one in (
            form(
                Verb.LIST,
                rf"{_WHAT} (?:(?:of )?{_MINE}{_KINDS} (?:is|are|do i have|have i got) )?(?:i have |currently |right now |now |"
                rf"still |do i have |have i got |i've got )?{said}(?: now| right now| today)?",
                f"items {state}",
            ),
            form(Verb.LIST, rf"(?:{_SHOW} )?{_MINE}{said} {_KINDS}", f"items {state}"),
            form(Verb.LIST, rf"{_SHOW} {_MINE}{said}", f"items {state}"),
            form(
                Verb.LIST,
                rf"{_SHOW} (?:me )?(?:{_WHAT} |{_MINE}{_KINDS} (?:that (?:is|are) )?)(?:is |are |i have |i've )?{said}",
                f"items {state}",
            ),
            form(Verb.LIST, rf"how many {_KINDS} (?:do i have |have i |i have |are |is )?{said}", f"items {state}"),
        )
    ]
    return (
        form(
            Verb.COMMAND,
            r"(?:what|how many|how much)(?:'s|'ve| has| have| did| things| items)*(?: i| we| you)? (?:been |just )?(?:sold|"
            r"sell|sells)(?: well)? WHEN",
            "sales {when}",
            "items sold",
            whens=WHENS,
        ),
        form(
            Verb.COMMAND,
            r"(?:what|how many)(?:'s|'ve| has| have| did| things| items)*(?: i| we)? (?:been |just )?(?:sold|sell)",
            "sales",
            "items sold",
        ),
        form(
            Verb.COMMAND,
            rf"(?:{_SHOW} )?(?:the |my |our )?(?:sales|sales figures|sold)(?: for| of| from| in)?(?: WHEN)?",
            "sales {when}",
            "items sold",
            whens=WHENS,
        ),
        form(Verb.COMMAND, r"how (?:many sales|are sales|were sales)(?: WHEN)?", "sales {when}", "items sold", whens=WHENS),
        form(
            Verb.COMMAND,
            r"(?:how much|what)(?: money)?(?: did| have| do| has|'ve)?(?: i| we) (?:make|made|earn|earned|profit)(?: WHEN)?",
            "profit {when}",
            "sales {when}",
            "items sold",
            whens=WHENS,
        ),
        form(
            Verb.COMMAND,
            rf"(?:{_SHOW} |what's |what is |what are |what was |what were )?(?:the |my |our )(?:profits?|earnings|"
            r"income)(?: for| of| from| in)?(?: WHEN)?",
            "profit {when}",
            "sales {when}",
            "items sold",
            whens=WHENS,
        ),
        form(Verb.COMMAND, r"(?:profits?|earnings)(?: WHEN)?", "profit {when}", "sales {when}", "items sold", whens=WHENS),
        *lists,
        form(Verb.LIST, rf"(?:{_SHOW} )?{_MINE}{_KINDS}", "items"),
        form(
            Verb.LIST,
            r"(?:what do i have|what have i got|what do i sell|what am i selling|show me what i have|what's in (?:my |"
            r"the )?(?:stock|inventory|shop|store))",
            "items",
        ),
        form(Verb.LIST, r"how many (?:items|things|listings) do i have", "items"),
    )


def _undoing() -> tuple[Form, ...]:
    return (
        form(
            Verb.COMMAND,
            r"(?:take (?:that|it|this) back|put it back (?:as it was|how it was|the way it was)|revert(?: that| it| this)?|"
            r"go back|oops|whoops|my mistake|that was (?:a mistake|wrong)|i made a mistake|undo(?: that| it| this|"
            r" the last(?: one| thing| change)?| what i just did| my last (?:change|action))?)",
            "undo",
        ),
        form(
            Verb.COMMAND,
            r"(?:pause|stop|halt|freeze|hold)(?: everything| all| it all| all of it| the shop| haggle| selling| all sales|"
            r" all selling)",
            "pause all",
        ),
        form(
            Verb.COMMAND,
            r"(?:resume|unpause|unfreeze|continue|go on|carry on|start again|restart|start selling again|"
            r"keep going)(?: everything| all| it all| selling| haggle| the shop)?",
            "resume",
        ),
    )


def _others() -> tuple[Form, ...]:
    return (
        form(
            Verb.COMMAND,
            r"(?:what (?:do|should|must|can) i (?:have to |need to )?do(?: now| next| today)?|what(?:'s| is) (?:left|due|"
            r"overdue|next)(?: to do| for me(?: to do)?)?|what do i (?:have|need) to do(?: today| now)?|to-? ?do(?:s| list)?|"
            r"my to-? ?dos?|chores|what(?:'s| is) (?:on )?my (?:list|plate|to-? ?do list)|anything (?:left |for me )?to do|"
            r"(?:show |show me |list )?(?:my |the |all |open |overdue )*tasks|what are my tasks)",
            "tasks",
        ),
        form(
            Verb.COMMAND,
            r"(?:(?:who|what|what's|who's|whats|anything|anyone|is anything|is anyone)(?: is| are)? (?:waiting|waits|pending|"
            r"open|left to approve)(?: for (?:me|my (?:yes|approval|ok|okay|decision)|approval|a yes))?|(?:pending |"
            r"open )?approvals|what needs my (?:approval|yes|ok|okay|decision)|what (?:can|should|must) i approve|(?:show |"
            r"show me )(?:what's |what is )?pending)",
            "pending",
        ),
        form(
            Verb.COMMAND,
            r"(?:(?:show |show me |list )?(?:my |the |all )*(?:channels|marketplaces|connections|shops)|where (?:do|am|"
            r"can) i sell(?:ing)?|(?:which|what) (?:channels|marketplaces|shops) (?:do i have|am i on|are connected|do i use)|"
            r"(?:is|how is|how's) CHANNEL(?: doing| connected| ok| okay| working| up| still connected)*)",
            "channels",
        ),
        form(
            Verb.COMMAND,
            r"(?:connect|hook up|link up|set up|reconnect)(?: to| with| my)? CHANNEL(?: account| shop| store)?",
            "connect {channel}",
        ),
        form(Verb.COMMAND, r"(?:disconnect|unhook)(?: from| my)? CHANNEL(?: account| shop| store)?", "disconnect {channel}"),
        form(Verb.COMMAND, r"(?:failed |refused |lost |missing )(?:deliveries|webhooks)", "webhooks"),
        form(
            Verb.COMMAND,
            r"(?:help(?: me)?|i need help|what can (?:you|i) (?:do|say|ask)(?: for me| here)?|what do you do|how (?:do|does|"
            r"can) (?:this|it|i|that|you|haggle) (?:work|use (?:this|it|you|haggle)|start|begin)|(?:list |show |"
            r"show me )?(?:all |the )*commands|how to use (?:this|it|you|haggle))",
            "help",
        ),
        form(
            Verb.COMMAND,
            r"(?:(?:show |show me )?(?:my |the |all )*(?:notices|notifications|alerts|news)|what(?:'s| is) new|anything new|"
            r"what did i miss|what happened)",
            "notices",
        ),
        form(
            Verb.COMMAND,
            r"(?:(?:the |my |show me the |give me the |give me a )?(?:morning )?(?:digest|summary|overview)|how(?:'s|"
            r" is) (?:business|the shop|my shop)|how are things)",
            "digest",
        ),
        form(Verb.COMMAND, r"(?:speak|talk|switch to|change to|use)(?: in| to me in)? (?:english|ingles)", "language en"),
        form(Verb.COMMAND, r"(?:speak|talk|switch to|change to|use)(?: in| to me in)? (?:spanish|espanol)", "language es"),
        form(
            Verb.COMMAND,
            r"(?:who (?:works|is|else is|can sell) here|(?:show |show me |list )?(?:my |the |our )?(?:members|team|people))",
            "members",
        ),
        form(
            Verb.COMMAND,
            r"(?:invite|add)(?: someone| somebody| a new| a| an| another)*(?: as| as an?)? (?P<rest>owner|manager|seller|"
            r"viewer)",
            "invite {rest}",
        ),
        form(Verb.COMMAND, r"(?:who am i|my (?:settings|profile|account))", "me"),
        form(
            Verb.COMMAND,
            r"(?:(?:send|import|upload|here comes|sort)(?: you)? (?:my |the |a )?(?:whole )?camera roll|bulk(?: upload|"
            r" photos)?|camera roll)",
            "bulk",
        ),
    )


def _showing() -> tuple[Form, ...]:
    return (
        form(
            Verb.FIND,
            r"(?:find|search for|search|look for|look up|do i have any|do i have|have i got any|have i got|"
            r"any)(?: me)? (?:my |the |all |all the |some |an |a )?WORDS",
        ),
        form(Verb.FIND, r"how many (?P<rest>\S.*?) (?:do i have|have i got|are there|are left|are live)(?: left)?"),
        form(Verb.SHOW, r"how much (?:is|does|do|are|did i ask for) ITEM(?: cost| costing| going for| priced at)?(?: now)?"),
        form(Verb.SHOW, r"what (?:is|does|do|are) ITEM (?:cost|costing|going for|priced at)(?: now)?"),
        form(Verb.ABOUT, r"what (?:is|are) ITEM"),
        form(Verb.SHOW, r"(?:what's|what is|how's) the (?:price|status|state) (?:of|for|on|with) ITEM"),
        form(
            Verb.SHOW,
            r"is ITEM (?:live|sold|up|listed|still (?:there|up|live|for sale|available)|for sale|online|gone|down|published|"
            r"available)(?: yet| now| already)?",
        ),
        form(
            Verb.SHOW,
            rf"(?:{_OPEN}|check|check on|look at|bring up|go to|details (?:of|on|for)|info (?:on|about)|status of|where's|"
            r"where is|where are) ITEM(?: listed| up| now)?",
        ),
        form(
            Verb.ABOUT,
            r"(?:how's|how is|how are|what about|how about|what's up with|what happened to|what happened with|"
            r"(?:tell|give|get|read)(?: me)?(?: about)?) ITEM(?: doing| going)?",
        ),
        form(Verb.SHOW, r"(?:item|number|no\.?|#) ?(?P<item>\d{1,9})"),
        form(Verb.SHOW, r"(?P<item>#\d{1,9})"),
    )


LISTS = _lists()
OTHERS = (*_others(), *_undoing())
SHOWING = _showing()
