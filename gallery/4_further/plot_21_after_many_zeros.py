r"""
What does Adam do after many zeros?
===================================

.. needs:: 13

Stub.
"""
