"""What sellers say in Spanish. As `english.py`; patterns have no accents, since what they are matched against has none."""

from __future__ import annotations

import re

from core.rules.plain.forms import Form, Language, form
from core.rules.plain.wishes import Verb

_DOWN = r"(?:baja|bajar|bajale|bajarle|bajalo|bajen|rebaja|rebajar|rebajale|reduce|reducir|descuenta|descontar)"
_UP = r"(?:sube|subir|subele|subirle|aumenta|aumentar|incrementa)"
_SET = rf"(?:{_DOWN}|{_UP}|pon|poner|ponle|ponerle|cambia|cambiar|deja|dejar|fija|fijar|ajusta|ajustar|actualiza)"
_PRICE = r"(?:(?:el )?precio (?:de |a |del |al |para )+)?ITEM"
_A = r"(?:a |en |por |de )"
_FINE = r"(?: (?:esta|me parece|va|vale|suena|seria|es)(?: (?:muy |todo )?(?:bien|ok|perfecto|bueno|aceptable))?)?"
_FOR_SALE = r"(?:a la venta|en venta|en linea|otra vez|de nuevo|online)"
_SHOW = r"(?:muestrame|muestra|mostrar|ensename|ensena|ver|ve|dime|dame|lista|listame|abre|mira|quiero ver)"
_KINDS = r"(?:cosas|articulos|productos|anuncios|inventario|todo|publicaciones)"
_STATES = (
    ("live", r"(?:a la venta|en venta|publicad[oa]s?|activ[oa]s?|online|en linea)"),
    ("sold", r"vendid[oa]s?"),
    ("draft", r"(?:en borrador|borradores|sin publicar)"),
    ("not up", r"(?:retirad[oa]s?|quitad[oa]s?)"),
)
_FIELDS = {
    "title": "titulo|nombre",
    "description": "descripcion",
    "condition": "estado|condicion",
    "brand": "marca",
    "model": "modelo",
    "size": "talla|tamano",
    "colour": "color",
    "material": "material",
    "quantity": "cantidad",
    "cost": "coste|costo",
    "floor": "minimo|precio minimo",
    "notes": "notas?",
}
WHENS = {
    "hoy": "today",
    "ayer": "yesterday",
    "esta semana": "week",
    "la semana": "week",
    "la semana pasada": "last week",
    "este mes": "this month",
    "el mes": "this month",
    "el mes pasado": "last month",
    "este ano": "this year",
    "el ano pasado": "last year",
    "hasta ahora": "",
    "ultimamente": "",
}


def _lists() -> tuple[Form, ...]:
    sales, profit = ("sales {when}", "items sold"), ("profit {when}", "sales {when}", "items sold")
    lists = [
        one
        for state, said in _STATES
        for one in (
            form(
                Verb.LIST,
                rf"(?:que|cuales|cuantos?|cuantas?)(?: cosas| articulos)?(?: esta| estan| hay| tengo| tenemos)? ?{said}",
                f"items {state}",
            ),
            form(
                Verb.LIST,
                rf"(?:{_SHOW} )?(?:mis |los |las |todos los |todas las |lo que (?:esta|tengo|hay) )?(?:{_KINDS} )?{said}",
                f"items {state}",
            ),
        )
    ]
    return (
        form(
            Verb.COMMAND,
            r"(?:que|cuanto)(?: es lo que)?(?: se| me| he| hemos| ha)*(?: vendi| vendio| vendido| vendimos|"
            r" vendieron)(?: WHEN)?",
            *sales,
            whens=WHENS,
        ),
        form(Verb.COMMAND, rf"(?:{_SHOW} )?(?:las |mis )?ventas(?: de| en)?(?: WHEN)?", *sales, whens=WHENS),
        form(
            Verb.COMMAND,
            r"(?:cuanto|que)(?: dinero)?(?: he| hemos| llevo)? (?:gane|ganado|ganamos|gano|ganando)(?: WHEN)?",
            *profit,
            whens=WHENS,
        ),
        form(Verb.COMMAND, rf"(?:{_SHOW} )?(?:las |mis |la |mi )?(?:ganancias?|beneficios?)(?: de| en)?(?: WHEN)?", *profit, whens=WHENS),
        *lists,
        form(Verb.LIST, rf"(?:{_SHOW} )?(?:mis |mi |el |todas mis |todos mis |todas las |todos los |las |los )?{_KINDS}", "items"),
        form(Verb.LIST, r"(?:que|cuantas cosas|cuantos articulos) (?:tengo|tenemos|vendo)", "items"),
    )


