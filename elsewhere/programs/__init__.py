"""One module for each library: how its gradients are had, and the tables of programs.

What stands above the tables is shown to readers as it is: it is what each program needs.
"""
