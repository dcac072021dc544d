"""Settings are read once, checked loudly, named in every error, and never show a secret."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from tapecast.errors import SettingsError
from tapecast.settings import Settings, known_names, load

KEYS = {"ALPACA_PAPER_API_KEY": "PKHUNTER2", "ALPACA_PAPER_SECRET_KEY": "sk-hunter2"}

GOOD = [
    ("REDIS_PREFIX", "demo:", "redis_prefix", "demo:"), ("ALPACA_FEED", "IEX", "alpaca_feed", "iex"),
    ("ALPACA_FEED", "sip", "alpaca_feed", "sip"),
    ("ALPACA_CHANNELS", "trades", "alpaca_channels", ("trades",)),
    ("ALPACA_CHANNELS", " quotes , trades,trades", "alpaca_channels", ("quotes", "trades")),
    ("ALPACA_STREAM_URL", "ws://h:1/v2/iex", "alpaca_stream_url", "ws://h:1/v2/iex"),
    ("ALPACA_CRYPTO_STREAM_URL", "wss://h/c", "alpaca_crypto_stream_url", "wss://h/c"),
    ("ALPACA_OPTIONS_STREAM_URL", "wss://h/o", "alpaca_options_stream_url", "wss://h/o"),
    ("ALPACA_DATA_URL", "http://h:1", "alpaca_data_url", "http://h:1"),
    ("ALPACA_TRADING_URL", "https://h", "alpaca_trading_url", "https://h"),
    ("ALPACA_TRADING_STREAM_URL", "wss://h/stream", "alpaca_trading_stream_url", "wss://h/stream"),
    ("ACCOUNT_ALWAYS", "true", "account_always", True),
    ("FEED", "simulated", "feed", "simulated"), ("FEED", "Alpaca", "feed", "alpaca"),
    ("FEED", "REPLAY:Tapes/A.jsonl", "feed", "replay:Tapes/A.jsonl"),
    ("REPLAY_SPEED", "50", "replay_speed", 50.0), ("REPLAY_SPEED", "0.5", "replay_speed", 0.5),
    ("REPLAY_SPEED", "1e6", "replay_speed", 1e6),
    ("MAX_STREAMS_PER_CLIENT", "0", "max_streams_per_client", 0), ("ACCEPT_RATE", "2.5", "accept_rate", 2.5),
    ("TICKET_TTL_S", "60", "ticket_ttl_s", 60),
    ("TRUSTED_PROXIES", "10.0.0.0/8, ::1", "trusted_proxies", (ip_network("10.0.0.0/8"), ip_network("::1"))),
    ("SYMBOLS", "msft, aapl,MSFT,btc/usd", "symbols", ("MSFT", "AAPL", "BTC/USD")),
    ("ALLOWED_SYMBOLS", "aapl,AAPL", "allowed_symbols", frozenset({"AAPL"})),
    ("SYMBOL_LIMIT", "1", "symbol_limit", 1), ("PRICE_TTL_S", "4", "price_ttl_s", 4),
    ("PRICE_TTL_S", "60", "price_ttl_s", 60),
    ("HOST", "::1", "host", "::1"), ("PORT", "0", "port", 0), ("PORT", " 65535 ", "port", 65535),
    ("PUBLIC", "prices,status", "public", frozenset({"prices", "status"})),
    ("CORS_ORIGINS", "https://a.example/,http://b", "cors_origins", ("https://a.example", "http://b")),
    ("MAX_SYMBOLS_PER_STREAM", "5", "max_symbols_per_stream", 5), ("MAX_STREAMS", "7", "max_streams", 7),
    ("MAX_STREAM_AGE_S", "0", "max_stream_age_s", 0.0),
    ("COMPRESSION", "no", "compression", False),
    ("STREAM_INTERVAL_MS", "60000", "stream_interval_ms", 60_000), ("KEEPALIVE_S", "0.5", "keepalive_s", 0.5),
    ("LOG_LEVEL", "debug", "log_level", "DEBUG"), ("LOG_FORMAT", "json", "log_format", "json"),
]  # fmt: skip
BAD = {
    "REDIS_URL": ["localhost", "http://h", "redis://h:port", "redis://", "redis://h/db",
                  "redis://:p@ss/w#rd@h:1", "redis://u:1/2?@h:3"], "ALPACA_PAPER_API_KEY": ["two words"],
    "ALPACA_PAPER_SECRET_KEY": ["two\nlines"], "ALPACA_FEED": ["nasdaq"],
    "ALPACA_CHANNELS": ["quotes", "trades,bars", ","], "ALPACA_STREAM_URL": ["http://h", "h"],
    "ALPACA_CRYPTO_STREAM_URL": ["http://h"], "ALPACA_OPTIONS_STREAM_URL": ["https://h"],
    "ALPACA_DATA_URL": ["ws://h", "https://h/v2"],
    "ALPACA_TRADING_URL": ["https://h/v2/"], "ALPACA_TRADING_STREAM_URL": ["https://h/stream"],
    "ACCOUNT_ALWAYS": ["often"], "FEED": ["binance", "replay:", "replay"],
    "REPLAY_SPEED": ["0", "-1", "1000001", "fast", "50x", "nan", "inf"],
    "SYMBOLS": ["AAPL,foo bar", "AAPL;MSFT"],
    "ALLOWED_SYMBOLS": ["$AAPL"], "SYMBOL_LIMIT": ["0", "-1", "many", "1.5", "100001"],
    "PRICE_TTL_S": ["3", "61", "five"], "PORT": ["-1", "65536", "http", "80.5"],
    "API_TOKEN": ["one,two words", ", ,"], "PUBLIC": ["prices,orders"],
    "CORS_ORIGINS": ["example.com", "https://a.example/page"], "MAX_SYMBOLS_PER_STREAM": ["0"],
    "MAX_STREAMS_PER_CLIENT": ["-1", "many"], "ACCEPT_RATE": ["-1", "nan", "inf", "fast"],
    "TICKET_TTL_S": ["0", "1h", "2592001"], "TRUSTED_PROXIES": ["proxy", "10.0.0.1/8", "*", "10.0.0.0/33"],
    "MAX_STREAMS": ["0", "many"], "MAX_STREAM_AGE_S": ["-1", "nan", "inf"], "COMPRESSION": ["2", "gzip"],
    "STREAM_INTERVAL_MS": ["-1", "60001"], "KEEPALIVE_S": ["0", "301", "nan", "inf"], "LOG_LEVEL": ["LOUD"],
    "LOG_FORMAT": ["xml"],
}  # fmt: skip


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    """Where a `.env` may be written."""
    return tmp_path / ".env"


def test_nothing_set_is_a_valid_start() -> None:
    """Every setting has a default."""
    settings = load({})
    assert settings == Settings()
    assert (settings.port, settings.price_ttl_s, settings.symbol_limit) == (8000, 5, 30)


@pytest.mark.parametrize(("name", "text", "field", "value"), GOOD)
def test_a_good_value_is_read(name: str, text: str, field: str, value: object) -> None:
    """From its text, trimmed, in the type of its field."""
    assert getattr(load({name: text}), field) == value


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_a_bad_value_stops_the_start_and_is_named(name: str, text: str) -> None:
    """The message begins with the setting's name."""
    with pytest.raises(SettingsError, match=rf"^{name}: .+"):
        load(KEYS | {name: text})


