"""Every setting of the site, and the only place that reads the environment (the table is in the README).

A value that cannot be used ends the program with one line that says which, and what would do.
"""

import os
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from palmsite import environment, logs
from palmsite.api_settings import *  # noqa: F403, Django looks here for all of them
from palmsite.people_settings import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent
# Stands in the recipe of every set: which palmsite made its bytes.
PALMSITE_VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text("utf-8"))["project"]["version"]
ENVIRONMENT = environment.Environment(os.environ)

# Where things are ---------------------------------------------------------------------------------

PORT = ENVIRONMENT.number("PORT", "8000", "Port of the web server.", least=1, most=65535)
PALMSITE_LISTEN = ENVIRONMENT.text(
    "PALMSITE_LISTEN", "127.0.0.1", "Address the web server listens at; 0.0.0.0 for all networks."
)
PALMSITE_DATA = ENVIRONMENT.folder(
    "PALMSITE_DATA", "var", "Folder of the database, the secret key and the caches.", base=BASE_DIR
)
MEDIA_ROOT = ENVIRONMENT.folder(
    "PALMSITE_MEDIA", "media", "Folder of everything people make and upload; private.", base=BASE_DIR
)
DATABASES = {
    "default": environment.database(
        ENVIRONMENT.text(
            "DATABASE_URL",
            "sqlite:///palmsite.sqlite3",
            "Database: sqlite:///path (from PALMSITE_DATA; four slashes: from the root) "
            "or postgres://user:password@host:5432/name.",
        ),
        base=PALMSITE_DATA,
    )
}
SECRET_KEY = environment.secret_key(PALMSITE_DATA / "secret_key")

# Who may come in ----------------------------------------------------------------------------------

DEBUG = ENVIRONMENT.flag("PALMSITE_DEBUG", "0", "Show the insides of errors. Never where others can look.")
PALMSITE_HOSTS = ENVIRONMENT.words(
    "PALMSITE_HOSTS", "localhost", "Host names the site answers to, with commas between."
)
# This machine's own names always answer: probes ask from inside.
ALLOWED_HOSTS = [*PALMSITE_HOSTS, "localhost", "127.0.0.1", "[::1]"]
PALMSITE_HTTPS = ENVIRONMENT.flag(
    "PALMSITE_HTTPS", "0", "The site is reached by HTTPS: secure cookies, HSTS, plain HTTP is redirected."
)
PALMSITE_PROXIES = ENVIRONMENT.number(
    "PALMSITE_PROXIES",
    "0",
    "Proxies of your own before the site; that many steps of X-Forwarded-For are believed.",
    least=0,
    most=9,
)
PALMSITE_SIGNUP = ENVIRONMENT.choice(
    "PALMSITE_SIGNUP",
    "approval",
    "Signing up: open, approval (an administrator lets people in) or off.",
    choices=("open", "approval", "off"),
)
PALMSITE_ADMIN_PASSWORD = ENVIRONMENT.text(
    "PALMSITE_ADMIN_PASSWORD", "", "Password of the first administrator; random and printed once when empty."
)
PALMSITE_METRICS_TOKEN = ENVIRONMENT.text(
    "PALMSITE_METRICS_TOKEN", "", "Token that opens /metrics; there is no such page when empty."
)

# How it works -------------------------------------------------------------------------------------

PALMSITE_LEASE_SECONDS = ENVIRONMENT.number(
    "PALMSITE_LEASE_SECONDS",
    "30",
    "After how many silent seconds a worker counts as lost and its job goes to another.",
    least=2,
    most=3600,
)
PALMSITE_SHORT_WORKERS = ENVIRONMENT.number(
    "PALMSITE_SHORT_WORKERS", "1", "Worker processes for short work.", least=1, most=64
)
PALMSITE_LONG_WORKERS = ENVIRONMENT.number(
    "PALMSITE_LONG_WORKERS", "1", "Worker processes for long work.", least=1, most=64
)
# The distance in any other file's features is not FID, whatever its network.
PALMSITE_INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
PALMSITE_INCEPTION = ENVIRONMENT.text(
    "PALMSITE_INCEPTION",
    "",
    "File of the standard FID's Inception weights. Without it an administrator can have them fetched by a button "
    "on the page of references; until they are there FID is not offered, the other measures are.",
)
PALMSITE_WEBHOOK_PRIVATE = ENVIRONMENT.flag(
    "PALMSITE_WEBHOOK_PRIVATE",
    "0",
    "Webhooks may lead into private networks and to any port; only where every person is trusted with yours.",
)
PALMSITE_WEB_THREADS = ENVIRONMENT.number(
    "PALMSITE_WEB_THREADS", "8", "Threads of the web server.", least=2, most=256
)
PALMSITE_ACCEL = ENVIRONMENT.text(
    "PALMSITE_ACCEL",
    "",
    "Prefix under which nginx serves private files (X-Accel-Redirect), as /private/; "
    "empty: the site streams them.",
)
PALMSITE_LOG = ENVIRONMENT.choice(
    "PALMSITE_LOG", "text", "Form of the log lines: text or json.", choices=("text", "json")
)
PALMSITE_LOG_LEVEL = ENVIRONMENT.choice(
    "PALMSITE_LOG_LEVEL",
    "INFO",
    "Least severity that is logged: DEBUG, INFO, WARNING or ERROR.",
    choices=("DEBUG", "INFO", "WARNING", "ERROR"),
)
TIME_ZONE = ENVIRONMENT.time_zone("PALMSITE_TIME_ZONE", "UTC", "Time zone of the pages, as Europe/Berlin.")

