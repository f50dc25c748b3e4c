"""A small category tree of the trades that resellers work in. Written for the stand-in; its ids mean nothing at the real one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

TREES = {"EBAY_US": "0", "EBAY_MOTORS_US": "100", "EBAY_CA": "2", "EBAY_GB": "3", "EBAY_AU": "15", "EBAY_FR": "71", "EBAY_DE": "77"}
TREES |= {"EBAY_IT": "101", "EBAY_ES": "186"}
VERSION = "134"

# Condition ids and what a category calls them.
NAMES = {
    "1000": "New",
    "1500": "New other",
    "1750": "New with defects",
    "2000": "Certified refurbished",
    "2500": "Seller refurbished",
    "2750": "Like new",
    "2990": "Pre-owned, excellent",
    "3000": "Used",
    "3010": "Pre-owned, fair",
    "4000": "Very good",
    "5000": "Good",
    "6000": "Acceptable",
    "7000": "For parts or not working",
}
CONDITIONS = {
    "wear": ("1000", "1500", "1750", "2990", "3000", "3010"),
    "device": ("1000", "1500", "2000", "2500", "3000", "7000"),
    "thing": ("1000", "1500", "3000", "7000"),
    "media": ("1000", "2750", "4000", "5000", "6000"),
    "card": ("2750", "4000"),
}
# The Inventory API's condition names for the ids.
CONDITION_IDS = {
    "NEW": "1000",
    "LIKE_NEW": "2750",
    "NEW_OTHER": "1500",
    "NEW_WITH_DEFECTS": "1750",
    "CERTIFIED_REFURBISHED": "2000",
    "EXCELLENT_REFURBISHED": "2010",
    "VERY_GOOD_REFURBISHED": "2020",
    "GOOD_REFURBISHED": "2030",
    "SELLER_REFURBISHED": "2500",
    "USED_EXCELLENT": "3000",
    "USED_VERY_GOOD": "4000",
    "USED_GOOD": "5000",
    "USED_ACCEPTABLE": "6000",
    "FOR_PARTS_OR_NOT_WORKING": "7000",
    "PRE_OWNED_EXCELLENT": "2990",
    "PRE_OWNED_FAIR": "3010",
}


@dataclass(frozen=True, slots=True)
class Specific:
    """An item specific. `only_listed`: no other value is taken."""

    name: str
    values: tuple[str, ...] = ()
    only_listed: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf category. `path` are its ancestors' names, topmost first."""

    id: str
    name: str
    path: tuple[str, ...]
    words: frozenset[str]
    required: tuple[Specific, ...]
    recommended: tuple[Specific, ...]
    conditions: tuple[str, ...]


_BRANDS = {
    "sport": "Nike|adidas|New Balance|Puma|Reebok|ASICS|Jordan|Under Armour|Unbranded",
    "fashion": "Levi's|Ralph Lauren|Carhartt|Patagonia|The North Face|Tommy Hilfiger|J.Crew|Zara|H&M|Unbranded",
    "device": "Apple|Samsung|Sony|Bose|Google|Dell|HP|Lenovo|LG|Microsoft|Nintendo|Unbranded",
    "photo": "Canon|Nikon|Sony|Fujifilm|Olympus|Panasonic|Leica|Pentax|Polaroid|Kodak",
    "tool": "DeWalt|Milwaukee|Makita|Bosch|Craftsman|Ryobi|Snap-on|Stanley|Unbranded",
    "auto": "Bosch|Denso|ACDelco|Motorcraft|Toyota|Honda|Ford|BMW|Unbranded",
    "home": "Pyrex|KitchenAid|Le Creuset|IKEA|Corelle|Lodge|Cuisinart|Tiffany & Co.|Unbranded",
}
_COLOURS = "Black|White|Grey|Blue|Red|Green|Brown|Beige|Yellow|Pink|Purple|Orange|Multicolor|Silver|Gold|Clear"
_SIZES = "XS|S|M|L|XL|2XL|3XL|4|6|7|7.5|8|8.5|9|9.5|10|10.5|11|12|13|30|32|34|36|38"


def _specific(text: str) -> Specific:
    """`Name`, `Name=a|b`, `Name==a|b` (nothing else is taken), `Name*=a|b` (several values)."""
    name, _, values = text.partition("=")
    only = values.startswith("=")
    listed = tuple(one for one in values.lstrip("=").split("|") if one)
    return Specific(name.rstrip("*"), listed, only, name.endswith("*"))


