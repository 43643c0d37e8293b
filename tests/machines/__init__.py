"""What needs several processes: `nox -s machines` installs MPI and PyTorch, and runs it."""
