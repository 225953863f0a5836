# okrgraph as a service: docker compose up, or docker build --tag okrgraph .

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
WORKDIR /build
COPY requirements/ requirements/
# The environment first: it changes less often than the code.
RUN python -m venv /opt/okrgraph \
    && /opt/okrgraph/bin/python -m pip install --require-hashes -r requirements/runtime.txt \
    && python -m pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY okrgraph/ okrgraph/
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/okrgraph/bin/python -m pip install --no-deps dist/*.whl

FROM python:3.13-slim
# A number of its own, so that a mounted directory can be given to it.
RUN useradd --system --uid 10001 --home-dir /var/lib/okrgraph --create-home okrgraph
COPY --from=build /opt/okrgraph /opt/okrgraph
ENV PATH=/opt/okrgraph/bin:$PATH PYTHONUNBUFFERED=1
USER okrgraph
WORKDIR /var/lib/okrgraph
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["okrgraph", "serve", "--host", "0.0.0.0", "--port", "8000"]
