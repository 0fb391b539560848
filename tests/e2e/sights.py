"""The pages that are looked at, by the browser tests and by screenshots.py."""

SIGNED_OUT = {
    "landing": "/",
    "login": "/account/login/",
    "signup": "/account/signup/",
    "reset": "/account/password/reset/",
    "reset-sent": "/account/password/reset/done/",
    "confirm-email": "/account/confirm-email/",
    "deleted": "/account/deleted",
    "not-found": "/no/such/page",
}
SIGNED_IN = {
    # First: the password that was given again holds for five minutes.
    "second-factor-on": "/account/2fa/totp/activate/",
    "new": "/new",
    "history": "/history",
    "trash": "/trash",
    "made-here": "/made-here",
    "models": "/models",
    "compare": "/compare",
    "references": "/references",
    "reference-new": "/references/new",
    "lab": "/lab/",
    "lab-compose": "/lab/compose",
    "lab-fit": "/lab/fit",
    "lab-models": "/lab/models",
    "lab-predict": "/lab/predict",
    "jobs": "/jobs/",
    "account": "/account/",
    "tokens": "/account/tokens",
    "data": "/account/data",
    "applicants": "/account/applicants",
    "email": "/account/email/",
    "password": "/account/password/change/",
    "second-factor": "/account/2fa/",
}
# Where few people come: looked at in one width and language.
SELDOM_SEEN = {
    "webhooks": "/webhooks",
    "model-new": "/models/add",
    "waiting": "/account/waiting",
    "inactive": "/account/inactive/",
    "log-out": "/account/logout/",
    "admin": "/admin/",
    "admin-people": "/admin/accounts/user/",
    "admin-group": "/admin/auth/group/add/",
    "admin-jobs": "/admin/jobs/job/",
    "admin-log": "/admin/accounts/auditevent/",
}
ERRORS = (400, 403, 405, 413, 429, 500, 503)
