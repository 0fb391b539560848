"""The site in its own web server, in a thread of the test."""

import threading

import waitress.wasyncore
from django.core.wsgi import get_wsgi_application

from palmsite import serving


class WebServer:
    """waitress before Django as `manage.py web` sets it up, at a port of its own."""

    def __init__(self, *, proxies=0, threads=2, **more):
        self.server = serving.create_server(
            get_wsgi_application(),
            listen="127.0.0.1:0",
            threads=threads,
            **serving.proxies(proxies),
            **more,
        )
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    @property
    def port(self):
        return self.server.effective_port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        if self.thread.is_alive():
            # In the loop's own thread, for nobody else may touch its sockets; without any the loop ends.
            self.server.trigger.pull_trigger(self._close)
            self.thread.join(20)
            assert not self.thread.is_alive()
            self.server.task_dispatcher.shutdown()

    def _close(self):
        waitress.wasyncore.close_all(self.server._map, ignore_all=True)
