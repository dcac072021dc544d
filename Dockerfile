# One image for every part: `tapecast up` unless told otherwise, `tapecast api` or `tapecast ingest` as the command.
#   docker build -t tapecast . && docker run --rm -p 8000:8000 tapecast
ARG PYTHON=python:3.13-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/tapecast
WORKDIR /build
# The dependencies are a layer of their own, made anew only when pyproject.toml changes: they are nearly all of the
# image, and a change of code should not download them again.
COPY pyproject.toml ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
print(*project['dependencies'], *project['optional-dependencies']['embedded'], sep='\n')" > requirements.txt \
    && /opt/tapecast/bin/pip install -r requirements.txt
COPY README.md LICENSE hatch_build.py ./
COPY scripts/build_dashboard.py scripts/
COPY dashboard dashboard
COPY clients/js/package.json clients/js/
COPY clients/js/src clients/js/src
COPY src src
# The dashboard is built in here, with Node from a wheel that this stage keeps to itself.
RUN pip wheel --no-deps --wheel-dir dist . \
    && /opt/tapecast/bin/pip install --no-deps dist/*.whl \
    && /opt/tapecast/bin/pip check

FROM ${PYTHON}
# Neither root nor an owner of the code it runs.
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin tapecast
COPY --from=build /opt/tapecast /opt/tapecast
# `tapecast up` listens on loopback by default, which nobody outside of a container can reach.
ENV PATH=/opt/tapecast/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0
# By number: Kubernetes' runAsNonRoot cannot tell who a name is.
USER 10001
WORKDIR /app
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 CMD ["tapecast", "check"]
# A command, not an entry point: Render's dockerCommand and `docker run tapecast tapecast api` then say the same
# whole command line, whatever the platform does with an entry point. Exec form: SIGTERM reaches tapecast itself.
CMD ["tapecast", "up"]
