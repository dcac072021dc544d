"""One frozen `Settings`, read once from the environment or `.env`. Nothing else looks at `os.environ`.

A bad value, or an unknown name one edit away from a known one, stops the start with a message that names it.
Secrets are `SecretStr`: they show in no repr, log or traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from tapecast.envfile import read_dotenv
from tapecast.errors import SettingsError
from tapecast.spelling import meant
from tapecast.values import REPLAY, FeedChoice, Network, Origin, RedisUrl, RestUrl, Secret, StreamUrl, Symbol


def _key(*names: str) -> Any:
    return Field(default=None, validation_alias=AliasChoices(*names))


class Settings(BaseSettings):
    """Every setting. Names and defaults are listed in docs/settings.md; a test fails when one is not."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, hide_input_in_errors=True
    )

    # The cache. None: `tapecast up` starts an embedded Valkey; `api` and `ingest` refuse to start.
    redis_url: RedisUrl | None = None
    redis_prefix: str = ""

    # Alpaca. Each key is known by the names that Alpaca's own tools and docs use.
    alpaca_key: Secret | None = _key("ALPACA_PAPER_API_KEY", "ALPACA_API_KEY", "APCA_API_KEY_ID")
    alpaca_secret: Secret | None = _key("ALPACA_PAPER_SECRET_KEY", "ALPACA_SECRET_KEY", "APCA_API_SECRET_KEY")
    alpaca_feed: Literal["iex", "sip", "delayed_sip", "boats", "overnight", "test"] = "iex"
    alpaca_channels: Annotated[tuple[Literal["trades", "quotes"], ...], NoDecode] = ("trades", "quotes")
    # Complete URLs, and REST bases without `/v2`: None means Alpaca's own.
    alpaca_stream_url: StreamUrl | None = None
    alpaca_crypto_stream_url: StreamUrl | None = None
    alpaca_options_stream_url: StreamUrl | None = None
    alpaca_data_url: RestUrl | None = None
    alpaca_trading_url: RestUrl | None = None
    # None: the stream of ALPACA_TRADING_URL's host.
    alpaca_trading_stream_url: StreamUrl | None = None
    # alpaca, simulated, replay:PATH; None: alpaca with keys, else `up` simulates and `ingest` refuses.
    feed: FeedChoice | None = None
    # How many times faster than it was recorded; at the most, a day in a tenth of a second.
    replay_speed: float = Field(default=1, gt=0, le=1e6, allow_inf_nan=False)

    symbols: Annotated[tuple[Symbol, ...], NoDecode] = ()
    allowed_symbols: Annotated[frozenset[Symbol], NoDecode] = frozenset()
    # Follow the account all the time, and keep its positions' symbols subscribed, not only for listeners.
    account_always: bool = False
    # Alpaca's free plan streams 30 symbols per endpoint.
    symbol_limit: int = Field(default=30, ge=1, le=100_000)
    # Counted from when the venue was last heard. Pings are 1.5 s apart, a price is written again every two
    # seconds: below this quiet symbols would come and go.
    price_ttl_s: int = Field(default=5, ge=4, le=60)

    # The HTTP side.
    host: str | None = None
    port: int = Field(default=8000, ge=0, le=65535)
    api_token: Annotated[tuple[Secret, ...], NoDecode] = ()
    # How long a ticket is good at the most.
    ticket_ttl_s: int = Field(default=12 * 3600, ge=1, le=30 * 86_400)
    public: Annotated[frozenset[Literal["prices", "status", "positions"]], NoDecode] = frozenset()
    cors_origins: Annotated[tuple[Origin, ...], NoDecode] = ("*",)
    # Streams of all kinds in one api process; each is a socket, and the system's limit has to allow as many.
    max_streams: int = Field(default=10_000, ge=1, le=1_000_000)
    # Of one credential, or where none is needed of one address; 0: as many as there may be.
    max_streams_per_client: int = Field(default=1000, ge=0, le=1_000_000)
    # Streams that may be opened in a second, and other requests for prices; 0: no limit.
    accept_rate: float = Field(default=5000, ge=0, le=1e6, allow_inf_nan=False)
    # Whose X-Forwarded-For is believed.
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    # A stream that is as old ends, and its client comes back, perhaps to a newer replica; 0: never.
    max_stream_age_s: float = Field(default=3600, ge=0, le=86_400, allow_inf_nan=False)
    max_symbols_per_stream: int = Field(default=1000, ge=1, le=10_000)
    stream_interval_ms: int = Field(default=0, ge=0, le=60_000)
    keepalive_s: float = Field(default=15, gt=0, le=300, allow_inf_nan=False)
    # Compress streams for clients that take gzip.
    compression: bool = True

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator(
        "symbols", "alpaca_channels", "cors_origins", "allowed_symbols", "public", "api_token",
        "trusted_proxies", mode="before",
    )  # fmt: skip
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not parts:
            # A token list of commas alone would leave everything open.
            raise ValueError("holds nothing but commas")
        return parts

    @field_validator("symbols", "alpaca_channels", mode="after")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value))

    @field_validator("alpaca_channels", mode="after")
    @classmethod
    def _check_channels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "trades" not in value:
            raise ValueError("must name 'trades': a price is always that of a trade")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("alpaca_feed", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_keys_pair(self) -> Self:
        if (self.alpaca_key is None) != (self.alpaca_secret is None):
            missing = "ALPACA_PAPER_SECRET_KEY" if self.alpaca_secret is None else "ALPACA_PAPER_API_KEY"
            raise ValueError(f"{missing} is missing: an Alpaca key and its secret go together")
        return self

    def pointed_at(self, environment: Mapping[str, str]) -> Self:
        """These settings with some of them replaced by lines of an environment."""
        table = _fields_by_name()
        replaced = {table[name]: value for name, value in environment.items()}
        return type(self).model_validate(self.model_dump() | replaced)

    @cached_property
    def has_alpaca_keys(self) -> bool:
        """Whether both halves of the key are there."""
        return self.alpaca_key is not None and self.alpaca_secret is not None

    @cached_property
    def replay_path(self) -> Path | None:
        """The recording that is the feed, if one is."""
        if self.feed is None or not self.feed.startswith(REPLAY):
            return None
        path = Path(self.feed.removeprefix(REPLAY))
        # The home of a user who is not there: the path is then refused as it was written.
        with suppress(RuntimeError):
            path = path.expanduser()
        return path

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` passes in: the environment is read in one place, and tests pass a mapping."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def known_names() -> frozenset[str]:
    """Every environment name that is read."""
    return frozenset(_fields_by_name())


def _fields_by_name() -> dict[str, str]:
    names: dict[str, str] = {}
    for field, info in Settings.model_fields.items():
        alias = info.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [field.upper()]
        names.update((str(choice), field) for choice in choices)
    return names


def load(environ: Mapping[str, str], dotenv: Path | None = None) -> Settings:
    """Settings from `environ` over the lines of `dotenv`.

    Raises SettingsError that names the setting and never shows a secret.
    """
    # A folder of that name is somebody's virtual environment.
    from_file = read_dotenv(dotenv) if dotenv is not None and dotenv.is_file() else {}
    _refuse_near_misses(set(from_file), shortest=0)
    # Names of four letters are left alone in the environment: SEED or POST may well be somebody else's.
    _refuse_near_misses(set(environ), shortest=5)
    try:
        return Settings.model_validate(_by_field(from_file) | _by_field(environ))
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def _by_field(lines: Mapping[str, str]) -> dict[str, str]:
    # An empty value means "not set": compose files and Render's forms write such lines. Pasted secrets end in
    # a space or a line break. The first of several names for one setting wins.
    named = reversed(_fields_by_name().items())
    return {field: value for name, field in named if (value := lines.get(name, "").strip())}


def _refuse_near_misses(names: set[str], shortest: int) -> None:
    known = known_names()
    for name in sorted(names - known):
        if len(name) < shortest:
            continue
        near = meant(name, known)
        if near is not None:
            raise SettingsError(f"{name} is not a setting; did you mean {near}?")


# For what pydantic says in a programmer's words.
_WORDS = {"int_parsing": "must be a whole number", "float_parsing": "must be a number"}


def _explain(error: ValidationError) -> str:
    lines = []
    # The first name of each field, which is the one in docs/settings.md.
    names = {field: name for name, field in reversed(_fields_by_name().items())}
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        name = names.get(str(item["loc"][0]), "") if item["loc"] else ""
        text = _WORDS.get(item["type"]) or item["msg"].removeprefix("Value error, ")
        text = text.replace("Input should be", "must be")
        lines.append(f"{name}: {text}" if name else text)
    return "; ".join(lines)
