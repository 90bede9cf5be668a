"""What Counterfoil is told from outside: environment variables, and nothing else."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.kernel.problem import Problem
from app.loopback import is_loopback

PREFIX = "COUNTERFOIL_"
KEY_BYTES = 32
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(rf"([0-9]{{1,6}})([{''.join(_UNITS)}])")


class ConfigurationProblem(Problem):
    """A setting is missing or wrong; the message names the variable and says what to do."""


def _postgres(url: str) -> str:
    if urlsplit(url).scheme not in ("postgresql", "postgres"):
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    return url


def _redis(url: str) -> str:
    if urlsplit(url).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must look like redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket")
    return url


def _key(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value().encode()) < KEY_BYTES:
        raise ValueError(f"must be at least {KEY_BYTES} bytes long; make one with: openssl rand -hex 32")
    return key


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError("must be the name of a time zone, such as Europe/London") from None
    return name


def _span(text: str) -> str:
    if text != "0" and not _SPAN.fullmatch(text):
        raise ValueError("must be a number of seconds, minutes, hours or days, such as 90s, 30m, 72h or 3d, or 0")
    return text


PostgresUrl = Annotated[str, AfterValidator(_postgres)]
RedisUrl = Annotated[str, AfterValidator(_redis)]
Key = Annotated[SecretStr, AfterValidator(_key)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Span = Annotated[str, AfterValidator(_span)]
LogLevel = Literal["debug", "info", "warning", "error"]


class Settings(BaseSettings):
    """The settings of one process, read once; every field is a variable of the README's table."""

    model_config = SettingsConfigDict(frozen=True, env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    database_url: PostgresUrl = Field(
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        repr=False,
        description="PostgreSQL, as postgresql://user:password@host:5432/database",
    )
    redis_url: RedisUrl = Field(
        validation_alias=AliasChoices("REDIS_URL", "redis_url"),
        repr=False,
        description="Redis or Valkey, as redis://host:6379/0 or unix:///path/to/socket",
    )
    command_database_url: PostgresUrl | None = Field(
        default=None, repr=False, description="PostgreSQL for commands; `DATABASE_URL` if unset"
    )
    query_database_url: PostgresUrl | None = Field(
        default=None,
        repr=False,
        description="PostgreSQL for queries, may be a replica; `DATABASE_URL` if unset",
    )
    projection_database_url: PostgresUrl | None = Field(
        default=None, repr=False, description="PostgreSQL for workers; `DATABASE_URL` if unset"
    )
    jwt_key: Key | None = Field(
        default=None,
        description="Secret of access tokens (HS256), at least 32 bytes; without it, no token is valid",
    )
    open: bool = Field(
        default=False,
        description="Treat a request without a token as an administrator's; only on a loopback address",
    )
    host: str = Field(default="127.0.0.1", description="Address on which the API and the metrics of others listen")
    port: int = Field(default=8000, ge=1, le=65535, description="Port on which the API listens")
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port on which a worker tells `/metrics`, `/livez` and `/readyz`, 0 for none; "
        "with `up` and for several API processes the first of as many",
    )
    log_level: LogLevel = Field(default="info", description="Least level that is logged: debug, info, warning or error")
    log_format: Literal["console", "json"] = Field(
        default="console", description="Form of the log: console for people, json for machines"
    )
    wait_ms_default: int = Field(
        default=2_000,
        ge=0,
        description="How long a read waits for the version it asks for if it does not say, in ms",
    )
    wait_ms_max: int = Field(default=10_000, ge=0, description="The longest that a read may ask to wait, in ms")
    worker_jobs: int = Field(default=16, ge=1, description="Shards that one worker process projects at the same time")
    parked_max: int = Field(
        default=100,
        ge=1,
        description="Aggregates whose events a shard may set aside as dead letters before it stops instead",
    )
    db_pool_size: int = Field(default=10, ge=2, description="Connections that one process keeps to each database")
    trusted_documents: Path | None = Field(
        default=None,
        description="File of documents known by id: a JSON object of ids and texts, or an Apollo manifest",
    )
    trusted_only: bool = Field(default=False, description="Execute no other documents than those of that file")
    shop_currency: str = Field(
        default="GBP", pattern="^[A-Z]{3}$", description="Currency of every price, by its ISO 4217 code"
    )
    shop_time_zone: TimeZone = Field(
        default="Europe/London", description="Time zone in which the shop's days begin and end"
    )
    cancel_unpaid_after: Span = Field(
        default="72h",
        description="How long an order may be unpaid before it is cancelled, as 90s, 30m, 72h or 3d; 0: for ever",
    )
    silver_from: int = Field(
        default=500,
        ge=0,
        description="Paid in the shop's currency, less returns, that makes a customer SILVER; 0: nothing does",
    )
    gold_from: int = Field(
        default=2_000,
        ge=0,
        description="Paid in the shop's currency, less returns, that makes a customer GOLD; 0: nothing does",
    )

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if self.wait_ms_default > self.wait_ms_max:
            raise ValueError(f"{PREFIX}WAIT_MS_DEFAULT must not be above {PREFIX}WAIT_MS_MAX")
        if self.trusted_only and self.trusted_documents is None:
            raise ValueError(f"{PREFIX}TRUSTED_ONLY needs {PREFIX}TRUSTED_DOCUMENTS, the file of those documents")
        if 0 < self.gold_from < self.silver_from:
            raise ValueError(f"{PREFIX}GOLD_FROM must not be below {PREFIX}SILVER_FROM")
        if self.open and not is_loopback(self.host):
            raise ValueError(
                f"{PREFIX}OPEN lets everybody in, so it needs a loopback {PREFIX}HOST such as 127.0.0.1; "
                f"for {self.host}, set {PREFIX}JWT_KEY instead"
            )
        return self

    @property
    def unpaid_for(self) -> timedelta:
        """How long an order may be unpaid before it is cancelled; nothing: for ever."""
        number, unit = self.cancel_unpaid_after[:-1], _UNITS.get(self.cancel_unpaid_after[-1])
        return timedelta(**{unit: int(number)}) if unit else timedelta(0)

    @property
    def command_database(self) -> str:
        """The database of the commands."""
        return self.command_database_url or self.database_url

    @property
    def query_database(self) -> str:
        """The database of the queries."""
        return self.query_database_url or self.database_url

    @property
    def projection_database(self) -> str:
        """The database of the workers."""
        return self.projection_database_url or self.database_url

    def require_authentication(self) -> None:
        """Raise `ConfigurationProblem` if nobody could use the API: neither a key nor open."""
        if self.jwt_key is None and not self.open:
            raise ConfigurationProblem(
                f"{PREFIX}JWT_KEY is not set, so no access token could be checked.\n"
                f"Set it to a secret of at least {KEY_BYTES} bytes (openssl rand -hex 32), "
                f"or, if only this machine can reach the API, set {PREFIX}OPEN=1."
            )