# Rooms --------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "palmsite.apps.PalmsiteConfig",
    "accounts.apps.AccountsConfig",
    "generation.jobs.apps.JobsConfig",
    "generation.uploads.apps.UploadsConfig",
    "generation.sets.apps.SetsConfig",
    "generation.evaluation.apps.EvaluationConfig",
    "generation.lab.apps.LabConfig",
    "palmsite.administration.PalmsiteAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "palmsite.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "palmsite.middleware.ApiHeadersMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "palmsite.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "palmsite.urls"
WSGI_APPLICATION = "palmsite.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "palmsite.frame.context",
            ],
        },
    }
]
FORM_RENDERER = "palmsite.form_renderer.FormRenderer"

# Words and times ----------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "palmsite" / "locale"]
LANGUAGE_COOKIE_AGE = int(timedelta(days=365).total_seconds())
FORMAT_MODULE_PATH = ["palmsite.formats"]
USE_I18N = True
USE_TZ = True

# Files --------------------------------------------------------------------------------------------

MEDIA_URL = ""  # media has no address: every byte goes through a view that asks whose it is
STATIC_URL = "/static/"
STATIC_ROOT = PALMSITE_DATA / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "palmsite.static_storage.StaticStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20

# Safety -------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "palmsite.error_pages.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = PALMSITE_HTTPS
SECURE_SSL_REDIRECT = PALMSITE_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]  # asked from inside, by plain HTTP
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if PALMSITE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PALMSITE_HTTPS
# Who asks stands behind our proxies (accounts/address.py); whether by HTTPS the web server says (serving.py).

# Caches -------------------------------------------------------------------------------------------

CACHES = {
    # Counts of attempts: one truth for all processes and machines (docs/adr/0004).
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "palmsite_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
    # Signs of life of the clusters: twice a second, so not in the database.
    "heartbeats": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": PALMSITE_DATA / "heartbeats",
    },
}

# Workers ------------------------------------------------------------------------------------------

_CLUSTER = {
    # The row of a job is the truth and a task only a nudge: none is ever kept, repeated or timed out here.
    "queue_limit": 1,
    "bulk": 1,
    "max_attempts": 1,
    "ack_failures": True,
    "timeout": int(timedelta(days=7).total_seconds()),
    "retry": int(timedelta(days=30).total_seconds()),
}
Q_CLUSTER: dict[str, Any] = {
    "name": "palmsite",
    "orm": "default",
    "cache": "heartbeats",
    "save_limit": 100,
    "scheduler": False,
    "catch_up": False,
    "log_level": PALMSITE_LOG_LEVEL,
    **_CLUSTER,
    "workers": 1,
    "ALT_CLUSTERS": {
        "short": {**_CLUSTER, "workers": PALMSITE_SHORT_WORKERS},
        "long": {**_CLUSTER, "workers": PALMSITE_LONG_WORKERS},
    },
}

# Lab ----------------------------------------------------------------------------------------------

# What one data set and one prediction may hold; shown on the page (generation/lab/limits.py).
PALMSITE_LAB: dict[str, Any] = {
    "archive_bytes": 4 * 2**30,
    "unpacked_bytes": 8 * 2**30,
    "entries": 500_000,
    "image_bytes": 200 * 2**20,
    "image_pixels": 50_000_000,
    "predict_images": 32,
    "predict_seconds": 10.0,
    "threshold": 0.60,
    "kept_days": 7,
    # torchvision's file of ResNet18 weights; without it models stand on EfficientNet-Lite0.
    "resnet18_weights": str(PALMSITE_DATA / "weights" / "resnet18.pth"),
}

# Mail ---------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.text(
    "PALMSITE_MAIL_FROM", "palmsite@localhost", "Sender of the site's mail."
)
globals().update(
    environment.mail(
        ENVIRONMENT.text(
            "PALMSITE_MAIL_URL",
            "console://",
            "Mail: console:// (printed) or smtp://user:password@host:port; smtps:// for TLS, "
            "smtp+tls:// for STARTTLS.",
        )
    )
)

# Logs ---------------------------------------------------------------------------------------------

LOGGING = logs.configuration(PALMSITE_LOG, PALMSITE_LOG_LEVEL)

# What the examples in docs/ are told: who has set it for them may start the site from the same terminal.
PALMSITE_CLIENT_VARIABLES = frozenset({"PALMSITE_URL", "PALMSITE_TOKEN", "PALMSITE_WEBHOOK_SECRET"})
ENVIRONMENT.refuse_unknown("PALMSITE_", of_others=PALMSITE_CLIENT_VARIABLES)