def test_each_setting_is_tested_with_a_good_and_a_bad_value() -> None:
    """A new setting brings its cases."""
    free_text = {"HOST", "REDIS_PREFIX"}
    other_names = {"ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY"}
    secret = {"REDIS_URL", "API_TOKEN", *KEYS}
    assert set(BAD) | free_text | other_names == known_names()
    assert {name for name, *_ in GOOD} | secret | other_names == known_names()


@pytest.mark.parametrize("empty", ["", " ", "\t\n"])
def test_an_empty_value_is_not_set(empty: str) -> None:
    """Compose files and web forms write such lines for every name."""
    assert load(dict.fromkeys(known_names(), empty)) == Settings()


SECRETS = {"REDIS_URL": "redis://:hunter2@host:6379/0", "API_TOKEN": "hunter2-a,hunter2-b", **KEYS}


def test_secrets_are_read_and_show_nowhere() -> None:
    """Not in repr, str, a dump or its JSON."""
    settings = load(SECRETS)
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == SECRETS["REDIS_URL"]
    assert [token.get_secret_value() for token in settings.api_token] == ["hunter2-a", "hunter2-b"]
    assert settings.alpaca_key == SecretStr("PKHUNTER2")
    assert settings.has_alpaca_keys
    for shown in (repr(settings), str(settings), repr(settings.model_dump()), settings.model_dump_json()):
        assert "hunter2" not in shown.lower()