def load_settings() -> Settings:
    """Read the environment; raises `ConfigurationProblem` that names every variable at fault."""
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationProblem(_explain(error)) from None


def variable_of(name: str, field: FieldInfo) -> str:
    """The environment variable that sets a field."""
    match field.validation_alias:
        case AliasChoices(choices=[str(variable), *_]):
            return variable
        case _:
            return f"{PREFIX}{name.upper()}"


def variables() -> list[tuple[str, str, str]]:
    """Every variable with its default and its meaning: the README's table."""
    return [
        (variable_of(name, field), _shown(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _shown(default: object) -> str:
    """A default as one would write it into the environment; empty if there is none."""
    match default:
        case str():
            return default
        case int():
            return str(int(default))
        case _:
            return ""


def _explain(error: ValidationError) -> str:
    return "\n".join(
        _explain_one(str(detail["loc"][0]) if detail["loc"] else "", detail["type"], detail["msg"])
        for detail in error.errors()
    )


def _explain_one(location: str, kind: str, message: str) -> str:
    reason = message.removeprefix("Value error, ").replace("Input should", "must")
    variable = next((v for v in _names() if location.lower() in (v.lower(), v.removeprefix(PREFIX).lower())), location)
    if kind == "missing":
        return f"{variable} is not set. Set it, or start everything on this machine with: python3 -m app up"
    return f"{variable} {reason}." if variable else f"{reason}."


def _names() -> list[str]:
    return [variable for variable, _, _ in variables()]
