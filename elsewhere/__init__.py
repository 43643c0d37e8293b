"""What other libraries do in one step: the same small programs, run in each of them.

``nox -s elsewhere`` runs them, each library in an environment of its own, and writes the answers to
``docs/reference/elsewhere/``, from which the pages of that folder are made.
"""
