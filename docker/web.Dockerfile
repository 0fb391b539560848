# The web process: no torch inside, so it starts fast and holds little that could be broken into.
FROM python:3.12-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /palmsite
COPY requirements-web.txt ./
RUN pip install -r requirements-web.txt
# 101 is also who nginx works as in its own image: it has to read the private files that we write.
RUN groupadd --system --gid 101 palmsite && useradd --system --create-home --uid 101 --gid 101 palmsite \
    && install -d -o palmsite -g palmsite /data /media
COPY manage.py pyproject.toml ./
COPY palmsite palmsite
COPY accounts accounts
COPY generation generation
COPY mlcore mlcore
COPY templates templates
COPY static static
# Compiled here: the site's own folder cannot be written by who runs it. Settings want a data folder meanwhile.
RUN PALMSITE_DATA=/tmp/build python manage.py translations compile && rm -rf /tmp/build
USER palmsite
EXPOSE 8000
CMD ["python", "manage.py", "web"]
