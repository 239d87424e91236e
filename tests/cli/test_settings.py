"""Settings from the environment: their defaults, and each bad value by its variable's name."""

from pathlib import Path

import pytest

from usance.settings import BadSetting, from_environment


def test_nothing_has_to_be_set():
    settings = from_environment({"USANCE_PORT": " ", "DATABASE_URL": ""})
    assert settings.database_url is None
    assert settings.data_dir == Path.home() / ".usance"
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8080, 1)
    assert (settings.demo, settings.log_level, settings.bootstrap_key) == (True, "info", None)


def test_what_is_set_is_taken():
    key = "sk_live_" + "aZ0_-" * 7
    settings = from_environment(
        {
            "DATABASE_URL": "postgres://u:p@h/d",
            "USANCE_DATA_DIR": "~/x",
            "USANCE_HOST": "::1",
            "USANCE_PORT": "0",
            "USANCE_WORKERS": "4",
            "USANCE_BOOTSTRAP_KEY": key,
            "USANCE_DEMO": "0",
            "USANCE_LOG_LEVEL": "DEBUG",
            "USANCE_LOG_FORMAT": "json",
        }
    )
    assert settings.database_url == "postgres://u:p@h/d"
    assert settings.data_dir == Path.home() / "x"
    assert (settings.host, settings.port, settings.workers) == ("::1", 0, 4)
    assert (settings.demo, settings.log_level, settings.log_json) == (False, "debug", True)
    assert settings.bootstrap_key == key


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://h/d"),
        ("DATABASE_URL", "h/d"),
        *[("USANCE_PORT", value) for value in ("-1", "65536", "80.0", "http", "٨٠")],
        *[("USANCE_WORKERS", value) for value in ("0", "65", "many")],
        *[("USANCE_DEMO", value) for value in ("2", "maybe")],
        ("USANCE_LOG_LEVEL", "loud"),
        ("USANCE_LOG_FORMAT", "xml"),
        ("USANCE_BOOTSTRAP_KEY", "sk_test_" + "a" * 31),
        ("USANCE_BOOTSTRAP_KEY", "sk_test_" + "a" * 31 + "!"),
        ("USANCE_BOOTSTRAP_KEY", "pk_test_" + "a" * 32),
        ("USANCE_BOOTSTRAP_KEY", "a" * 64),
    ],
)
def test_a_bad_value_is_refused_by_the_variables_name(variable: str, value: str):
    with pytest.raises(BadSetting) as problem:
        from_environment({variable: value})
    assert problem.value.variable == variable
    assert str(problem.value).startswith(f"{variable} must ")


def test_no_secret_is_repeated_in_a_message():
    for variable, value in [
        ("DATABASE_URL", "mysql://u:hunter2@h/d"),
        ("USANCE_BOOTSTRAP_KEY", "sk_test_hunter2"),
    ]:
        with pytest.raises(BadSetting) as problem:
            from_environment({variable: value})
        assert "hunter2" not in str(problem.value)


SENDER = {"USANCE_SMTP_FROM": "billing@acme.example"}


@pytest.mark.parametrize(
    ("url", "host", "port", "secured", "login"),
    [
        ("smtp://mail.example", "mail.example", 587, (False, True), (None, None)),
        (
            "smtp://u%40x:hun%2Fter2@mail.example:25",
            "mail.example", 25, (False, True), ("u@x", "hun/ter2"),
        ),
        ("smtp://[::1]:2525?starttls=0", "::1", 2525, (False, False), (None, None)),
        ("smtps://u:hunter2@mail.example", "mail.example", 465, (True, False), ("u", "hunter2")),
    ],
)  # fmt: skip
def test_a_mail_server_is_named_by_a_url(
    url: str, host: str, port: int, secured: tuple[bool, bool], login: tuple[str, str]
):
    mail = from_environment({"USANCE_SMTP_URL": url, **SENDER}).mail
    assert mail is not None
    assert (mail.host, mail.port, (mail.tls, mail.starttls)) == (host, port, secured)
    assert ((mail.user, mail.password), mail.sender) == (login, "billing@acme.example")
    assert "ter2" not in repr(mail)


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://u:secret@mail.example", "smtp://", "smtp://u:secret@h:99999", "smtp://h/x",
     "smtp://u:secret@h?starttls=maybe", "smtp://h?tls=1"],
)  # fmt: skip
def test_what_is_no_mail_server_is_refused_without_its_password(url: str):
    with pytest.raises(BadSetting, match="USANCE_SMTP_URL") as refused:
        from_environment({"USANCE_SMTP_URL": url, **SENDER})
    assert "secret" not in str(refused.value)


def test_a_mail_server_needs_a_sender():
    with pytest.raises(BadSetting, match="USANCE_SMTP_FROM"):
        from_environment({"USANCE_SMTP_URL": "smtp://mail.example"})
    assert from_environment(SENDER).mail is None
