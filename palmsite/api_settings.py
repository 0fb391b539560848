"""What the packages of the API are told; a part of the settings that no environment changes."""

from typing import Any

# How many requests in how many seconds: for a person, and for an address where nobody is signed in.
PALMSITE_API_RATES = {"person": (600, 60), "address": (60, 60)}
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "palmsite.parsing.Json",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "palmsite.paging.Pages",
    "DEFAULT_THROTTLE_CLASSES": ["palmsite.pace.PaceThrottle"],
    "EXCEPTION_HANDLER": "palmsite.api.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "palmsite",
    "DESCRIPTION": "Order synthetic palm images, judge them and download them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Links would stand inside the buttons that open an operation, where no reader of the screen finds them.
    "SWAGGER_UI_SETTINGS": {"deepLinking": False, "syntaxHighlight": {"theme": "tomorrow-night"}},
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "palmsite.schema.describe_problems",
        "palmsite.schema.describe_headers",
    ],
    "ENUM_NAME_OVERRIDES": {
        "JobState": "generation.jobs.models.Job.State",
        "UploadState": "generation.uploads.models.Upload.State",
        "ModelState": "generation.sets.models.Checkpoint.State",
        "OrderState": "generation.sets.models.Order.State",
        "MeasuredState": "generation.evaluation.models.Measured.State",
        "MadeState": "generation.sets.models.Export.State",
        "LabState": ["waiting", "ready", "failed"],
    },
}
