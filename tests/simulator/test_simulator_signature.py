"""Signatures, on the vectors of Twilio's own libraries (MIT): each repository's test of its request validator.

The repositories are twilio/twilio-python, -node, -ruby, -java, -php, -csharp and -go; "docs" is the worked example of
https://www.twilio.com/docs/usage/security. URLs stand here as they were signed, which is not always as received.
"""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from simulator.web.signature import sign, signature_headers, signed_text, with_body_hash

KEY = "12345"
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
VECTORS: list[tuple[str, str, list[tuple[str, str]], str]] = [
    # docs
    (
        "docs-old",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+12349013030"),
            ("Digits", "1234"),
            ("From", "+12349013030"),
            ("To", "+18005551212"),
        ],
        "0/KCTR6DLpKmkAf8muzZqo1nDgQ=",
    ),
    # python, node, ruby, java, php, csharp
    (
        "https-port-1234-signed-without",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        CALL,
        "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    ),
    # python, node, ruby, java, php, csharp
    (
        "https-noport-signed-with-443",
        "https://mycompany.com:443/myapp.php?foo=1&bar=2",
        CALL,
        "kvajT1Ptam85bY51eRf/AJRuM3w=",
    ),
    # python, node, ruby, java, php, csharp
    (
        "http-noport-signed-with-80",
        "http://mycompany.com:80/myapp.php?foo=1&bar=2",
        CALL,
        "0ZXoZLH/DfblKGATFgpif+LLRf4=",
    ),
    # csharp
    (
        "https-port-1234-signed-with",
        "https://mycompany.com:1234/myapp.php?foo=1&bar=2",
        CALL,
        "CYn1h0gLBdNxDGkKJg6hYohgeD8=",
    ),
    # go
    (
        "prefix-names-https",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("To", "+18005551212"),
            ("Caller", "+14158675309"),
            ("From", "+14158675309"),
            ("ReasonConferenceEnded", "test"),
            ("Reason", "Participant"),
        ],
        "vOEb5UThFn24KEfnOFLQY2AE5FY=",
    ),
    # go
    (
        "prefix-names-https-port",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("To", "+18005551212"),
            ("Caller", "+14158675309"),
            ("From", "+14158675309"),
            ("ReasonConferenceEnded", "test"),
            ("Reason", "Participant"),
        ],
        "vOEb5UThFn24KEfnOFLQY2AE5FY=",
    ),
    # go
    (
        "prefix-names-http",
        "http://mycompany.com/myapp.php?foo=1&bar=2",
        [
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("To", "+18005551212"),
            ("Caller", "+14158675309"),
            ("From", "+14158675309"),
            ("ReasonConferenceEnded", "test"),
            ("Reason", "Participant"),
        ],
        "n2xBNyzSW7rfYStDtOFiFMv7qNo=",
    ),
    # go
    (
        "prefix-names-http-port-signed-without",
        "http://mycompany.com/myapp.php?foo=1&bar=2",
        [
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("To", "+18005551212"),
            ("Caller", "+14158675309"),
            ("From", "+14158675309"),
            ("ReasonConferenceEnded", "test"),
            ("Reason", "Participant"),
        ],
        "n2xBNyzSW7rfYStDtOFiFMv7qNo=",
    ),
    # node
    (
        "array-values-1",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [("MessagingBinding.Address", "+1325xxxxxxx"), ("MessagingBinding.Address", "+1415xxxxxxx")],
        "83O6e2vORAoJHUNzJjDWN1jz+BA=",
    ),
    # node
    (
        "array-values-2",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [("MessagingBinding.Address", "+1415xxxxxxx"), ("MessagingBinding.Address", "+1325xxxxxxx")],
        "83O6e2vORAoJHUNzJjDWN1jz+BA=",
    ),
    # node, php
    ("creds-user-pass", "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", CALL, "CukzLTc1tT5dXEDIHm/tKBanW10="),
    # ruby
    (
        "creds-user-only-443",
        "https://user@mycompany.com:443/myapp.php?foo=1&bar=2",
        CALL,
        "aZfj4hyX1MLZhSS6QIL18Vn2/RA=",
    ),
    # java
    ("empty-params", "https://mycompany.com/myapp.php?foo=1&bar=2", [], "zYQTYrRWXE7LtzbG4PfP7/bkkGo="),
    # java
    (
        "url-encoded-query",
        "https://mycompany.com/myapp.php?foo=hello%20world&bar=test%2Bvalue",
        CALL,
        "er2tvAP1Wx+iuTTE2BPgvEaN1cs=",
    ),
    # java
    (
        "special-chars",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [("Message", "Hello & goodbye! @#$%^*()"), ("From", "+1 (415) 867-5309"), ("Special", "unicode: ñáéíóú")],
        "dCPiR4WtQ6QFN6pJh81CtlCcWLQ=",
    ),
    # java
    (
        "key-sorting",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [("Zebra", "last"), ("Alpha", "first"), ("Beta", "second"), ("Gamma", "third")],
        "enveUe73ZTVLAekHxez3Qx6JuuQ=",
    ),
    # java
    ("intl-url", "https://mycompany.com/webhook/España?año=2023", CALL, "G/Hx6mqqnjUNlPAoi2Sp9bGst0g="),
    # java
    (
        "case-sensitive-keys",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [("callSid", "lowercase"), ("CallSid", "uppercase"), ("CALLSID", "allcaps")],
        "jDK7WKT8wiNrwggd4ceTv4e1MJ4=",
    ),
    # java
    ("double-slash-443", "https://mycompany.com:443//myapp.php?foo=1&bar=2", CALL, "A9lH3u16NjyiiM/+wylw5rirFUs="),
    # csharp
    ("mixed-case-host", "https://MyCompany.com/myapp.php?foo=1&bar=2", CALL, "g9IN/x4Cft2g517EjYvEvM/W7LU="),
    # csharp
    (
        "creds-http",
        "http://username:password@MyCompany.com/myapp.php?foo=1&bar=2",
        CALL,
        "PJ08CxXr7KLPjEQCTc8LkUSMwSM=",
    ),
    # csharp
    (
        "creds-mixed-case",
        "http://Username:Password@MyCompany.com/myapp.php?foo=1&bar=2",
        CALL,
        "SkTSKyDJH9kUlhItI0slbgZ1UsI=",
    ),
    # python, node, ruby, java, php, csharp, go
    (
        "json-body",
        "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
        [],
        "a9nBmqA0ju/hNViExpshrM61xv4=",
    ),
    # node, ruby, java, csharp, go
    (
        "json-body-only-hash",
        "https://mycompany.com/myapp.php?bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
        [],
        "y77kIzt2vzLz71DgmJGsen2scGs=",
    ),
    # node
    (
        "json-body-empty-object",
        "https://mycompany.com:443/myapp.php?foo=1&bar=2&bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        [],
        "Ldidvp12m26NI7eqEvxnEpkd9Hc=",
    ),
]
JSON_BODY = b'{"property": "value", "boolean": true}'
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)


