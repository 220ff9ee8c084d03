"""Plain HTTP to the REST API, each answer held against Twilio's own OpenAPI."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import jsonschema

ACCOUNT, KEY = "AC" + "1" * 32, "key-of-the-tests"
TEST_ACCOUNT, TEST_KEY = "AC" + "2" * 32, "key-of-the-test-credentials"
LINE, PHONE, VERIFIED = "+15550001111", "+15550002222", "+15550003333"

TWILIO: dict[str, Any] = json.loads((Path(__file__).parent / "twilio_schemas.json").read_text())
OPERATIONS: dict[str, dict[str, Any]] = TWILIO["operations"]
LINKS = {"first_page_uri": "string", "uri": "string", "next_page_uri": ["string", "null"], "previous_page_uri": ["string", "null"]}
COUNTS = dict.fromkeys(("end", "page", "page_size", "start"), "integer")


def _schema(answer: str | dict[str, Any]) -> dict[str, Any]:
    """Write the schema of one resource by its name, or of a list of them: {key: name}, without pages where "paged" is false."""
    if isinstance(answer, str):
        return {"$ref": f"#/$defs/{answer}", "$defs": TWILIO["schemas"]}
    (name, item), *_ = answer.items()
    types = {"uri": "string"} if "paged" in answer else LINKS | COUNTS
    properties = {key: {"type": kind} for key, kind in types.items()}
    properties[name] = {"type": "array", "items": {"$ref": f"#/$defs/{item}"}}
    shape = {"type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": False}
    return shape | {"$defs": TWILIO["schemas"]}


def check(answer: str | dict[str, Any], body: Any) -> Any:
    """Hold a body against Twilio's own schema."""
    jsonschema.Draft202012Validator(_schema(answer)).validate(body)
    return body


def operation(method: str, path: str) -> str:
    """Find the documented operation of a request; a literal path goes before one with a placeholder."""
    path = path.removesuffix(".json")
    full = path if path == "/Accounts" else f"/Accounts/{{AccountSid}}{path}" if path else "/Accounts/{Sid}"
    fits = [name for name in OPERATIONS if re.fullmatch(re.sub(r"\{(?!AccountSid)\w+\}", "[^/]+", name), f"{method} {full}.json")]
    return min(fits, key=lambda name: name.count("{"))


class Rest:
    """One account's requests; every answer has the status and the shape that Twilio documents for the operation."""

    def __init__(self, client: httpx.Client, url: str, account: str = ACCOUNT, key: str = KEY, user: str = "") -> None:
        self._client = client
        self._url = f"{url}/2010-04-01"
        self._account = account
        self._auth = httpx.BasicAuth(user or account, key)

    def send(self, method: str, path: str, **fields: Any) -> httpx.Response:
        """Ask, below the account's path."""
        place = "params" if method == "GET" else "data"
        base = self._url if path.startswith("/Accounts") else f"{self._url}/Accounts/{self._account}"
        return self._client.request(method, base + path, auth=self._auth, **{place: fields})

    def get(self, path: str, **fields: Any) -> Any:
        return self._documented("GET", path, fields)

    def post(self, path: str, **fields: Any) -> Any:
        return self._documented("POST", path, fields)

    def delete(self, path: str) -> None:
        self._documented("DELETE", path, {})

    def refused(self, path: str, code: int, status: int = 400, method: str = "POST", **fields: Any) -> None:
        """Ask for what Twilio refuses with a code."""
        response = self.send(method, path, **fields)
        body = self._read(response, "error")
        assert (body["code"], body["status"], response.status_code) == (code, status, status)
        assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"

    def _documented(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        response = self.send(method, path, **fields)
        answers = OPERATIONS[operation(method, path)]
        assert str(response.status_code) in answers, response.text
        return self._read(response, answers[str(response.status_code)])

    def _read(self, response: httpx.Response, answer: str | dict[str, Any] | None) -> Any:
        assert response.headers["Twilio-Request-Id"].startswith("RQ")
        if answer is None:
            assert response.content == b""
            return None
        assert response.headers["Content-Type"] == "application/json"
        return check(answer, response.json())
