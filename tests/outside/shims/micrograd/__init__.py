"""Stands in for micrograd, so that its tests test this engine."""
