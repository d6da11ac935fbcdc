"""Small functions that a generated module holds where it needs them."""

NUMPY_HELPERS = {
    "others": '''
def _others(x, axis):
    """For each entry, the product of the others along an axis."""
    x = np.moveaxis(x, axis, -1)
    ones = np.ones_like(x[..., :1])
    left = np.cumprod(np.concatenate([ones, x[..., :-1]], axis=-1), axis=-1)
    right = np.cumprod(np.concatenate([ones, x[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return np.moveaxis(left * right, -1, axis)
''',
    "largest": '''
def _largest(x):
    """The largest entry of each row: argmax is quicker along rows than max."""
    return x[np.arange(len(x)), x.argmax(axis=1)]
''',
    "dots": '''
def _dots(a, b):
    """The dot product of each row of one array with that of another."""
    return (a[..., None, :] @ b[..., None])[..., 0, 0]
''',
    "logistic": '''
def _logistic(x):
    """1 / (1 + exp(x)), without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x > 0, small, 1) / (1 + small)
''',
    "erf": '''
def _erf(x):
    """The error function."""
    return np.vectorize(math.erf, otypes=[np.result_type(x, np.float32)])(x)
''',
    "lgamma": '''
def _lgamma(x):
    """The logarithm of the gamma function."""
    return np.vectorize(math.lgamma, otypes=[np.result_type(x, np.float32)])(x)
''',
    "digamma": '''
def _digamma(x):
    """The derivative of log gamma, for x > 0: recurrence up to 10, then its asymptotic series."""
    x, total = np.array(x), 0.0
    for _ in range(10):
        total, x = total - np.where(x < 10, 1 / x, 0), np.where(x < 10, x + 1, x)
    square = 1 / (x * x)
    series = 1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132)))
    return total + np.log(x) - 1 / (2 * x) - square * series
''',
    "entries": '''
def _entries(table, index, padded):
    """Entries of a table; outside it, zero if padded, else an error."""
    inside = True
    for place, size in zip(index, table.shape):
        inside = inside & (np.asarray(place) >= 0) & (np.asarray(place) < size)
    if not padded and not np.all(inside):
        raise IndexError("an index is outside its range")
    found = table[tuple(np.clip(place, 0, size - 1) for place, size in zip(index, table.shape))]
    return np.where(inside, found, 0).astype(table.dtype) if padded else found
''',
    "put": '''
def _put(table, index, values, padded):
    """Adds values at places of a table; those outside it are dropped."""
    index = np.broadcast_arrays(*index, values)
    inside = np.all([(i >= 0) & (i < n) for i, n in zip(index, table.shape)], axis=0)
    np.add.at(table, tuple(i[inside] for i in index[:-1]), index[-1][inside])
    return table
''',
}

TORCH_HELPERS = {
    "others": '''
def _others(x, axis):
    """For each entry, the product of the others along an axis."""
    x = x.movedim(axis, -1)
    ones = torch.ones_like(x[..., :1])
    left = torch.cat([ones, x[..., :-1]], -1).cumprod(-1)
    right = torch.cat([ones, x.flip(-1)[..., :-1]], -1).cumprod(-1).flip(-1)
    return (left * right).movedim(-1, axis)
''',
    "dots": '''
def _dots(a, b):
    """The dot product of each row of one array with that of another."""
    return (a * b).sum(-1)
''',
    "logistic": '''
def _logistic(x):
    """1 / (1 + exp(x)), without overflow."""
    return torch.sigmoid(-x)
''',
    "erf": "\n\ndef _erf(x):\n    return torch.erf(x)\n",
    "lgamma": "\n\ndef _lgamma(x):\n    return torch.lgamma(x)\n",
    "digamma": "\n\ndef _digamma(x):\n    return torch.digamma(x)\n",
    "set_at": '''
def _set_at(table, index, value):
    """A table with other values at some places."""
    table = table.clone()
    table[index] = value
    return table
''',
    "add_at": '''
def _add_at(table, index, value):
    """A table with something added at some places."""
    table = table.clone()
    table[index] += value
    return table
''',
    "entries": '''
def _entries(table, index, padded):
    """Entries of a table; outside it, zero if padded."""
    index = torch.broadcast_tensors(*(torch.as_tensor(place) for place in index))
    inside = torch.ones(index[0].shape, dtype=torch.bool)
    for place, size in zip(index, table.shape):
        inside = inside & (place >= 0) & (place < size)
    if not padded and not inside.all():
        raise IndexError("an index is outside its range")
    found = table[tuple(place.clamp(0, size - 1) for place, size in zip(index, table.shape))]
    return torch.where(inside, found, torch.zeros((), dtype=table.dtype)) if padded else found
''',
    "put": '''
def _put(table, index, values, padded):
    """Adds values at places of a table; those outside it are dropped."""
    *index, values = torch.broadcast_tensors(*map(torch.as_tensor, index), values)
    inside = torch.ones(values.shape, dtype=torch.bool)
    for place, size in zip(index, table.shape):
        inside = inside & (place >= 0) & (place < size)
    places = tuple(place[inside] for place in index)
    return table.index_put(places, values[inside], accumulate=True)
''',
}

JAX_HELPERS = {
    "others": '''
def _others(x, axis):
    """For each entry, the product of the others along an axis."""
    x = jnp.moveaxis(x, axis, -1)
    ones = jnp.ones_like(x[..., :1])
    left = jnp.cumprod(jnp.concatenate([ones, x[..., :-1]], axis=-1), axis=-1)
    right = jnp.cumprod(jnp.concatenate([ones, x[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return jnp.moveaxis(left * right, -1, axis)
''',
    "dots": '''
def _dots(a, b):
    """The dot product of each row of one array with that of another."""
    return (a * b).sum(-1)
''',
    "logistic": '''
def _logistic(x):
    """1 / (1 + exp(x)), without overflow."""
    return jax.nn.sigmoid(-x)
''',
    "erf": "\n\ndef _erf(x):\n    return jax.scipy.special.erf(x)\n",
    "lgamma": "\n\ndef _lgamma(x):\n    return jax.scipy.special.gammaln(x)\n",
    "digamma": "\n\ndef _digamma(x):\n    return jax.scipy.special.digamma(x)\n",
    "set_at": '''
def _set_at(table, index, value):
    """A table with other values at some places."""
    return table.at[index].set(value)
''',
    "add_at": '''
def _add_at(table, index, value):
    """A table with something added at some places."""
    return table.at[index].add(value)
''',
    "entries": '''
def _entries(table, index, padded):
    """Entries of a table; outside it, zero if padded."""
    inside = True
    for place, size in zip(index, table.shape):
        inside = inside & (place >= 0) & (place < size)
    found = table[tuple(jnp.clip(place, 0, size - 1) for place, size in zip(index, table.shape))]
    return jnp.where(inside, found, 0) if padded else found
''',
    "put": '''
def _put(table, index, values, padded):
    """Adds values at places of a table; those outside it are dropped."""
    index = tuple(jnp.where(jnp.asarray(i) < 0, n, i) for i, n in zip(index, table.shape))
    return table.at[index].add(values, mode="drop")
''',
}

HELPERS = {"numpy": NUMPY_HELPERS, "torch": TORCH_HELPERS, "jax": JAX_HELPERS}
