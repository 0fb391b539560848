"""The WSGI application that waitress, or any other server, calls."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "palmsite.settings")
application = get_wsgi_application()
