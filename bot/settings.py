"""Every setting of Haggle: from the command line, the environment (`HAGGLE_…`) or a file `.env` in the current folder.

A setting marked as secret may also come from a file: `HAGGLE_AI_API_KEY_FILE=/run/secrets/ai_key`. An empty value is the
default, so a line of `.env.example` may be copied as it stands. `load` is the way in: what is wrong comes out as sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from tzlocal import get_localzone_name

from bot.agreement import TOGETHER
from core.errors import Invalid

PREFIX = "HAGGLE_"
SECRET: dict[str, JsonValue] = {"secret": True}
_SWITCHES = {"on": ("on", "true", "yes", "1", "t", "y"), "off": ("off", "false", "no", "0", "f", "n")}  # as pydantic reads them
TESTS_ONLY = frozenset({"HAGGLE_REQUIRE", "HAGGLE_SPECS"})  # read by the tests, not by Haggle


def _address(value: str) -> str:
    """An http(s) address without its last slash; empty stays empty. `{shop}` may stand in the host."""
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("must be an address like https://example.com")
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("must be the name of a time zone, like Europe/Berlin or America/New_York") from error
    return value


def _names(value: object) -> object:
    return tuple(one.strip() for one in value.split(",") if one.strip()) if isinstance(value, str) else value


def _word(value: object) -> object:
    """One of some words, as people write it: the words that switches know mean the same where there is a third way."""
    word = str(value).strip().lower()
    return next((meant for meant, words in _SWITCHES.items() if word in words), word)


def _machine_zone() -> str:
    """The machine's zone where it has a name that everybody knows, else UTC."""
    try:
        return _zone(get_localzone_name() or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"


Address = Annotated[str, AfterValidator(_address)]
Word = BeforeValidator(_word)
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]