def _prices() -> tuple[Form, ...]:
    return (
        form(
            Verb.FIELD,
            rf"(?:pon |ponle |fija )?(?:el |un )?(?:precio )?minimo (?:de |para |del |a |al )+ITEM (?:{_A}|es |= ?)MONEY",
            field="floor",
        ),
        form(Verb.FIELD, r"(?:pon |ponle |fija )?(?:el |un )?(?:precio )?minimo de MONEY (?:a|para|en) ITEM", field="floor"),
        form(
            Verb.FIELD, r"(?:no|nunca) (?:vendas|vender|dejes|bajes|bajar) ITEM (?:por|de|a)(?: menos de| debajo de)? MONEY", field="floor"
        ),
        form(Verb.FIELD, r"(?:yo )?(?:pague|pagamos) MONEY por ITEM", field="cost"),
        form(Verb.FIELD, r"compre ITEM (?:por|a|en) MONEY", field="cost"),
        form(Verb.FIELD, r"ITEM me costo MONEY", field="cost"),
        form(Verb.SOLD, r"(?:ya )?(?:he |hemos |se )?(?:vendi|vendido|vendio|vendimos) ITEM (?:por|en|a) MONEY(?: WORDS)?"),
        form(Verb.SOLD, r"ITEM (?:ya )?(?:se |esta |fue |ha sido )(?:vendio|vendida|vendido) (?:por|en|a) MONEY(?: WORDS)?"),
        form(
            Verb.SOLD,
            r"(?:alguien|un amigo|una amiga|un vecino|una vecina) (?:me )?(?:compro|se llevo) ITEM por MONEY(?: WORDS)?",
        ),
        form(Verb.LOWER, rf"{_DOWN} {_PRICE} (?:un |en un |el )?PERCENT"),
        form(Verb.LOWER, rf"{_DOWN} {_PRICE} en MONEY"),
        form(Verb.LOWER, rf"{_DOWN} (?:un )?(?:PERCENT|MONEY) (?:de |del |a |al |el precio de |al precio de )*ITEM"),
        form(
            Verb.LOWER,
            r"(?:quita|quitale|resta|restale|haz|hazle|dale)(?: un)? (?:PERCENT|MONEY)(?: de descuento)? (?:a|al|de|del|"
            r"en) ITEM",
        ),
        form(Verb.LOWER, r"(?:un )?(?:PERCENT|MONEY) (?:de descuento|menos|de rebaja) (?:en|a|al|para|por|de|del) ITEM"),
        form(Verb.RAISE, rf"{_UP} {_PRICE} (?:un |en un |el )?PERCENT"),
        form(Verb.RAISE, rf"{_UP} {_PRICE} en MONEY"),
        form(
            Verb.OFFER,
            rf"(?:publica|publicar|vende|vender|ofrece|anuncia|lista|cuelga|pon|poner) ITEM (?:{_FOR_SALE} )?por MONEY",
        ),
        form(Verb.OFFER, rf"(?:publica|publicar|vende|vender|ofrece|anuncia|lista|cuelga|pon) ITEM {_FOR_SALE} (?:a|en) MONEY"),
        form(Verb.OFFER, r"(?:publica|publicar|vende|vender|ofrece|anuncia|lista|cuelga) ITEM (?:a|en) MONEY"),
        form(Verb.PRICE, rf"{_SET} {_PRICE} {_A}MONEY"),
        form(Verb.PRICE, r"(?:el )?(?:nuevo )?precio (?:de|del|para) ITEM (?:es|a|debe ser|sera|=|:) ?MONEY"),
        form(Verb.PRICE, r"ITEM (?:debe costar|cuesta|vale|ahora cuesta|a|=|:) ?MONEY"),
        form(Verb.PRICE, r"(?:acepto|aceptaria|acepta) MONEY por ITEM"),
        form(Verb.PRICE, rf"MONEY (?:por|para|en) ITEM{_FINE}"),
        form(Verb.PRICE, rf"(?:dejalo en |ponlo a |ponlo en |que sean |vale |por |a |ok )?MONEY{_FINE}"),
        form(Verb.PRICE, r"(?:cambia|cambiar|baja|sube|reduce) el precio (?:de|del) ITEM"),
        form(Verb.SOLD, r"(?:ya )?(?:he |hemos )?(?:vendi|vendido|vendimos) ITEM"),
    )


