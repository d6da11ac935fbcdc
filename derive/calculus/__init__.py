"""Index expressions at symbolic dimensions: their normal form, and their derivatives.

How to read it: `place` and `term` say what a term is; `canonical` names bound indices; `products`,
`knowledge` and `algebra` multiply and sum, by the rules of `contraction` and `pivot`; `powers`,
`functions` and `binders` put each kind of atom into normal form; `lower` brings the model's index
notation in and `raising` out again; `partials` differentiates, `engine` by adjoints over names.
The rest writes answers as people do.

Design. A normal form instead of a search: two equal expressions mostly become one object, in
milliseconds, for all n. It need not be complete; each rule must be an identity wherever the
statement is defined. Atoms are made once, so that comparing large terms is quick. Constructors are
a table by kind, since products, powers and functions need one another.
"""
