"""How fast the engine is, beside others: ``nox -s bench``, or ``python -m bench --help``.

One file for each kind of work, and in it one function for each engine, so that the same work can
be read side by side: :mod:`bench.demo`, :mod:`bench.chain`, :mod:`bench.digits`, :mod:`bench.tiny`,
:mod:`bench.per_example` and :mod:`bench.imports`. A function sets its engine up and returns a
:class:`~bench.work.Work`.
"""