def _moving() -> tuple[Form, ...]:
    fields = [
        form(
            Verb.FIELD,
            rf"(?:cambia|pon|actualiza|edita|corrige) (?:el |la |las )?(?:{called}) (?:de |del )ITEM (?:a|por|como|:) WORDS",
            field=field,
        )
        for field, called in _FIELDS.items()
    ]
    return (
        *fields,
        form(Verb.FIELD, r"(?:renombra|llama|titula) (?:a )?ITEM (?:a|como) WORDS", field="title"),
        form(
            Verb.DELIST,
            r"(?:quita|quitar|retira|retirar|elimina|eliminar|borra|borrar|saca|sacar|despublica|descuelga|"
            r"desactiva)(?: el anuncio de(?:l)?| la publicacion de(?:l)?)? ITEM(?: de la venta| del mercado)?",
        ),
        form(Verb.DELIST, r"(?:baja|bajar)(?: el anuncio de(?:l)?| la publicacion de(?:l)?) ITEM"),
        form(Verb.DELIST, r"(?:baja|bajar) ITEM", placed=True),
        form(Verb.DELIST, r"(?:deja|dejar) de vender ITEM"),
        form(Verb.PUBLISH, rf"(?:pon|poner|saca|sube|publica|vende|lista|anuncia) ITEM {_FOR_SALE}"),
        form(Verb.PUBLISH, rf"(?:pon|poner) {_FOR_SALE} ITEM"),
        form(
            Verb.PUBLISH,
            r"(?:publica|publicar|sube|subir|lista|listar|anuncia|anunciar|vende|vender|cuelga|republica) ITEM(?: tambien)?",
        ),
        form(Verb.PUBLISH, r"(?:pon|poner|anade) ITEM(?: tambien)?", placed=True),
    )


def _showing() -> tuple[Form, ...]:
    return (
        form(
            Verb.FIND,
            r"(?:busca|buscar|buscame|encuentra|tengo|tengo algun|tengo alguna|hay|cuantos|cuantas)(?: (?:el|la|los|las|mis|"
            r"mi|un|una))? WORDS",
        ),
        form(
            Verb.SHOW,
            r"(?:cuanto (?:cuesta|vale|cuestan|valen)|a cuanto esta|que precio tienen?|cual es el precio de(?:l)?) ITEM",
        ),
        form(Verb.SHOW, r"(?:esta|sigue|estan) ITEM (?:a la venta|vendid[oa]s?|publicad[oa]s?|activ[oa]s?|en venta|disponibles?)"),
        form(Verb.SHOW, rf"(?:{_SHOW}|donde (?:esta|estan)|detalles de(?:l)?|estado de(?:l)?) ITEM"),
        form(Verb.ABOUT, r"(?:como (?:va|van|esta|estan)|que tal|que pasa con|que paso con|y) ITEM"),
        form(Verb.SHOW, r"(?:articulo|numero|producto) ?(?P<item>\d{1,9})"),
    )


