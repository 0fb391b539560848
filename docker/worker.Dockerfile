# The workers, and the one-off `prepare`: everything of the web image, and torch in its CPU build.
FROM python:3.12-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /palmsite
COPY requirements-web.txt requirements.txt ./
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --index-url "$TORCH_INDEX" $(grep -oE '^torch(vision)?==[0-9.]+' requirements.txt)
# The build of OpenCV without windows in place of the other: libGL and what it brings would be 350 MB (docs/adr/0172).
RUN pip install -r requirements.txt && pip uninstall -y opencv-python \
    && pip install --no-deps $(sed -nE 's/^opencv-python(==[0-9.]+).*/opencv-python-headless\1/p' requirements.txt) \
    && python -c "import cv2"
# 101 is also who nginx works as in its own image: it has to read the private files that we write.
RUN groupadd --system --gid 101 palmsite && useradd --system --create-home --uid 101 --gid 101 palmsite \
    && install -d -o palmsite -g palmsite /data /media /still/pages
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
CMD ["python", "manage.py", "watchdog"]
