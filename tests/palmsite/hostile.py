"""The hostile inputs, by what they are sent as. Only lists: test_hostile.py sends them."""

# ruff: noqa: E501

import json

NOT_NUMBERS = [
    "", " ", "0", "-0", "+1", "-1", "00", "01", "1.0", "1,5", "1e3", "1E9", "1e309", "NaN", "nan", "Infinity",
    "-inf", "0x10", "0b1", "0o7", "1_000", "1 000", "1\u00a0000", "\u0661\u0662", "\uff11", "\u00b2", "\u2460", "ten", "null", "None",
    "true", "[]", "{}", "1;2", "1|2", "1 or 1=1", "1' OR '1'='1", "1--", "1/*", "$1", "%31", "%00", "1\x00", "1\n",
    "1\r\n2", "\ufeff1", "\u200b1", "\u202e1", "9" * 20, "9" * 400, "1" + "0" * 5000, "-" + "9" * 400, "999999999999",
    "2147483648", "4294967296", "9223372036854775808", "18446744073709551616", "1000000001", "{{7*7}}", "${7*7}",
    "__import__('os')", "../1", "<1>",
]  # fmt: skip
NOT_NUMBERS_IN_JSON = [
    0, -1, 1.5, 1e400, -1e400, 10**9, 2**31, 2**63, 2**64, 10**300, True, False, [], [1], [[]], {}, {"a": 1}, "",
    "1", "0", "x", "1e3",
]  # fmt: skip
TEXTS = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg onload=alert(1)>", "javascript:alert(1)",
    "</textarea><script>", "{{ 7*7 }}", "{% load static %}", "${7*7}", "#{7*7}", "%(name)s", "%s%s%s%n", "%d" * 50,
    "'; DROP TABLE sets_imageset; --", "' OR 1=1 --", "1; SELECT pg_sleep(9)", "\\'; --", "`id`", "$(id)", "; id", "| id",
    "&& id", "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\con", "con", "nul.txt", "file:///etc/passwd",
    "http://169.254.169.254/", "\r\nSet-Cookie: a=b", "\nX-Header: 1", "\x00", "a\x00b", "\x1b[31m", "\x07", "\x7f",
    "\u202egnp.exe", "\u200b", "\ufeff", "\u2028", "\ufffe", "\U0001f590", "\U0010ffff", "e\u0301" * 100, "\u0645" * 200,
    "Z\u0351" * 500, "a" * 121, "a" * 5000, "a" * 100_000, " ", "\t", ".", "..", "-", "--help", "-rf", "*", "?", "%", "%2e%2e%2f",
    "%00", "%0d%0a", "&lt;", "&#x3c;", "<!--", "]]>", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    "=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "null", "undefined", "NaN", "true", "[object Object]", "constructor", "__proto__",
    "\"", "'", "\\", "\\\\", "/", "//", "//evil.example", "\\\\evil\\share", ";", ",", "a,b,,c", ",,,,", "\u0130", "\u00df", "\u0131",
]  # fmt: skip
NOT_IDS = [
    "0", "-1", "1.5", "1e3", "99999999999999999999", "9" * 300, "x", "null", "undefined", "%00", "%0a", "..", "%2e%2e",
    "..%2f..%2fetc%2fpasswd", "%252e%252e", "01890000-0000-7000-8000-000000000000", "01890000000070008000000000000000",
    "{01890000-0000-7000-8000-000000000000}", "01890000-0000-7000-8000-00000000000g", "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "'", "%27%20OR%201=1", "%3Cscript%3E", "%E2%80%AE", "%FF%FE", "%F0%9F%96%90", "~", "*", "a" * 500, "%C0%AE%C0%AE",
]  # fmt: skip
PATHS = [
    "/..", "/../", "/%2e%2e/%2e%2e/etc/passwd", "/static/../palmsite/settings.py", "/static/%2e%2e/manage.py",
    "/static/..%2f..%2fmanage.py", "/media/", "/media/sets", "//", "///", "//evil.example/", "/\\evil", "/%00", "/%ff",
    "/%E0%80%AF", "/.git/config", "/.env", "/manage.py", "/var/palmsite.sqlite3", "/api", "/api/", "/api/v1", "/api/v1/",
    "/api/v2/sets", "/api/v1/sets/", "/api/v1//sets", "/API/V1/sets", "/api/v1/sets;a=b", "/api/v1/sets%2f", "/api/v1/%73ets/x",
    "/sets", "/sets/", "/sets//", "/images", "/images/", "/shared/", "/shared/..", "/shared/" + "a" * 43, "/shared/" + "a" * 2000,
    "/shared/%00/download", "/shared/../x", "/models/..%2f/grid.png", "/models/x/grid.png", "/models/palm-64/samples/99999999999.png",
    "/lab/data/..", "/lab/data/%2e%2e", "/lab/data/a%2fb", "/lab/models/%00", "/jobs/", "/jobs/x", "/" + "a" * 4000, "/" + "a/" * 900,
    "/%7B%7B7*7%7D%7D", "/<script>", "/new?count=" + "9" * 3000, "/history?cursor=%00", "/wp-login.php", "/cgi-bin/../../etc",
]  # fmt: skip
QUERIES = [
    "cursor=x", "cursor=%00", "cursor=" + "A" * 3000, "cursor=cD0tMQ==", "cursor=eyJhIjoxfQ", "cursor=cD0lMDA=", "cursor=-1",
    "page_size=0", "page_size=-1", "page_size=1e9", "page_size=x", "sort=__class__", "sort=-password", "sort=owner__password",
    "sort='", "ordering=password", "state=x", "state='--", "min=x", "min=nan", "min=-1", "min=inf", "min=2", "min=1&max=0", "max=1e400",
    "min=0.5&min=x", "starred=x", "best=0", "best=-1", "best=9999999999999999999", "numbers=x", "numbers=1-", "numbers=5-1", "numbers=-1",
    "numbers=" + ",".join("1" * 5000), "numbers=0-999999999999", "numbers=%00", "tag=%00", "q=%00", "q=" + "a" * 5000, "q=%25_%25",
    "model=%00", "model=__all__", "format=exe", "format=../zip", "format=%00", "format=webdataset&shard=-1",
    "format=webdataset&shard=99999999", "format=webdataset&per_shard=0", "format=webdataset&per_shard=1e9", "val=2", "val=-1", "val=nan",
    "val=0.0000000001", "after=x", "after=-1", "after=" + "9" * 40, "next=//evil.example", "next=javascript:alert(1)", "a[]=1", "a" * 3000,
    "shared=%00", "created_after=x", "created_after=0000-00-00", "kid_max=x", "from=x&to=y",
]  # fmt: skip
HEADERS = [
    ("Range", value) for value in (
        "bytes=-0", "bytes=-1", "bytes=0-", "bytes=5-1", "bytes=a-b", "bytes=0-0,1-1", "bytes=" + ",".join(["0-0"] * 1000),
        "bytes=99999999999999999999-", "bytes=--1", "items=0-1", "bytes", "", "bytes=0-99999999999999999999999", "bytes=\u0661-",
    )
] + [
    (name, value)
    for name in ("If-None-Match", "If-Match", "If-Range", "If-Modified-Since", "If-Unmodified-Since")
    for value in ("*", "x", '"', "W/", '""', "a" * 4000, "Mon, 99 Foo 0000 99:99:99 GMT", "-1")
] + [
    ("Accept", value) for value in ("", "*", "text/html", "application/xml", "a" * 3000, "*/*;q=x", "image/png, */*;q=0", ";;;", "\u0661")
] + [
    ("Accept-Language", value) for value in ("", "xx", "*", "en;q=x", "ru" * 1000, "../ru", "en\u0661", "-", "zz-ZZ-zz-ZZ-zz")
] + [
    ("Authorization", value)
    for value in ("", "Bearer", "Bearer ", "Token ", "Bearer " + "a" * 5000, "Bearer palm_x", "Basic YTpi", "Basic !!", "Digest x", "Token '--", "x")
] + [
    ("Host", value) for value in ("evil.example", "", "localhost:99999", "a" * 300, "[::1", "localhost@evil", "127.0.0.1\\@evil")
] + [
    ("Cookie", value) for value in ("sessionid=x", "sessionid=" + "a" * 3000, "sessionid='--", "csrftoken=x", ";;;", "django_language=../..")
] + [
    ("X-Forwarded-For", value) for value in ("x", "127.0.0.1", "' --", "a" * 2000)
] + [
    ("X-Request-ID", value) for value in ("x", "a" * 5000, "<script>", "../..")
] + [
    ("HX-Request", "true"), ("HX-Target", "<x>"), ("X-HTTP-Method-Override", "DELETE"), ("Content-Length", "x"),
    ("Upload-Offset", "x"), ("Upload-Offset", "-1"), ("Upload-Offset", "9" * 5000), ("Idempotency-Key", "a" * 5000), ("Idempotency-Key", "\u0661"), ("Origin", "null"),
    ("Referer", "javascript:alert(1)"), ("User-Agent", "a" * 8000), ("User-Agent", "() { :; }; id"),
]  # fmt: skip
BODIES = [
    b"", b"{", b"[", b"null", b"1", b'"x"', b"[]", b"[[]]", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{}{}", b"NaN", b"Infinity",
    b'{"count": NaN}', b'{"count": Infinity}', b'{"count": 1e999}', b'{"count": 1, "count": "x"}', b'{"count": ' + b"9" * 5000 + b"}",
    b'{"\\u0000": 1}', b'{"name": "\\ud800"}', b'{"name": "\\u0000"}', b'{"tags": "x"}', b'{"tags": {}}', b'{"tags": [[]]}',
    b'{"tags": [null]}', b'{"tags": ["\\ud800"]}', b'{"tags": ' + json.dumps(["t"] * 5000).encode() + b"}", b'{"model": {}}',
    b'{"model": []}', b'{"model": null}', b'{"model": "' + b"a" * 9000 + b'"}', b"[" * 2000, b'{"a":' * 900 + b"1" + b"}" * 900,
    b"a=1&b=2", b"<xml/>", b"--x\r\n\r\n", b'{"keep": "maybe"}', b'{"numbers": "0-99999999999"}', b'{"numbers": {}}', b'{"user": {}}',
    b'{"user": "\\u0000"}', b'{"days": 1e9}', b'{"days": -1}', b'{"scorer": []}', b'{"__proto__": {"a": 1}}',
]  # fmt: skip