def _brand(kind: str) -> str:
    return f"Brand={_BRANDS[kind]}"


_DEPARTMENT = "Department==Men|Women|Unisex Adults|Boys|Girls|Unisex Kids|Baby"
_GROUPS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "shoe": (
        (_brand("sport"), "US Shoe Size=" + _SIZES, _DEPARTMENT, f"Color={_COLOURS}"),
        ("Style=Sneaker|Boot|Sandal|Loafer|Pump", "Type=Athletic|Casual", "Upper Material=Leather|Mesh|Canvas|Suede|Synthetic", "Model"),
        "wear",
    ),
    "cloth": (
        (_brand("fashion"), "Size=" + _SIZES, _DEPARTMENT, f"Color={_COLOURS}"),
        (
            "Material=Cotton|Wool|Polyester|Linen|Silk|Denim|Leather",
            "Size Type==Regular|Big & Tall|Petite|Plus|Tall",
            "Type",
            "Features*",
            "Pattern",
        ),
        "wear",
    ),
    "bag": (
        (_brand("fashion"), _DEPARTMENT),
        (f"Exterior Color={_COLOURS}", "Exterior Material=Leather|Canvas|Nylon", "Style=Tote|Crossbody|Backpack|Clutch", "Size"),
        "wear",
    ),
    "watch": (
        (_brand("fashion"), _DEPARTMENT),
        ("Model", "Movement==Quartz|Mechanical (Automatic)|Mechanical (Manual)|Solar", "Case Material"),
        "device",
    ),
    "device": ((_brand("device"),), ("Model", "MPN", f"Color={_COLOURS}", "Storage Capacity", "Connectivity*", "Features*"), "device"),
    "photo": ((_brand("photo"),), ("Model", "MPN", "Type", f"Color={_COLOURS}", "Focal Length", "Mount"), "device"),
    "game": (
        ("Platform=Nintendo Switch|Sony PlayStation 5|Sony PlayStation 4|Microsoft Xbox One|Nintendo 64|Sega Genesis", "Game Name"),
        ("Genre*", "Publisher", "Region Code", "Rating"),
        "media",
    ),
    "auto": (
        (_brand("auto"), "Manufacturer Part Number"),
        ("Placement on Vehicle*", "Type", "Interchange Part Number", "Warranty"),
        "device",
    ),
    "tool": ((_brand("tool"),), ("Model", "MPN", "Type", "Power Source==Battery|Corded Electric|Manual|Gas|Air", "Voltage"), "device"),
    "home": (
        (_brand("home"),),
        ("Type", f"Color={_COLOURS}", "Material=Glass|Ceramic|Metal|Wood|Cast Iron|Plastic", "Style", "Height", "Set Includes*"),
        "thing",
    ),
    "toy": ((), ("Brand=LEGO|Hasbro|Mattel|Funko|Bandai|Hot Wheels|Unbranded", "Character", "Year", "Type", "Material", "Theme"), "thing"),
    "lego": (("Brand==LEGO|Unbranded",), ("LEGO Set Number", "LEGO Set Name", "LEGO Theme", "Number of Pieces", "Packaging"), "thing"),
    "card": ((), ("Game", "Card Name", "Set", "Rarity", "Language", "Player/Athlete", "Year Manufactured"), "card"),
    "book": (
        ("Book Title", "Author*"),
        ("Language=English|German|French|Spanish", "Format=Hardcover|Paperback", "Publisher", "ISBN", "Publication Year"),
        "media",
    ),
    "record": (("Artist*", "Release Title"), ("Genre*", "Format", "Record Label", "Release Year", "Speed"), "media"),
    "film": (("Movie/TV Title", "Format==DVD|Blu-ray|4K UHD Blu-ray|VHS"), ("Genre*", "Director*", "Region Code"), "media"),
    "thing": ((), ("Brand", "Type", "Model", "Material", f"Color={_COLOURS}", "Era"), "thing"),
}

