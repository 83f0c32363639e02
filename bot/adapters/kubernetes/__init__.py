"""The Kubernetes API, read only: discovery, OpenAPI documents and lists."""
