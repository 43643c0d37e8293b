# %%
# .. claim:: C3
#    :verdict: false as stated
#    :corrected: The step goes *against* the gradient: that way the loss falls, if it is short.
#    :sources: robbins1951, bottou2018
#    :refuted-by: uphill, doubled-derivative
#
#    The step goes along the gradient.
#
#    >>> from sgdexplained import SGD, Scalar, half_squared_error
#    >>> w = Scalar(4)
#    >>> half_squared_error(w, 2).backward()
#    >>> w.grad
#    2.0
#    >>> SGD([w], lr=0.5).step()
#    >>> w.data
#    3.0
