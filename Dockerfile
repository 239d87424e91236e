# docker build -t usance . && docker run -p 8080:8080 -v usance:/data --stop-timeout 60 usance
#
# Runs on the embedded PostgreSQL, with its data in /data; with DATABASE_URL set, on that one.

# The console's assets, where its source is there; without them /console says how to build them.
FROM node:22-slim AS console
WORKDIR /build
COPY . .
RUN mkdir -p src/usance/console/static \
    && if [ -f console/package.json ]; then \
        cd console && npm ci --no-audit --no-fund && npm run build; \
    fi

FROM python:3.13-slim AS install
WORKDIR /build
RUN python -m venv /opt/usance
# Before the sources, so that a change of code does not install everything again.
COPY requirements.txt .
RUN /opt/usance/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml LICENSE README.md ./
COPY src src
COPY --from=console /build/src/usance/console/static src/usance/console/static
RUN /opt/usance/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
# PostgreSQL does not run as root, and a named user lets initdb find its name.
RUN useradd --uid 10001 --no-create-home --home-dir /data usance \
    && install -d -o usance -g usance -m 0700 /data
COPY --from=install /opt/usance /opt/usance
ENV PATH=/opt/usance/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    USANCE_DATA_DIR=/data \
    USANCE_HOST=0.0.0.0
USER usance
VOLUME /data
EXPOSE 8080
CMD ["usance", "serve"]
