"""The same computations in this engine, in PyTorch and in JAX: ``nox -s parity``.

Everything is in float64 and agrees to 1e-12 of the largest number in the array. Where an engine is
not installed its tests are skipped, and pytest's summary says so.
"""
