# To renew a digest, which covers all platforms: docker buildx imagetools inspect python:3.13-slim-trixie
FROM python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285 AS base

FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv /opt/gitops-bot
# A layer of its own: a code change does not reinstall the dependencies.
COPY requirements/run.txt requirements/
RUN /opt/gitops-bot/bin/pip install --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
# setuptools and pip are only needed to install, the others only for the demo. (aiohttp is needed by kubernetes.)
RUN /opt/gitops-bot/bin/pip install --no-deps --no-build-isolation . \
 && /opt/gitops-bot/bin/pip uninstall --yes jsonpatch jsonpointer markdown-it-py mdurl unidiff setuptools pip

FROM registry.k8s.io/kustomize/kustomize:v5.8.1@sha256:899fcd3bc898160e62bcaf82932b0cb29ba38d16272353db2e7acbba82129429 AS kustomize

FROM alpine/helm:4.3.0@sha256:a6cf54599ccb99d90cf0712b30f03fdb3cab062e6b94e0418cc4db7e8a1464b2 AS helm

FROM base
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --home-dir /var/lib/gitops-bot --create-home --shell /usr/sbin/nologin gitops-bot
COPY --from=kustomize --chmod=0755 /app/kustomize /usr/local/bin/kustomize
COPY --from=helm --chmod=0755 /usr/bin/helm /usr/local/bin/helm
COPY --from=build /opt/gitops-bot /opt/gitops-bot
# The root file system can be read-only: the bot writes only to its home (state, mirrors) and TMPDIR.
ENV PATH=/opt/gitops-bot/bin:$PATH HOME=/var/lib/gitops-bot TMPDIR=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /var/lib/gitops-bot
# A number: runAsNonRoot cannot check a name.
USER 10001:10001
VOLUME /var/lib/gitops-bot
EXPOSE 3000 8081
# Orchestrators probe /healthz and /readyz on port 8081.
HEALTHCHECK NONE
ENTRYPOINT ["gitops-bot"]
CMD ["run", "--config", "/etc/gitops-bot/config.yaml"]
