"""The story as in production: behind a proxy with TLS, under another name and port than the application's own."""

import shutil
import subprocess
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator

ROOT = Path(__file__).resolve().parents[2]


LOCAL = "\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n"


def caddyfile(storage: Path, port: int, app: int) -> str:
    """The file that README tells to install, moved to free ports of this machine and certificates of its own."""
    text = (ROOT / "deploy/azure/Caddyfile").read_text()
    for shipped, here in {
        "\tservers {": f'{LOCAL}\tstorage file_system "{storage}"\n\tservers {{',
        "phone.example.com {": f"https://localhost:{port}, https://127.0.0.1:{port} {{\n\tbind 127.0.0.1\n\ttls internal",
        "127.0.0.1:5000": f"127.0.0.1:{app}",
    }.items():
        assert text.count(shipped) == 1
        text = text.replace(shipped, here)
    return text


@pytest.fixture(scope="module")
def system(tmp_path_factory, start, ports, eventually):
    """The system behind Caddy, whose own authority the simulator trusts; in this module it takes the shared one's place."""
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("Caddy is not on this machine: apt-get install caddy")
    directory = tmp_path_factory.mktemp("caddy")
    port, app = ports(2)
    (directory / "Caddyfile").write_text(caddyfile(directory / "storage", port, app))
    with (directory / "output.txt").open("wb") as output:
        caddy = subprocess.Popen(
            [program, "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
            cwd=directory,
            env={"HOME": str(directory), "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        authority = directory / "storage" / "pki" / "authorities" / "local" / "root.crt"
        eventually(lambda: caddy.poll() is not None or (authority.is_file() and authority.read_text()))
        assert caddy.poll() is None, (directory / "output.txt").read_text()
        with start(PORT=str(app), PUBLIC_BASE_URL=f"https://localhost:{port}", SSL_CERT_FILE=str(authority)) as system:
            yield system
    finally:
        caddy.terminate()
        caddy.wait()


@pytest.fixture
def send_webhook(system, operator):
    """Sends a text's webhook to `url`, signed for `signed_for`."""

    def send(url, signed_for):
        form = {
            "AccountSid": system.account,
            "MessageSid": "SM" + "0" * 32,
            "From": "+15550001234",
            "To": system.line,
            "Body": "Hi",
        }
        signature = RequestValidator(system.token).compute_signature(signed_for, form)
        return operator.post(url, data=form, headers={"X-Twilio-Signature": signature}, auth=None)

    return send


def test_make_call_rings_the_phone_which_hears_the_greeting(system, operator, twilio, web, phone_at, eventually):
    placed = operator.get("/make_call")
    assert placed.status_code == 201
    sid = placed.json()["sid"]
    call = eventually(lambda: twilio.calls(sid).fetch(), lambda call: call.status == "completed")
    assert call.to == system.default_phone
    assert phone_at(system.default_phone).said == ["Hello Monkey!"]
    sent = eventually(
        lambda: web.get(f"{system.simulator}/requests", params={"sid": sid}).json()["requests"],
        lambda sent: len(sent) == 5 and all(one["status"] for one in sent),
    )
    assert all(one["url"].startswith(f"{system.url}/") for one in sent)
    assert sorted((one["status"], tuple(one["alerts"])) for one in sent) == [(200, ())] + 4 * [(204, ())]


def test_a_text_is_answered(system, phone, eventually):
    phone.do("text", to=system.line, body="Ping")
    assert eventually(lambda: phone.received) == ["Hey, thanks for the ping! Twilio and Azure rock!"]


def test_the_session_cookie_and_every_page_are_for_https_only(system, operator):
    signed_in = operator.post("/sign_in", data={"password": system.password}, headers={"Origin": system.url}, auth=None)
    assert signed_in.status_code == 303
    cookie = signed_in.headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert signed_in.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert operator.get("/", auth=None).status_code == 200


def test_a_webhook_counts_with_and_without_the_port_in_what_was_signed(system, send_webhook):
    assert send_webhook("/sms_url", f"{system.url}/sms_url").status_code == 200
    assert send_webhook("/sms_url", "https://localhost/sms_url").status_code == 200


@pytest.mark.parametrize(
    ("scheme", "host", "cause"),
    [("http", "localhost", "http: It is signed for http"), ("https", "127.0.0.1", "host: It is signed for another host")],
)
def test_a_webhook_signed_for_another_scheme_or_host_is_refused_and_the_log_says_why(
    system, send_webhook, eventually, scheme, host, cause
):
    port = system.url.rpartition(":")[2]
    written = len(system.output.read_text())
    refused = send_webhook(f"https://{host}:{port}/sms_url", f"{scheme}://{host}:{port}/sms_url")
    assert refused.status_code == 403
    eventually(lambda: system.output.read_text()[written:], lambda log: f"cause={cause}" in log)
