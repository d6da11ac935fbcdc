"""Models as array code: a value and its gradients in NumPy, PyTorch or JAX.

How to read it: `node` is the graph of array operations on named axes; `algebra` makes it, by few
exact rules, of which those for exponentials keep every softmax and logarithm stable; `lowering`
brings the model's index notation in, with `pieces` and `chain`; `adjoint` differentiates; `tidy`
puts the graph into the form in which it is computed, with `rebuilding` and `stable`; `emit` writes
it down, with `arithmetic`, `contraction` and `tables`, and loops with `loop`, `schedule` and
`steps`, of which `carried` and `carrying` save tables; `buffers` knows which arrays are dead;
`program` makes a function of it, `compiled` one that can be called, `export` a module.
`closed_form` and `one_line` write what the calculus found, `symbolic` writes for SymPy.

Design. The calculus finds closed forms, for all sizes, and proves; what is here decides how they
are computed. The two meet in the tests: the slopes of functions are proved by the calculus, and the
gradients of all worked models are compared with its own. Nothing here knows a layer or a loss.
"""