class Settings(BaseSettings):
    """Addresses have no slash at their end. Where an eBay address is empty, the one of `ebay_env` is meant."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    # -- where it lives
    data: Path = Field(Path("data"), description="The data folder: database, photos, keys.")
    host: str = Field("127.0.0.1", description="The address to listen on. 0.0.0.0 lets other machines in.")
    port: int = Field(8080, ge=0, le=65535, description="The port to listen on. 0 takes a free one.")
    public_url: Address = Field("", description="Where the internet reaches this Haggle (https). Without one sales come by polling.")
    allowed_hosts: Names = Field((), description="Further names by which it may be opened, separated by commas.")
    database_url: str = Field(
        "", repr=False, json_schema_extra=SECRET, description="postgresql://user:password@host/name. Empty: SQLite in the data folder."
    )
    secret_key: str = Field(
        "", repr=False, json_schema_extra=SECRET,
        description="Seals credentials: 64 hex digits (several, newest first, by commas). Empty: a key is made in the data folder.",
    )  # fmt: skip

    # -- how it works
    outward: bool = Field(
        True, description="off: no marketplace and no model is called. Changes wait and nothing is lost; you and Haggle go on talking."
    )
    surfaces: bool = Field(True, description="off: `serve` carries work only, as `haggle worker` does (on PostgreSQL).")
    poll_seconds: float = Field(90, ge=1, le=600, description="How often each account is asked for new orders, in seconds.")
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="The business's currency, at its first start (ISO 4217).")
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default_factory=_machine_zone, description="The business's time zone, at its first start. Empty: the machine's."
    )
    paper: Literal["auto", "A4", "Letter"] = Field("auto", description="The paper of packing slips. auto: by the business's currency.")
    keep_buyers_days: int = Field(
        0, ge=0, description="Names and addresses of buyers are erased so many days after their order was finished. 0: when you say so."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Word] = Field("info", description="How much is logged.")
    log_json: Annotated[Literal["auto", "on", "off"], Word] = Field("auto", description="Log lines as JSON. auto: outside a terminal.")

    # -- the stand-in marketplaces
    sandbox: bool = Field(False, description="Sell on the stand-in marketplaces instead of real ones, to try things out.")
    sandbox_url: Address = Field("http://127.0.0.1:8090", description="Where the stand-in marketplaces are.")

    # -- eBay
    ebay_env: Annotated[Literal["production", "sandbox"], Word] = Field("production", description="Which of eBay's own two worlds.")
    ebay_api_url: Address = Field("", description="eBay's main API. Empty: by HAGGLE_EBAY_ENV, as for the next five.")
    ebay_media_url: Address = Field("", description="eBay's API for photos.")
    ebay_finances_url: Address = Field("", description="eBay's API for fees and payouts.")
    ebay_identity_url: Address = Field("", description="eBay's API that says who is connected.")
    ebay_auth_url: Address = Field("", description="eBay's consent page.")
    ebay_site_url: Address = Field("", description="The site that links to listings lead to.")
    ebay_client_id: str = Field("", description="The App ID of your keyset at developer.ebay.com.")
    ebay_client_secret: str = Field("", repr=False, json_schema_extra=SECRET, description="The Cert ID of your keyset.")
    ebay_ru_name: str = Field("", description="The RuName of your keyset (where eBay leads back to).")
    ebay_marketplace: str = Field("EBAY_US", pattern=r"^EBAY_[A-Z]{2}$", description="Which eBay site to sell on.")
    ebay_verification_token: str = Field(
        "", repr=False, json_schema_extra=SECRET, description="Proves our webhook to eBay: 32 to 80 of A-Z a-z 0-9 _ -, made by you."
    )
    ebay_alert_email: str = Field("", description="Where eBay writes when our webhook fails. eBay wants one before it sends any.")

    # -- Shopify
    shopify_url: Address = Field("https://{shop}", description="Where shops are; {shop} is NAME.myshopify.com.")
    shopify_client_id: str = Field("", description="The client ID of your Shopify app.")
    shopify_client_secret: str = Field("", repr=False, json_schema_extra=SECRET, description="The client secret of your Shopify app.")
    shopify_previous_secret: str = Field(
        "", repr=False, json_schema_extra=SECRET, description="The secret before, for an hour after it was changed."
    )
    shopify_redirect_uri: Address = Field("", description="Where the consent leads back to. Empty: below HAGGLE_PUBLIC_URL.")

    # -- talking
    telegram_bot_token: str = Field("", repr=False, json_schema_extra=SECRET, description="The token that @BotFather gave your bot.")
    telegram_api_url: Address = Field("https://api.telegram.org", description="Telegram's Bot API, or a Bot API server of your own.")
    telegram_webhook: Annotated[Literal["auto", "off"], Word] = Field(
        "auto", description="auto: by webhook if HAGGLE_PUBLIC_URL is https. off: by asking."
    )
    slack_bot_token: str = Field("", repr=False, json_schema_extra=SECRET, description="The bot token of your Slack app (xoxb-…).")
    slack_app_token: str = Field(
        "", repr=False, json_schema_extra=SECRET, description="Its app-level token with connections:write (xapp-…), for Socket Mode."
    )
    slack_signing_secret: str = Field(
        "", repr=False, json_schema_extra=SECRET,
        description="Its signing secret. With it, and HAGGLE_PUBLIC_URL being https, Slack calls us instead of Socket Mode.",
    )  # fmt: skip
    slack_api_url: Address = Field("https://slack.com/api", description="Slack's Web API.")

    # -- reading photos with a model
    ai_base_url: Address = Field("https://api.openai.com/v1", description="Any endpoint that speaks OpenAI's Chat Completions.")
    ai_api_key: str = Field(
        "", repr=False, json_schema_extra=SECRET, description="Its key. Empty: photos are read on this machine (text and barcodes)."
    )
    ai_model: str = Field("", description="The model's name. A model that sees pictures.")
    ai_timeout: float = Field(30, gt=0, le=300, description="How long a draft by the model may take, in seconds.")

    @property
    def data_folder(self) -> Path:
        """The data folder, as a whole path."""
        return self.data.expanduser().absolute()

    @property
    def database(self) -> str:
        """The address of the database, as `storage.db.Database` wants it."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_folder / 'haggle.db'}"

    @property
    def on_sqlite(self) -> bool:
        return self.database.startswith("sqlite")

    def differs(self, name: str) -> bool:
        """Whether a setting is other than its default: a line that was copied from .env.example as it stands changes nothing."""
        return bool(getattr(self, name) != type(self).model_fields[name].default)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        assert isinstance(env_settings, EnvSettingsSource)
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        return (
            init_settings,
            env_settings,
            _NamedFiles(settings_cls, env_settings.env_vars),
            dotenv_settings,
            _NamedFiles(settings_cls, dotenv_settings.env_vars),
        )