@pytest.mark.parametrize(("url", "params", "signature"), [row[1:] for row in VECTORS], ids=[row[0] for row in VECTORS])
def test_published_vectors(url: str, params: list[tuple[str, str]], signature: str) -> None:
    assert sign(KEY, url, params) == signature
    assert sign(KEY, url, reversed(params)) == signature


def test_fragment_is_not_signed() -> None:
    assert sign(KEY, "https://a.example/v?x=1#rc=3", CALL) == sign(KEY, "https://a.example/v?x=1", CALL)


def test_body_hash_goes_before_the_fragment() -> None:
    digest = hashlib.sha256(JSON_BODY).hexdigest()
    assert with_body_hash("https://a.example/v#x", JSON_BODY) == f"https://a.example/v?bodySHA256={digest}#x"
    assert with_body_hash("https://a.example/v?b=2", JSON_BODY) == f"https://a.example/v?b=2&bodySHA256={digest}"


def test_json_body_is_accepted_by_the_official_validator() -> None:
    url = with_body_hash("https://a.example/v", JSON_BODY)
    assert RequestValidator(KEY).validate(url, JSON_BODY.decode(), sign(KEY, url))


def test_sha256_is_the_other_hash() -> None:
    text = signed_text("https://a.example/v", CALL)
    expected = base64.b64encode(hmac.digest(KEY.encode(), text.encode(), "sha256")).decode()
    assert sign(KEY, "https://a.example/v", CALL, "HMAC_SHA256") == expected


def test_a_shared_key_is_named_in_the_headers() -> None:
    url = "https://a.example/v"
    plain = signature_headers(KEY, url, CALL)
    assert plain == {"X-Twilio-Signature": sign(KEY, url, CALL)}
    shared = signature_headers(KEY, url, CALL, shared_key="webhooks_sharedkey_1")
    algorithm = get_signature_algorithm(shared["X-Twilio-Webhooks-Signature-Settings"])
    assert algorithm == "HMAC_SHA256"
    assert RequestValidator(KEY).validate(url, dict(CALL), shared["X-Twilio-Signature"], algorithm)


@given(st.dictionaries(names, st.text(st.characters(codec="utf-8"), max_size=12), max_size=6))
def test_the_official_validator_agrees_on_any_parameters(params: dict[str, str]) -> None:
    url = "https://a.example/voice?x=1"
    assert RequestValidator(KEY).compute_signature(url, params) == sign(KEY, url, params.items())
