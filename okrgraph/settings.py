"""The settings: one frozen object, read from the environment (or a .env file) once."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from okrgraph.events.database import DatabaseAddress
from okrgraph.kit.errors import OperatorError

_SHAPES = {
    "redis_url": "redis://host:6379/0, rediss://user:password@host:6379/0 or unix:///run/redis.sock",
    "log_format": "text or json",
    "engine": "on or off",
    "graphiql": "on or off",
    "epoch_policy": "auto or stable",
    "drain_seconds": "a number of seconds from 0 to 300",
    "poll_seconds": "a number of seconds from 0.01 to 60",
    "recheck_seconds": "a number of seconds from 0.1 to 60",
    "retention_days": "a number of days, more than 0 and at most 3650",
    "retention_rows": "a whole number from 1 to 1000000000",
    "metrics_token": "at least 16 characters without a space",
    "public_url": "an address such as https://okr.example.org",
    "allowed_origins": "origins separated by commas, such as https://okr.example.org",
}


def _redis_url(url: str) -> str:
    parts = urlsplit(url)
    is_socket = parts.scheme == "unix" and len(parts.path) > 1 and not parts.hostname
    # Asking for the port is what finds one that is no number.
    is_host = parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0
    if url and not is_socket and not (is_host and (parts.path.strip("/") or "0").isdecimal()):
        raise ValueError
    return url


def _metrics_token(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if text and (len(text) < 16 or not text.isascii() or not text.isprintable() or " " in text):
        raise ValueError
    return token


class Settings(BaseSettings):
    """Each field is the environment variable OKRGRAPH_ and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="OKRGRAPH_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    # Not shown: both may hold a password.
    database_url: str = Field(default="sqlite:///okrgraph.sqlite3", repr=False)
    redis_url: Annotated[str, AfterValidator(_redis_url)] = Field(default="", repr=False)
    secret_key: SecretStr = SecretStr("")
    public_url: str = Field(default="http://localhost:8000", pattern=r"^https?://[^\s/]+$")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    log_format: Literal["text", "json"] = "text"
    # Off: graphql-core executes every query, to compare with.
    engine: Literal["on", "off"] = "on"
    # None: on in the demonstration, off in production.
    graphiql: Literal["on", "off"] | None = None
    # Who sends it may read /metrics from anywhere. Empty: only from this machine.
    metrics_token: Annotated[SecretStr, AfterValidator(_metrics_token)] = SecretStr("")
    # Whether a changed timeline of PostgreSQL makes cursors invalid; stable: the operator's failover loses nothing.
    epoch_policy: Literal["auto", "stable"] = "auto"
    # What the log keeps of each organisation; an older cursor is answered by Resync.
    retention_days: float = Field(default=30.0, gt=0, le=3650)
    retention_rows: int = Field(default=5_000_000, ge=1, le=1_000_000_000)
    # How long live connections get, at the end of the process, to be told one after another.
    drain_seconds: float = Field(default=5.0, ge=0, le=300)
    # How often the heads of the logs are read, to find what another process committed. None: by database.
    poll_seconds: float | None = Field(default=None, ge=0.01, le=60)
    # How often the credential of an open socket or event stream is looked at again.
    recheck_seconds: float = Field(default=5.0, ge=0.1, le=60)

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(origin.strip() for origin in value.split(",") if origin.strip())
        return value

    @property
    def database(self) -> DatabaseAddress:
        """Raises OperatorError when OKRGRAPH_DATABASE_URL is not understood."""
        return DatabaseAddress.parse(self.database_url)

    @property
    def redis_address(self) -> str:
        """Where Redis is, without a password: for people and logs."""
        parts = urlsplit(self.redis_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def head_poll_seconds(self) -> float:
        """SQLite has no doorbell between processes and a query costs nothing there, so it is asked often."""
        if self.poll_seconds is not None:
            return self.poll_seconds
        return 0.1 if self.database.is_sqlite else 1.0


def load_settings(**overrides: object) -> Settings:
    """Read the settings. Raises OperatorError that names the variable and says what it should look like."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        shape = _SHAPES.get(name, "valid text")
        raise OperatorError(f"OKRGRAPH_{name.upper()} must be {shape}.") from error