class _NamedFiles(PydanticBaseSettingsSource):
    """Secrets whose `HAGGLE_…_FILE` names a file. `given` are the variables, by their names in lower case."""

    def __init__(self, settings_cls: type[BaseSettings], given: Any) -> None:
        super().__init__(settings_cls)
        self._given = given

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = variable_of(field_name) + "_FILE"
        path = self._given.get(variable.lower()) if is_secret(field) else None
        if not path:
            return None, field_name, False
        try:
            return Path(path).expanduser().read_text("utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(f"{variable} names {path}, which cannot be read. Correct the path, or let Haggle read the file.") from error

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value}


def load(**given: Any) -> Settings:
    """The settings; `given` (from the command line) wins over everything. Raises `Invalid` with a sentence for each that is wrong."""
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise Invalid(" ".join(_sentence(one, given) for one in error.errors(include_url=False))) from error
    problems = [sentence for check in TOGETHER if (sentence := check(settings))]
    if problems:
        raise Invalid(" ".join(problems))
    return settings


def variable_of(field: str) -> str:
    """The name of its environment variable."""
    return PREFIX + field.upper()


def is_secret(field: FieldInfo) -> bool:
    return field.json_schema_extra == SECRET


def secrets_of(settings: Settings) -> dict[str, str]:
    """The secrets that are set and that their owner can change, by their variables. Those of the stand-ins are no secrets."""
    if settings.sandbox:
        return {}
    names = [name for name, field in Settings.model_fields.items() if is_secret(field) and name != "database_url"]
    return {variable_of(name): str(value) for name in names if (value := getattr(settings, name))}


def names_in_file() -> list[str]:
    """The variables that stand in the file `.env`."""
    return [name.upper() for name in DotEnvSettingsSource(Settings).env_vars]


def unknown(names: Iterable[str]) -> list[str]:
    """One sentence for each variable that begins like a setting and is none."""
    known = {variable_of(name) for name in Settings.model_fields} | TESTS_ONLY
    files = {variable_of(name) + "_FILE" for name, field in Settings.model_fields.items() if is_secret(field)}
    sentences = []
    for name in sorted({name for name in names if name.startswith(PREFIX)} - known - files):
        close = get_close_matches(name, known, 1)
        sentences.append(f"{name} is no setting of Haggle{f': did you mean {close[0]}?' if close else '.'}")
    return sentences


_PLAINLY = {
    "currency": "three capital letters, like USD",
    "ebay_marketplace": "the name of an eBay site, like EBAY_US",
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "on or off",
}


def _sentence(error: Any, given: Mapping[str, Any]) -> str:
    """What pydantic says, for people. Never the value itself: it may be a secret. What was `given` came from the command line."""
    name = str(error["loc"][0])
    plain = _PLAINLY.get(name) or _PLAINLY.get(error["type"])
    message = plain or str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    called = f"--{name}" if given.get(name) is not None else variable_of(name)
    return f"{called} must be {message.removeprefix('must be ')}."
