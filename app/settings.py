"""The environment: read once, validated whole, frozen."""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from flask import current_app
from phonenumbers import SUPPORTED_REGIONS
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)

ROOT = Path(__file__).resolve().parent.parent
SECRETS = ("TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN_SECONDARY", "SECRET_KEY", "OPERATOR_PASSWORD", "DATABASE_URL")
PLACEHOLDER = re.compile(
    r"change.?me|your[-_ ]|place.?holder|replace|example|dummy|<.*>|^(secret|password|token|todo|dev|test|none|null|x+|\.+)$",
    re.IGNORECASE,
)


class SettingsError(Exception):
    """The environment is unusable; the message names every fault and no value of a secret."""


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only mean this machine."""
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def _not_placeholder(secret: SecretStr) -> SecretStr:
    if PLACEHOLDER.search(secret.get_secret_value()):
        raise ValueError("is still a placeholder: put a real secret there")
    return secret


def _at_least(length: int) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < length:
            raise ValueError(f"is empty or too short: give at least {length} characters")
        return secret

    return AfterValidator(check)


def _api_url(url: str) -> str:
    if not url:
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not is_loopback(parts.hostname) or parts.port == 0:
        raise ValueError("must be empty (the real Twilio) or a loopback address such as http://127.0.0.1:5050")
    return url.rstrip("/")


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.port == 0:
        raise ValueError("must be the address that callers of your webhooks use, such as https://phone.example.com")
    return url.rstrip("/")


def _database_url(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    if not url.startswith(("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return SecretStr(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url))


class Limit(NamedTuple):
    """At most `number` calls and texts in any `seconds`."""

    number: int
    seconds: int


def _words(text: Any) -> Any:
    """What stands in a line, with blanks or commas between."""
    return text.replace(",", " ").split() if isinstance(text, str) else text


def _country(text: str) -> str:
    if text.upper() not in SUPPORTED_REGIONS:
        raise ValueError("must be countries by their two letters (ISO 3166), such as US CA GB")
    return text.upper()


def _prefix(text: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{0,14}", text):
        raise ValueError("must be beginnings of numbers with their country, such as +1900 +44871")
    return text


def _limit(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
    if found is None:
        raise ValueError("must be numbers of calls and texts in seconds, such as 1/60 3/900")
    return Limit(int(found[1]), int(found[2]))


Countries = Annotated[tuple[Annotated[str, AfterValidator(_country)], ...], BeforeValidator(_words)]
Prefixes = Annotated[tuple[Annotated[str, AfterValidator(_prefix)], ...], BeforeValidator(_words)]
Limits = Annotated[tuple[Annotated[Limit, BeforeValidator(_limit)], ...], BeforeValidator(_words), Field(min_length=1)]
AtMost = Annotated[int, Field(ge=1, le=1_000_000)]
Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1, le=36_500)]
E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
TwilioToken = Annotated[SecretStr, _at_least(1), AfterValidator(_not_placeholder)]


class Settings(BaseModel):
    """Every setting, by the name it has in the environment but in lower case."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="forbid")

    twilio_account_sid: Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
    twilio_auth_token: TwilioToken
    twilio_auth_token_secondary: TwilioToken | None = None
    twilio_from_number: E164
    twilio_to_number: E164
    twilio_api_url: Annotated[str, AfterValidator(_api_url)] = ""
    public_base_url: Annotated[str, AfterValidator(_base_url)]
    secret_key: Annotated[SecretStr, _at_least(16), AfterValidator(_not_placeholder)]
    operator_password: Annotated[SecretStr, _at_least(8), AfterValidator(_not_placeholder)]
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] = SecretStr("sqlite:///switchboard.db")
    flow_file: str = "flows/hello.toml"
    allowed_countries: Countries = ()
    allowed_prefixes: Prefixes = ("+1555",)
    refused_prefixes: Prefixes = ()
    destination_limits: Limits = (Limit(1, 60), Limit(3, 900), Limit(10, 3600))
    hourly_limit: AtMost = 100
    daily_limit: AtMost = 500
    daily_budget: Dollars = 20
    call_price: Dollars = 0.02
    message_price: Dollars = 0.01
    max_call_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    keep_calls_days: Days | None = None
    keep_messages_days: Days | None = None
    keep_recordings_days: Days | None = None
    keep_audit_days: Days = 365
    delete_at_twilio: bool = False

    @model_validator(mode="after")
    def _twilio_can_reach_us(self) -> Self:
        if not self.twilio_api_url and is_loopback(urlsplit(self.public_base_url).hostname):
            raise ValueError(
                "PUBLIC_BASE_URL is a loopback address, which the real Twilio cannot reach: "
                "give the public address, or set TWILIO_API_URL to the simulator's"
            )
        return self

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        """The secrets that may sign a webhook: the primary, then the secondary while one is being rotated."""
        tokens = (self.twilio_auth_token, self.twilio_auth_token_secondary)
        return tuple(token.get_secret_value() for token in tokens if token)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that must never be written anywhere: what signs, signs in or opens the database."""
        own = (self.secret_key.get_secret_value(), self.operator_password.get_secret_value())
        opens = urlsplit(self.database_url.get_secret_value()).password or ""
        return (*self.auth_tokens, *own, opens, unquote(opens))

    @property
    def flow_path(self) -> Path:
        """The flow file; a relative path is below the project's folder."""
        return ROOT / self.flow_file

    @property
    def behind_tls(self) -> bool:
        return self.public_base_url.startswith("https://")

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, env_file: Path = ROOT / ".env") -> Self:
        """Read `env_file` and, over it, `environ`; a secret may stand in a file named by NAME_FILE. Raises SettingsError."""
        written = given(environ, env_file)
        values: dict[str, Any] = {}
        faults = []
        for field in cls.model_fields:
            name = field.upper()
            try:
                value = _read(name, written)
            except SettingsError as fault:
                faults.append(str(fault))
                continue
            if value or (value is not None and cls.model_fields[field].is_required()):
                values[field] = value
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            faulty = {fault.split()[0].removesuffix("_FILE") for fault in faults}
            faults += [line for line in _faults(error) if line.split()[0] not in faulty]
        if faults:
            raise SettingsError("\n".join(["Switchboard cannot start; mend these settings:", *sorted(faults)]))
        return settings


def given_flow_file() -> str:
    """FLOW_FILE alone, whatever the other settings are."""
    return given(os.environ, ROOT / ".env").get("FLOW_FILE") or str(Settings.model_fields["flow_file"].default)


def given(environ: Mapping[str, str], env_file: Path) -> dict[str, str]:
    """What the environment says, and what `env_file` says besides. Raises SettingsError."""
    try:
        written = dotenv_values(env_file)
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{env_file} cannot be read: run this as the user whom that file belongs to") from None
    return {name: value for name, value in written.items() if value is not None} | dict(environ)


def _read(name: str, given: Mapping[str, str]) -> str | None:
    path = given.get(f"{name}_FILE") if name in SECRETS else None
    if not path:
        return given.get(name)
    if given.get(name):
        raise SettingsError(f"{name} is set twice: keep {name} or {name}_FILE")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{name}_FILE names a file that cannot be read as text") from None


def _faults(error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors(include_input=False, include_context=False, include_url=False):
        name = str(fault["loc"][0]).upper() + " " if fault["loc"] else ""
        text = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{name}{'is missing' if fault['type'] == 'missing' else text}")
    return lines


def current_settings() -> Settings:
    """The settings of the application that answers this request."""
    settings: Settings = current_app.extensions["settings"]
    return settings