# id ; name ; path ; group ; further words that speak for it
_TABLE = """
15709;Athletic Shoes;Clothing, Shoes & Accessories/Men/Men's Shoes;shoe;nike adidas jordan sneakers running trainers air max pegasus
24087;Casual Shoes;Clothing, Shoes & Accessories/Men/Men's Shoes;shoe;loafer loafers vans converse slip on
11498;Boots;Clothing, Shoes & Accessories/Men/Men's Shoes;shoe;boot timberland red wing martens work
95672;Athletic Shoes;Clothing, Shoes & Accessories/Women/Women's Shoes;shoe;womens ladies sneakers running
53557;Boots;Clothing, Shoes & Accessories/Women/Women's Shoes;shoe;womens ugg ankle
55793;Heels;Clothing, Shoes & Accessories/Women/Women's Shoes;shoe;heel pump pumps stiletto
15687;T-Shirts;Clothing, Shoes & Accessories/Men/Men's Clothing/Shirts;cloth;tee tshirt t shirt band vintage
57990;Casual Button-Down Shirts;Clothing, Shoes & Accessories/Men/Men's Clothing/Shirts;cloth;shirt flannel oxford button
185101;Polos;Clothing, Shoes & Accessories/Men/Men's Clothing/Shirts;cloth;polo ralph lauren
155183;Hoodies & Sweatshirts;Clothing, Shoes & Accessories/Men/Men's Clothing/Activewear;cloth;hoodie sweatshirt champion crewneck
11483;Jeans;Clothing, Shoes & Accessories/Men/Men's Clothing;cloth;jeans denim levis 501 wrangler
57988;Coats, Jackets & Vests;Clothing, Shoes & Accessories/Men/Men's Clothing;cloth;jacket coat parka patagonia north face fleece carhartt
11484;Sweaters;Clothing, Shoes & Accessories/Men/Men's Clothing;cloth;sweater cardigan jumper knit wool
63861;Dresses;Clothing, Shoes & Accessories/Women/Women's Clothing;cloth;dress gown maxi
53159;Tops;Clothing, Shoes & Accessories/Women/Women's Clothing;cloth;blouse top tunic womens
11554;Jeans;Clothing, Shoes & Accessories/Women/Women's Clothing;cloth;womens jeans denim skinny
63862;Coats, Jackets & Vests;Clothing, Shoes & Accessories/Women/Women's Clothing;cloth;womens jacket coat
169291;Bags & Handbags;Clothing, Shoes & Accessories/Women/Women's Bags;bag;bag handbag purse tote coach crossbody backpack
52357;Hats;Clothing, Shoes & Accessories/Men/Men's Accessories;cloth;hat cap beanie snapback
31387;Wristwatches;Jewelry & Watches/Watches;watch;watch seiko casio omega timex rolex
9355;Cell Phones & Smartphones;Cell Phones & Accessories;device;iphone phone galaxy pixel smartphone
20349;Cases, Covers & Skins;Cell Phones & Accessories/Cell Phone Accessories;device;case cover iphone
171485;Tablets & eReaders;Computers/Tablets & Networking;device;ipad tablet kindle
175672;PC Laptops & Netbooks;Computers/Tablets & Networking/Laptops;device;laptop notebook thinkpad macbook
33963;Keyboards & Keypads;Computers/Tablets & Networking/Input Devices;device;keyboard mechanical
112529;Headphones;Consumer Electronics/Portable Audio;device;headphones earbuds airpods bose headset wh 1000xm4
14990;Home Speakers;Consumer Electronics/Home Audio;device;speaker speakers sonos
73839;Portable Audio Players;Consumer Electronics/Portable Audio;device;ipod walkman discman mp3
48647;Record Players & Turntables;Consumer Electronics/Vintage Electronics;device;turntable technics record player
61312;Remote Controls;Consumer Electronics/TV, Video & Home Audio;device;remote control
31388;Digital Cameras;Cameras & Photo;photo;camera canon nikon eos powershot dslr mirrorless digital
15230;Film Cameras;Cameras & Photo/Film Photography;photo;film slr 35mm ae 1 polaroid pentax
3323;Lenses;Cameras & Photo/Lenses & Filters;photo;lens 50mm zoom nikkor ef
139971;Video Game Consoles;Video Games & Consoles;device;console nintendo switch playstation xbox gameboy game boy
139973;Video Games;Video Games & Consoles;game;game cartridge mario zelda pokemon playstation xbox
117042;Controllers & Attachments;Video Games & Consoles/Accessories;device;controller joycon gamepad
33559;Brake Pads & Shoes;eBay Motors/Car & Truck Parts/Brakes;auto;brake pads shoes
33710;Headlight Assemblies;eBay Motors/Car & Truck Parts/Lighting;auto;headlight headlamp tail light
33576;Alternators & Generators;eBay Motors/Car & Truck Parts/Charging & Starting;auto;alternator generator starter
33596;Engine Control Units;eBay Motors/Car & Truck Parts/Computers;auto;ecu module engine control
33644;Mirrors;eBay Motors/Car & Truck Parts/Exterior;auto;mirror side door
19006;LEGO Complete Sets & Packs;Toys & Hobbies/Building Toys/LEGO;lego;lego set technic star wars city creator
19003;LEGO Bricks & Building Pieces;Toys & Hobbies/Building Toys/LEGO;lego;lego bricks bulk pieces lot
263012;LEGO Minifigures;Toys & Hobbies/Building Toys/LEGO;lego;lego minifigure minifig
261068;Action Figures;Toys & Hobbies/Action Figures & Accessories;toy;action figure marvel funko gi joe star wars
222;Diecast Cars & Trucks;Toys & Hobbies/Diecast & Toy Vehicles;toy;hot wheels matchbox diecast car
2624;Stuffed Animals;Toys & Hobbies;toy;plush stuffed bear beanie baby
180349;Board Games;Toys & Hobbies/Games;toy;board game monopoly puzzle
183454;CCG Individual Cards;Toys & Hobbies/Collectible Card Games;card;pokemon magic mtg yugioh card charizard holo
261328;Trading Card Singles;Sports Memorabilia/Sports Trading Cards;card;topps panini rookie card baseball basketball football
261186;Books;Books & Magazines;book;book novel hardcover paperback isbn edition
280;Magazines;Books & Magazines;thing;magazine issue comic
176985;Vinyl Records;Music;record;vinyl lp record album 12
176984;CDs;Music;record;cd album disc
617;DVDs & Blu-ray Discs;Movies & TV;film;dvd blu ray bluray movie season
112581;Lamps;Home & Garden/Lamps, Lighting & Ceiling Fans;home;lamp desk table light brass tiffany
20563;Vases;Home & Garden/Home Decor;home;vase glass murano
38227;Clocks;Home & Garden/Home Decor;home;clock wall mantel
36027;Bowls;Home & Garden/Kitchen, Dining & Bar/Dinnerware;home;pyrex bowl bowls plate corelle dish
20635;Mugs;Home & Garden/Kitchen, Dining & Bar/Glassware;home;mug cup coffee starbucks
98845;Cookware;Home & Garden/Kitchen, Dining & Bar;home;pan pot skillet dutch oven cast iron creuset
133701;Mixers;Home & Garden/Kitchen, Dining & Bar/Small Appliances;home;kitchenaid mixer stand blender
122838;Cordless Drills;Home & Garden/Tools & Workshop/Power Tools;tool;drill dewalt milwaukee impact driver cordless
20761;Wrenches;Home & Garden/Tools & Workshop/Hand Tools;tool;wrench socket ratchet spanner snap on
3247;Other Tools;Business & Industrial;tool;tool saw sander grinder
33034;Electric Guitars;Musical Instruments & Gear/Guitars & Basses;thing;guitar fender gibson stratocaster
1503;Other Collectibles;Collectibles;thing;vintage antique collectible
88433;Other;Everything Else;thing;other
"""


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))


