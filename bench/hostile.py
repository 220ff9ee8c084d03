"""What somebody sends who wants in: requests by class of attack, each with whose it rightly is."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from secrets import token_hex
from urllib.parse import parse_qsl, quote

from werkzeug.routing import Map

from app.flow import Flow
from app.switch.turns import ACTS
from bench import payloads
from bench.load import ACCOUNT, TOKEN
from bench.payloads import EVIL, FORGED, FORM, KEPT, KNOWN, METHODS, OPERATORS, TEXTS, USUAL, VICTIM
from bench.server import PASSWORD
from simulator.web.signature import sign, with_body_hash

PUBLIC = ("static", "bootstrap.static", "switchboard.public.")
BODY = 64 * 1024  # bytes, of which the application takes no more


@dataclass(frozen=True)
class Attack:
    """One request. `signed` and `operator` say whose it rightly is; `public`: what it asks for is anybody's.

    `broken`: it is no right HTTP, so that the end of the connection is an answer, too. `text` is the SID of a text that is kept
    once if it is accepted.
    """

    kind: str
    request: bytes
    signed: bool = False
    operator: bool = False
    public: bool = False
    broken: bool = False
    text: str | None = None


class Attacker:
    """Makes attacks on the application at a port, with its routes and flow to know where; `cookie` is the operator's session."""

    def __init__(self, random: Random, port: int, routes: Map, flow: Flow, cookie: str) -> None:
        self.random, self.port, self.cookie = random, port, cookie
        self.base = f"http://127.0.0.1:{port}"
        self.rules = list(routes.iter_rules())
        self.public = [rule for rule in self.rules if rule.endpoint.startswith(PUBLIC)]
        self.webhooks = [rule.rule for rule in self.rules if "webhooks" in rule.endpoint]
        self.guarded = [rule for rule in self.rules if rule not in self.public and rule.rule not in self.webhooks]
        self.steps = [(name, event) for name, place in flow.places.items() for kind, event in ACTS if kind is type(place.step)]
        self.replays: list[Attack] = []
        self.texts: list[bytes] = []  # SIDs of texts that were sent, and are there if they were taken

    def attacks(self, count: int) -> Iterator[Attack]:
        """So many, of all classes."""
        classes: dict[Callable[[], Attack], int] = {
            self.forged: 20,
            self.rightly_signed: 30,
            self.replayed: 3,
            self.hostile_operator: 14,
            self.stranger: 12,
            self.path_trick: 8,
            self.odd_headers: 8,
            self.wrong_credentials: 2,
            self.framing: 2,
            self.mutated: 1,
        }
        for _ in range(count):
            yield self.random.choices(list(classes), list(classes.values()))[0]()

    def forged(self) -> Attack:
        """A webhook that Twilio did not sign, or not so."""
        method, target = self.random.choice(["GET", "POST", "POST"]), self._webhook()
        body = _form([*self._pairs(), *((name, FORGED.encode()) for name in (b"MessageSid", b"CallSid", b"Body"))])
        url, pairs = self.base + target, parse_qsl(body.decode(), keep_blank_values=True)
        right = sign(TOKEN, url, pairs)
        texts = [None, "", "x", "=" * 28, right[:-1], right[1:], right[:-2] + "==", right.lower(), right.swapcase(), right * 300]
        texts += [
            f"{right} {right}",
            sign("another", url, pairs),
            sign("", url, pairs),
            sign(TOKEN, f"https://{EVIL}{target}", pairs),
        ]
        texts += [sign(TOKEN, self.base + "/elsewhere", pairs), sign(TOKEN, url), sign(TOKEN, target, pairs), "\xe9", "[]", "null"]
        texts += [sign(ACCOUNT, url, pairs), sign(TOKEN, url + "?", pairs), sign(TOKEN, url, pairs, "HMAC_SHA256")]
        signature = self.random.choice(texts)
        headers = {} if signature is None else {"X-Twilio-Signature": signature}
        if self._chance(0.1):
            odd = [
                "key=k,algorithm=NONE",
                "algorithm=hmac_md5",
                "=,=,=",
                "algorithm",
                "x" * 3000,
                "algorithm=\xff",
                "algorithm=HMAC_SHA1",
            ]
            headers["X-Twilio-Webhooks-Signature-Settings"] = self.random.choice(odd)
        if method == "GET":
            target, body = _with_query(target, body), b""
        return Attack("forged webhook", self._request(method, target, body, headers))

    def rightly_signed(self) -> Attack:
        """A webhook that Twilio signed, with hostile contents."""
        target, pairs, sid = self._webhook(), self._pairs(), None
        if target.startswith("/sms_url") and self._chance(0.5):
            sid = "SM" + token_hex(16)
            self.texts.append(sid.encode())
            pairs.insert(0, (b"MessageSid", sid.encode()))
        shape = self.random.random()
        if shape < 0.1 and sid is None:
            attack = self.signed("GET", _with_query(target, _form(pairs)), b"")
        elif shape < 0.25 and sid is None:
            body = self._json()
            kind = self.random.choice(["application/json", "application/json", "text/plain", "x", ""])
            attack = self.signed("POST", with_body_hash(target, body), body, kind)
        else:
            body = _form(pairs)
            if self._chance(0.05):
                body = b"&".join([body, *(b"p%d=%d" % (number, number) for number in range(4000))])
            body = self.random.choice([body, body, body.replace(b"%", b""), body + b"&&=&;&%zz=%&==", body.replace(b"%", b"%25")])
            attack = self.signed("POST", target, body)
            if sid and len(body) <= BODY:
                attack = replace(attack, text=sid)
        if self._chance(0.05):
            self.replays.append(replace(attack, kind="replayed webhook"))
        return attack

    def signed(self, method: str, target: str, body: bytes, content_type: str = FORM) -> Attack:
        """A webhook with Twilio's signature."""
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True) if content_type == FORM else []
        headers = {"X-Twilio-Signature": sign(TOKEN, self.base + target, pairs), "Content-Type": content_type}
        return Attack("signed webhook", self._request(method, target, body, headers), signed=True)

    def replayed(self) -> Attack:
        """A webhook again that came before, or its signature with another method, path, or a parameter more."""
        if not self.replays:
            return self.rightly_signed()
        attack = self.random.choice(self.replays[-200:])
        if self._chance(0.5):
            return attack
        head, end, body = attack.request.partition(b"\r\n\r\n")
        changed = [head.replace(b" /", b" /x", 1), head.replace(b" HTTP/1.1\r\n", b"&z=1 HTTP/1.1\r\n", 1)]
        changed += [head.replace(b"POST ", b"PUT ", 1).replace(b"GET ", b"DELETE ", 1)]
        changed += [head.replace(b"\r\nX-Twilio-Signature: ", b"\r\nX-Twilio-Signature: A")]
        return Attack("replayed webhook", self.random.choice(changed) + end + body)

    def hostile_operator(self) -> Attack:
        """The operator's own session, with hostile contents."""
        rules = [rule for rule in self.guarded if "sign_out" not in rule.endpoint]  # after it, this would be anybody
        rule = self.random.choice(rules)
        method = self.random.choice(sorted(rule.methods or ())) if self._chance(0.8) else self.random.choice(METHODS)
        target = self._fill(rule.rule, [*KEPT, *self.texts[-50:]] if self._chance(0.5) else TEXTS)
        if self._chance(0.4):
            target = _with_query(target, _form(self._pairs(OPERATORS)))
        kinds: dict[str, Callable[[], bytes]] = {
            FORM: lambda: _form(self._pairs(OPERATORS)),
            "application/json": self._json,
            "application/json;charset=utf-16": self._json,
            "multipart/form-data; boundary=x": lambda: self.random.choice(payloads.MULTIPART),
        }
        kind = self.random.choice(list(kinds))
        body = b"" if method == "GET" else kinds[kind]()
        accept = self.random.choice(["text/html", "application/json", "*/*"])
        headers = {"Cookie": self.cookie, "Accept": accept, "Content-Type": kind}
        return Attack("operator", self._request(method, target, body, headers), operator=True)

    def stranger(self) -> Attack:
        """Any method on any route, by nobody we know, who claims to be somebody."""
        rule, method = self.random.choice(self.rules), self.random.choice(METHODS)
        query = self.random.choice(["", f"?to={quote(VICTIM)}&body={FORGED}", "?_method=GET", "?admin=1"])
        body = f"to={quote(VICTIM)}&body={FORGED}&password={FORGED}".encode() if method in ("POST", "PUT") else b""
        if "sign_in" in rule.rule:  # it would use up the limit on wrong passwords
            body = b""
        headers = self.random.choice(payloads.CLAIMS) | {"Accept": self.random.choice(["text/html", "application/json"])}
        return Attack(
            "stranger", self._request(method, self._fill(rule.rule) + query, body, headers), public=rule.endpoint.startswith(PUBLIC)
        )

    def path_trick(self) -> Attack:
        """Another spelling of an address that is guarded, or of a file that is not served."""
        guarded = self._fill(self.random.choice(self.guarded).rule)[1:]
        wanted = self.random.choice([guarded, guarded, self._webhook()[1:], self.random.choice(payloads.FILES)])
        target = self.random.choice(payloads.TRICKS).format(wanted)
        if self._chance(0.2):
            target = self.random.choice([target.upper(), target.replace("a", "%61").replace("e", "%65")])
        headers = {"Accept": self.random.choice(["text/html", "*/*"])} | self.random.choice([{}, {"Host": EVIL}])
        return Attack("path trick", self._request(self.random.choice(KNOWN[:3]), target, b"", headers))

    def odd_headers(self) -> Attack:
        """A header that somebody reads, with what it should not hold."""
        rule = self.random.choice([*self.public, *self.public, *self.rules])
        name = self.random.choice(list(payloads.ODD_HEADERS))
        value = self.random.choice(payloads.ODD_HEADERS[name])
        if name in ("Cookie", "X-Forwarded-For", "Accept") and self._chance(0.2):
            value = self.random.choice(TEXTS)[:3000].translate(None, b"\r\n\0").decode("latin-1")
        target = self._fill(rule.rule)
        if "static" in rule.endpoint and self._chance(0.7):
            target = self.random.choice(["/static/live.js", "/static/icon.svg", "/static/switchboard.css"])
        method = "POST" if name == "Content-Type" else self.random.choice(["GET", "GET", "HEAD"])
        body = self.random.choice(payloads.MULTIPART) if method == "POST" and "sign_in" not in target else b""
        request = self._request(method, target, body, {"Accept": "text/html"} | {name: value})
        return Attack("odd header", request, public=rule.endpoint.startswith(PUBLIC))

    def wrong_credentials(self) -> Attack:
        """A password, token or cookie in any shape but the right one; each from another address, or all would be refused alike."""
        right = self.cookie.partition("=")[2]
        wrong = [_basic(f"operator:{FORGED}"), _basic(f"root:{PASSWORD}"), _basic("operator"), _basic(f"operator:{PASSWORD}\n")]
        wrong += [_basic(f"operator:{PASSWORD.upper()}"), "Basic", "Basic \xff\xfe", "Basic " + "A" * 5000, f"bearer {PASSWORD}x"]
        wrong += ['Digest username="operator", realm="x", nonce="", uri="/", response=""', "Negotiate YII=", f"Token {PASSWORD}"]
        wrong += [PASSWORD, f"Basic operator:{PASSWORD}", f"Bearer {PASSWORD[:-1]}", "Digest u*=utf-16''%d8%00", "=" * 99]
        cookies = [right[:-1], right[::-1], "x" + right, "eyJvcGVyYXRvciI6dHJ1ZX0.AAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA", "." * 3000]
        headers = [{"Authorization": text} for text in wrong] + [{"Cookie": f"switchboard={text}"} for text in cookies]
        headers += [{"Cookie": f"session={right}"}, {"Cookie": f"Switchboard={right}"}, {"Cookie": ";;=;=" * 500}]
        rule, method = self.random.choice(self.guarded), self.random.choice(["GET", "POST", "HEAD", "DELETE"])
        address = ".".join(str(self.random.randrange(256)) for _ in range(4))
        given = self.random.choice(headers) | {"X-Forwarded-For": address, "Accept": self.random.choice(["text/html", "*/*"])}
        return Attack("wrong credentials", self._request(method, f"{self._fill(rule.rule)}?to={quote(VICTIM)}", b"", given))

    def framing(self) -> Attack:
        """What is no HTTP, or two ways of HTTP at once: with a second request hidden in it."""
        hidden = b"GET /recordings HTTP/1.1\r\nHost: x\r\n\r\n"
        request = self.random.choice(payloads.FRAMINGS).replace(b"<host>", f"Host: 127.0.0.1:{self.port}\r\n".encode())
        return Attack("framing", request.replace(b"<hidden>", hidden), broken=True)

    def mutated(self) -> Attack:
        """A stranger's request with bytes changed, doubled, lost."""
        whole = bytearray(self.random.choice([self.stranger, self.forged, self.path_trick])().request[:4000])
        for _ in range(self.random.randint(1, 8)):
            place = self.random.randrange(len(whole))
            odd = self.random.choice([b"", b"\r\n", b"\0", b":", b" ", b"\xff", b"\t", b"GET / ", b"%"])
            whole[place : place + self.random.randrange(3)] = odd
        return Attack("mutated", bytes(whole), public=True, broken=True)

    def _request(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> bytes:
        given = {"Host": f"127.0.0.1:{self.port}", "Content-Type": FORM} | headers
        if body or method in ("POST", "PUT", "PATCH"):
            given["Content-Length"] = str(len(body))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body

    def _webhook(self) -> str:
        """The path of one, at a step that the flow has or has not, with parameters of ours in its address."""
        path = self.random.choice(self.webhooks)
        if "<step>" in path and self._chance(0.8):
            step, event = self.random.choice(self.steps)
            path = f"/voice_url/{step}" + (f"/{event}" if event else "")
        query = [f"{name}={quote(self.random.choice(TEXTS)[:500])}" for name in payloads.OURS if self._chance(0.15)]
        return self._fill(path) + ("?" + "&".join(query) if query else "")

    def _fill(self, path: str, texts: list[bytes] = TEXTS) -> str:
        """With something in place of each variable: the SID of a recording, nothing, or one of the `texts`."""
        for name in ("<path:filename>", "<attempt>", "<sid>", "<step>", "<event>", "<name>"):
            if name in path:
                text = self.random.choice([b"RE" + b"3" * 32, b"0", *texts])[:300]
                path = path.replace(name, quote(text, safe="") or "x")
        return path

    def _pairs(self, usual: dict[bytes, list[bytes]] = USUAL) -> list[tuple[bytes, bytes]]:
        known = list(usual)
        chosen = self.random.sample(known, self.random.randint(1, len(known)))
        pairs = [(name, self.random.choice(usual[name] if self._chance(0.6) else TEXTS)) for name in chosen]
        if self._chance(0.2):
            pairs += [(self.random.choice([*TEXTS, *known])[:200], self.random.choice(TEXTS)) for _ in range(5)]
        return [(name, value[: self.random.choice([300, 300, 300, 60_000])]) for name, value in pairs]

    def _json(self) -> bytes:
        if self._chance(0.7):
            return self.random.choice(payloads.JSON)
        names = ("to", "body", "say", "CallSid", "CallStatus", "From", "To", "Body", "turn")
        return json.dumps({name: self.random.choice(TEXTS).decode("utf-8", "replace")[:500] for name in names}).encode()

    def _chance(self, part: float) -> bool:
        return self.random.random() < part


def _form(pairs: list[tuple[bytes, bytes]]) -> bytes:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs).encode()[: BODY - 100]


def _with_query(target: str, query: bytes) -> str:
    return f"{target}{'&' if '?' in target else '?'}{query.decode()}"[:8000]


def _basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()
