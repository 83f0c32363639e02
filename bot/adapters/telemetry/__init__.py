"""Metrics for Prometheus, and metrics and traces over OTLP."""
