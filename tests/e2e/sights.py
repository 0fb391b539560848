"""The pages that are looked at, by the browser tests and by screenshots.py."""

SIGNED_OUT = {
    "landing": "/",
    "login": "/account/login/",
    "signup": "/account/signup/",
    "reset": "/account/password/reset/",
    "not-found": "/no/such/page",
}
SIGNED_IN = {
    "jobs": "/jobs/",
    "account": "/account/",
    "tokens": "/account/tokens",
    "password": "/account/password/change/",
    "second-factor": "/account/2fa/",
    "compare": "/compare",
    "references": "/references",
}
