"""The settings: one frozen object, read from the environment (or a .env file) once."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from okrgraph.events.database import DatabaseAddress
from okrgraph.kit.errors import OperatorError

_SHAPES = {
    "log_format": "text or json",
    "engine": "on or off",
    "drain_seconds": "a number of seconds from 0 to 300",
    "poll_seconds": "a number of seconds from 0.01 to 60",
    "recheck_seconds": "a number of seconds from 0.1 to 60",
    "public_url": "an address such as https://okr.example.org",
    "allowed_origins": "origins separated by commas, such as https://okr.example.org",
}


class Settings(BaseSettings):
    """Each field is the environment variable OKRGRAPH_ and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="OKRGRAPH_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    database_url: str = "sqlite:///okrgraph.sqlite3"
    redis_url: str = ""
    secret_key: SecretStr = SecretStr("")
    public_url: str = Field(default="http://localhost:8000", pattern=r"^https?://[^\s/]+$")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    log_format: Literal["text", "json"] = "text"
    # Off: graphql-core executes every query, to compare with.
    engine: Literal["on", "off"] = "on"
    # How long live connections get, at the end of the process, to be told one after another.
    drain_seconds: float = Field(default=5.0, ge=0, le=300)
    # How often the heads of the logs are read, to find what another process committed. None: by database.
    poll_seconds: float | None = Field(default=None, ge=0.01, le=60)
    # How often the credential of an open socket or event stream is looked at again.
    recheck_seconds: float = Field(default=30.0, ge=0.1, le=60)

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