@cache
def leaves() -> dict[str, Leaf]:
    """Every leaf category by id."""
    found = {}
    for line in _TABLE.strip().splitlines():
        key, name, path, group, more = line.split(";")
        required, recommended, conditions = _GROUPS[group]
        words = frozenset(words_of(f"{name} {path} {more}")) - {"and", "other", "s", "men", "women"}
        specifics = tuple(map(_specific, required)), tuple(map(_specific, recommended))
        found[key] = Leaf(key, name, tuple(path.split("/")), words, *specifics, CONDITIONS[conditions])
    return found


@cache
def branch_id(path: tuple[str, ...]) -> str:
    """A stable id for a branch of the tree."""
    every = sorted({leaf.path[: depth + 1] for leaf in leaves().values() for depth in range(len(leaf.path))})
    return str(700001 + every.index(path))


def suggest(text: str, most: int = 8) -> list[Leaf]:
    """The leaves whose words fit best, best first; `Other` when nothing fits."""
    asked = words_of(text)
    # A word that few categories know says more than one that many share.
    weight = {word: 1 / max(1, sum(word in leaf.words for leaf in leaves().values())) for word in asked}
    scored = [(sum(weight[word] for word in asked if word in leaf.words), leaf) for leaf in leaves().values()]
    fitting = sorted((one for one in scored if one[0] > 0), key=lambda one: -one[0])
    return [leaf for _, leaf in fitting[:most]] or [leaves()["88433"]]