def _others() -> tuple[Form, ...]:
    return (
        form(
            Verb.COMMAND,
            r"(?:deshaz|deshacer|deshazlo|revierte|me equivoque|fue un error|vuelve atras|anulalo)(?: eso| esto| lo ultimo|"
            r" el ultimo cambio)?",
            "undo",
        ),
        form(Verb.COMMAND, r"(?:pausa|pausar|para|parar|deten|detener|congela)(?: todo| la tienda| las ventas)", "pause all"),
        form(Verb.COMMAND, r"(?:reanuda|reanudar|continua|continuar|sigue|seguir|despausa)(?: todo| vendiendo)?", "resume"),
        form(
            Verb.COMMAND,
            r"(?:que (?:tengo que|debo|hay que) hacer(?: hoy| ahora)?|(?:mis |las |ver |muestrame (?:mis |las )?)*tareas|"
            r"que (?:me )?(?:queda|falta)(?: por hacer)?|que hay pendiente de hacer)",
            "tasks",
        ),
        form(
            Verb.COMMAND,
            r"(?:(?:quien|que|quienes) (?:espera|esperan|esta esperando|esta pendiente|hay pendiente)(?: de mi)?(?: mi (?:si|"
            r"aprobacion))?|aprobaciones|(?:mis |las )?pendientes|que tengo que aprobar)",
            "pending",
        ),
        form(
            Verb.COMMAND,
            r"(?:(?:mis |los |ver )*(?:canales|mercados|tiendas|conexiones)|donde vendo|en que canales vendo|(?:esta|"
            r"como esta|como va) CHANNEL(?: conectado)?)",
            "channels",
        ),
        form(
            Verb.COMMAND, r"(?:conecta|conectar|conectame|vincula)(?: a| con| mi)*(?: cuenta de| tienda de)? CHANNEL", "connect {channel}"
        ),
        form(Verb.COMMAND, r"(?:desconecta|desconectar)(?: a| mi)*(?: cuenta de| tienda de)? CHANNEL", "disconnect {channel}"),
        form(
            Verb.COMMAND,
            r"(?:ayuda|ayudame|necesito ayuda|que (?:puedes|sabes|puedo) hacer|como funciona(?: esto)?|como (?:se usa|"
            r"te uso)(?: esto)?|(?:los )?comandos)",
            "help",
        ),
        form(Verb.COMMAND, r"(?:(?:mis |los |las |ver )*(?:avisos|notificaciones|novedades)|que hay de nuevo|que me perdi)", "notices"),
        form(Verb.COMMAND, r"(?:(?:el |mi |dame el |dame un )?resumen|como va (?:el negocio|la tienda|todo))", "digest"),
        form(Verb.COMMAND, r"(?:habla|hablame|cambia|pon|usa)(?: en| a| al)? espanol", "language es"),
        form(Verb.COMMAND, r"(?:habla|hablame|cambia|pon|usa)(?: en| a| al)? ingles", "language en"),
        form(Verb.COMMAND, r"(?:quien trabaja aqui|(?:los |ver )*miembros|(?:el |mi )?equipo)", "members"),
        form(Verb.COMMAND, r"(?:quien soy|mi (?:perfil|cuenta))", "me"),
    )


_POLITE = (
    "por favor|porfa|hola|oye|haggle|ok|vale|bueno|ahora|tambien|luego|entonces|puedes|podrias|me puedes|podemos|quiero que|quiero|"
    "quisiera|me gustaria|necesito|necesito que|hay que|vamos a|venga"
)
_EVERYWHERE = (
    r"(?:(?:en|de|por|a) (?:todas? partes|todos (?:los )?(?:lados|sitios|canales|mercados)|todas (?:las )?(?:tiendas|plataformas)|todo)"
    r"|dondequiera)"
)
_NEVER_MIND = (
    "cancela", "cancelar", "olvidalo", "dejalo", "da igual", "no importa", "nada", "nada nada", "no gracias", "mejor no", "ahora no",
)  # fmt: skip
_VERBS = """
baja bajar bajale rebaja reduce descuenta sube subir subele aumenta pon poner ponle cambia cambiar deja fija ajusta actualiza publica
publicar vende vender ofrece anuncia lista cuelga quita quitar retira retirar elimina borra saca despublica muestra muestrame ensename
busca abre mira deshaz pausa para reanuda continua conecta desconecta renombra vendi acepto quitale que cuanto como donde dame
"""
SPANISH = Language(
    forms=(*_lists(), *_others(), *_prices(), *_moving(), *_showing()),
    whens=WHENS,
    polite=re.compile(rf"^(?:(?:{_POLITE})\b[,:]?\s*)+"),
    after=re.compile(r"(?:[,\s]+(?:por favor|porfa|gracias|ahora|ahora mismo|ya|haggle|anda))+$"),
    at=r"(?:en|de|a|por|desde|del|al)",
    everywhere=_EVERYWHERE,
    joins=r"\s*(?:[;,.!]\s*(?:y luego|y|luego)?|\by luego|\by tambien|\by|\bluego|\bpero)\s+",
    never_mind=frozenset(_NEVER_MIND),
    verbs=frozenset(_VERBS.split()),
)