@pytest.mark.parametrize(
    "bad",
    [
        {"REDIS_URL": "http://:hunter2@host"},
        {"REDIS_URL": "redis://:hunter2/x@host:6379"},
        {"API_TOKEN": "hunter2 x"},
        {"ALPACA_PAPER_SECRET_KEY": "hunter2\x00"},
        {"PORT": "x"},
        {"PORTS": "1"},
    ],
)
def test_no_error_shows_a_secret(bad: dict[str, str]) -> None:
    """Neither its text nor the error behind it, whichever setting is wrong."""
    with pytest.raises(SettingsError) as caught:
        load(SECRETS | bad)
    assert "hunter2" not in str(caught.value).lower()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_pasted_secret_loses_its_line_break() -> None:
    """A header that ends in one would be refused by the HTTP library, with the key in its error."""
    assert load({name: f" {value}\n" for name, value in KEYS.items()}) == load(KEYS)


@pytest.mark.parametrize(
    "names",
    [
        ("ALPACA_PAPER_API_KEY", "ALPACA_PAPER_SECRET_KEY"),
        ("ALPACA_API_KEY", "ALPACA_SECRET_KEY"),
        ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"),
    ],
)
def test_keys_are_known_by_each_of_their_names(names: tuple[str, str]) -> None:
    """Those of Alpaca's own tools and docs."""
    settings = load({names[0]: "id", names[1]: "secret"})
    assert settings.has_alpaca_keys
    assert settings.alpaca_secret == SecretStr("secret")


def test_the_first_of_several_names_wins() -> None:
    """And an empty one does not hide the next."""
    both = {"APCA_API_KEY_ID": "third", "APCA_API_SECRET_KEY": "s3", **KEYS}
    assert load(both).alpaca_key == SecretStr("PKHUNTER2")
    assert load(both | dict.fromkeys(KEYS, "")).alpaca_key == SecretStr("third")


@pytest.mark.parametrize("name", KEYS)
def test_half_a_key_stops_the_start(name: str) -> None:
    """The message names the other half."""
    (other,) = set(KEYS) - {name}
    with pytest.raises(SettingsError, match=f"{other} is missing"):
        load({name: KEYS[name]})


def test_the_environment_wins_over_dotenv(dotenv: Path) -> None:
    """Setting by setting; an empty line of the environment is no line."""
    dotenv.write_text('PORT=1\nHOST=file\nLOG_LEVEL="debug"  # said\nexport SYMBOLS=AAPL\n')
    settings = load({"PORT": "2", "HOST": ""}, dotenv)
    assert (settings.port, settings.host, settings.log_level) == (2, "file", "DEBUG")
    assert settings.symbols == ("AAPL",)


def test_the_environment_wins_under_any_name_of_a_setting(dotenv: Path) -> None:
    """A key and a secret never come from two places when each place has both."""
    dotenv.write_text("\n".join(f"{name}={value}" for name, value in KEYS.items()))
    settings = load({"APCA_API_KEY_ID": "id", "APCA_API_SECRET_KEY": "secret"}, dotenv)
    assert (settings.alpaca_key, settings.alpaca_secret) == (SecretStr("id"), SecretStr("secret"))


def test_dotenv_values_are_taken_as_written(dotenv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dollar in a secret is a dollar; the process's environment is not looked at."""
    monkeypatch.setenv("PORT", "1234")
    monkeypatch.setenv("TAIL", "tail")
    dotenv.write_text("API_TOKEN=a${TAIL}b\n")
    settings = load({}, dotenv)
    assert settings.api_token == (SecretStr("a${TAIL}b"),)
    assert settings.port == 8000


def test_a_missing_dotenv_is_no_error(dotenv: Path) -> None:
    """Neither is a folder of that name."""
    assert load({}, dotenv) == Settings()
    dotenv.mkdir()
    assert load({}, dotenv) == Settings()


@pytest.mark.parametrize("line", ["API_TOKEN='hunter2", "PORT 8000", "API_TOKEN"])
def test_a_line_that_is_not_understood_stops_the_start(dotenv: Path, line: str) -> None:
    """Dropped in silence, an unclosed token would leave everything open. Its text is not shown."""
    dotenv.write_text(f"# a comment\n\nPUBLIC=status\n\n{line}\n", "utf-8")
    with pytest.raises(SettingsError, match=r"\.env, line 5: not of the form NAME=value") as caught:
        load({}, dotenv)
    assert "hunter2" not in str(caught.value)


def test_an_unreadable_dotenv_stops_the_start(dotenv: Path) -> None:
    """The message names the file and shows nothing of it."""
    dotenv.write_bytes(b"API_TOKEN=hunter2\xff\n")
    with pytest.raises(SettingsError, match=r"\.env cannot be read") as caught:
        load({}, dotenv)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("REDIS_UR", "REDIS_URL"), ("REDIS_URLS", "REDIS_URL"), ("REDIS_ULR", "REDIS_URL"),
        ("REDIS-URL", "REDIS_URL"), ("redis_url", "REDIS_URL"), ("SYMBOL", "SYMBOLS"),
        ("APITOKEN", "API_TOKEN"),
        ("ALPACA_PAPER_APIKEY", "ALPACA_PAPER_API_KEY"), ("CORS_ORIGIN", "CORS_ORIGINS"), ("PORTS", "PORT"),
        ("KEEPALIVE_MS", "KEEPALIVE_S"),
    ],
)  # fmt: skip
def test_a_near_miss_stops_the_start(name: str, meant: str, dotenv: Path) -> None:
    """In the environment and in `.env`, with the name that was meant and without the value."""
    message = f"{name} is not a setting; did you mean {meant}"
    with pytest.raises(SettingsError, match=message) as caught:
        load({name: "hunter2"})
    assert "hunter2" not in str(caught.value)
    dotenv.write_text(f"{name}=x\n")
    with pytest.raises(SettingsError, match=message):
        load({}, dotenv)


