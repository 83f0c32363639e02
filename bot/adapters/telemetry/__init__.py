"""Metrics for Prometheus, and metrics and traces by OTLP."""
