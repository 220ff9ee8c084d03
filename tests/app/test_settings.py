"""The environment: validated whole, every fault named, no secret shown."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from visitors import SETTINGS

from app.settings import ROOT, SECRETS, Settings, SettingsError
from dev.run import environment

ENVIRON = {name.upper(): value for name, value in SETTINGS.items()}


def load(tmp_path: Path, **changes: str | None) -> Settings:
    environ = {name: value for name, value in (ENVIRON | changes).items() if value is not None}
    return Settings.load(environ, tmp_path / "none.env")


def test_a_good_environment_is_frozen_and_shows_no_secret(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.auth_tokens == (ENVIRON["TWILIO_AUTH_TOKEN"], ENVIRON["TWILIO_AUTH_TOKEN_SECONDARY"])
    with pytest.raises(ValueError, match="frozen"):
        settings.twilio_from_number = "+15550009999"
    for name in SECRETS:
        assert ENVIRON.get(name, "sqlite") not in repr(settings)


def test_the_environment_wins_over_the_file_and_strangers_are_ignored(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWILIO_FROM_NUMBER=+15550007777\nTWILIO_TO_NUMBER=+15550008888\nHOME=/\n")
    environ = {name: value for name, value in ENVIRON.items() if name != "TWILIO_TO_NUMBER"}
    settings = Settings.load(environ, tmp_path / ".env")
    assert (settings.twilio_from_number, settings.twilio_to_number) == (ENVIRON["TWILIO_FROM_NUMBER"], "+15550008888")


BAD = {
    "TWILIO_ACCOUNT_SID": ["", "AC123", "SK" + "1" * 32, None],
    "TWILIO_AUTH_TOKEN": ["", None, "changeme", "your_auth_token", "<token>"],
    "TWILIO_AUTH_TOKEN_SECONDARY": ["change-me"],
    "TWILIO_FROM_NUMBER": ["", "5550001111", "+1 555 000 1111", "+0", None],
    "TWILIO_TO_NUMBER": ["tomorrow", None],
    "TWILIO_API_URL": [
        "https://api.twilio.com",
        "http://10.0.0.1:5050",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "x",
        "http://127.0.0.1:99999",
    ],
    "PUBLIC_BASE_URL": ["", "phone.example.com", "https://", "https://x?y=1", "https://x:99999", "https://[", None],
    "SECRET_KEY": ["", "dev", "short", None, "your-secret-key-goes-here"],
    "OPERATOR_PASSWORD": ["", "password", "short", None, "changeme-please"],
    "DATABASE_URL": ["mysql://x", "x.db"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_is_refused_by_its_name_and_not_repeated(tmp_path: Path, name: str, value: str | None) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, **{name: value})
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == 1
    assert name in lines[0]
    if name in SECRETS and value and len(value) > 5:
        assert value not in str(caught.value)


@pytest.mark.parametrize("read", [lambda path: Settings.load({}, path), environment], ids=["by gunicorn", "by make run"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    (tmp_path / ".env").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"\.env cannot be read: run this as the user whom that file belongs to"):
        read(tmp_path / ".env")


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load({}, tmp_path / "none.env")
    for name, field in Settings.model_fields.items():
        assert (f"{name.upper()} is missing" in str(caught.value)) is field.is_required()


def test_the_real_twilio_cannot_be_answered_from_loopback(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_BASE_URL is a loopback address"):
        load(tmp_path, TWILIO_API_URL="")
    assert (
        load(tmp_path, TWILIO_API_URL="", PUBLIC_BASE_URL="https://phone.example.com/").public_base_url
        == "https://phone.example.com"
    )


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    value = "sqlite:///elsewhere.db" if name == "DATABASE_URL" else "from a file, and long enough"
    (tmp_path / "held").write_text(value + "\n")
    settings = load(tmp_path, **{name: None, f"{name}_FILE": str(tmp_path / "held")})
    assert getattr(settings, name.lower()).get_secret_value() == value
    with pytest.raises(SettingsError, match=f"{name} is set twice"):
        load(tmp_path, **{name: value, f"{name}_FILE": str(tmp_path / "held")})
    with pytest.raises(SettingsError, match=f"{name}_FILE names a file that cannot be read") as caught:
        load(tmp_path, **{name: None, f"{name}_FILE": str(tmp_path / "gone")})
    assert len(str(caught.value).splitlines()) == 2


def test_postgresql_addresses_get_the_driver_that_is_installed(tmp_path: Path) -> None:
    for url in ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"):
        assert load(tmp_path, DATABASE_URL=url).database_url.get_secret_value() == "postgresql+psycopg://u:p@h/d"


def test_env_example_names_every_setting_and_nothing_else() -> None:
    example = (ROOT / ".env.example").read_text()
    named = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)
    for name in named:
        comment = example.split(f"\n{name}=")[0].splitlines()[-1]
        assert comment.startswith("# ")
        assert ("Secret." in comment) is (name in SECRETS)