def test_a_short_near_miss_is_a_mistake_only_in_dotenv(dotenv: Path) -> None:
    """SEED in the environment is somebody else's; in our own file it was meant to be FEED."""
    assert load({"SEED": "1"}) == Settings()
    dotenv.write_text("SEED=1\n")
    with pytest.raises(SettingsError, match="did you mean FEED"):
        load({}, dotenv)


def test_ordinary_names_of_an_environment_do_not_stop_the_start() -> None:
    """Shells, platforms and containers set many names; none of them is taken for ours."""
    names = (
        "HOME PATH HOSTNAME LANG LC_ALL PWD OLDPWD SHELL SHLVL USER LOGNAME TERM TZ EDITOR DISPLAY SEED POST "
        "HOSTTYPE _ CI DEBUG PYTHONPATH PYTHONUNBUFFERED VIRTUAL_ENV RENDER RENDER_SERVICE_ID DATABASE_URL "
        "REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS_TLS_URL KUBERNETES_PORT KUBERNETES_SERVICE_HOST DYNO "
        "GITHUB_TOKEN API_KEY SECRET_KEY LOG_FILE WEB_CONCURRENCY SSL_CERT_FILE http_proxy NO_PROXY"
    )
    assert load(dict.fromkeys(names.split(), "x")) == Settings()


def test_settings_are_frozen() -> None:
    """What the start decided, nothing changes later."""
    settings: Any = load({})
    with pytest.raises(ValidationError):
        settings.port = 1


def test_pointed_at_replaces_what_the_lines_say_and_keeps_the_rest() -> None:
    """A simulator's own lines make the same service use it."""
    before = load(SECRETS | {"SYMBOLS": "AAPL", "LOG_LEVEL": "DEBUG"})
    after = before.pointed_at(
        {"FEED": "simulated", "ALPACA_PAPER_API_KEY": "other", "ALPACA_STREAM_URL": "ws://127.0.0.1:1/v2/iex"}
    )
    assert (after.feed, after.alpaca_key) == ("simulated", SecretStr("other"))
    assert after.alpaca_stream_url == "ws://127.0.0.1:1/v2/iex"
    assert (after.symbols, after.log_level, after.redis_url) == (("AAPL",), "DEBUG", before.redis_url)
    assert after.alpaca_secret == before.alpaca_secret
    assert before.feed is None
    with pytest.raises(ValidationError):
        before.pointed_at({"FEED": "nasdaq"})


def test_a_recording_is_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the home folder where a shell would have put it; other feeds are none."""
    monkeypatch.setenv("HOME", "/home/somebody")
    assert load({"FEED": "replay:~/a b.jsonl"}).replay_path == Path("/home/somebody/a b.jsonl")
    assert load({"FEED": "replay:~nobody-of-that-name/a"}).replay_path == Path("~nobody-of-that-name/a")
    assert load({"FEED": "replay:C:/tapes/a.jsonl"}).replay_path == Path("C:/tapes/a.jsonl")
    assert load({"FEED": "simulated"}).replay_path is None
    assert load({}).replay_path is None


def test_settings_built_in_code_do_not_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is read in one place."""
    monkeypatch.setenv("PORT", "1234")
    monkeypatch.setenv("REDIS_URL", "not a url")
    assert Settings().port == 8000
