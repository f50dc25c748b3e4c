# Two stages: the first installs the pinned dependencies, the second is what runs.
FROM python:3.11-slim AS build
COPY requirements.lock .
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --home-dir /home/haggle haggle \
 && install -d -o haggle -g haggle -m 700 /data
COPY --from=build /venv /venv
WORKDIR /app
COPY bot bot
COPY core core
COPY integrations integrations
COPY storage storage
COPY README.md ./
RUN /venv/bin/python -m compileall -q bot core integrations storage \
 && printf '#!/bin/sh\nexec /venv/bin/python -m bot "$@"\n' > /usr/local/bin/haggle && chmod +x /usr/local/bin/haggle

ENV PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    HAGGLE_DATA=/data \
    HAGGLE_HOST=0.0.0.0 \
    HAGGLE_PORT=8080
USER haggle
WORKDIR /home/haggle
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('HAGGLE_PORT', '8080')}/healthz\", timeout=2)"]
ENTRYPOINT ["haggle"]
CMD ["serve"]
