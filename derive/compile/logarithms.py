"""Logarithms of sums of exponentials, from the exponents."""

from fractions import Fraction
from typing import TYPE_CHECKING

from derive.compile.node import Use, arguments
from derive.compile.terms import ONE, argument, factors, is_call, is_indicator, make_product, terms

if TYPE_CHECKING:
    from derive.compile.algebra import Algebra


def log_of_sum(algebra: "Algebra", use: Use, signed: bool) -> Use | None:
    """The logarithm, where the use is a sum of exponentials.

    Only where `signed` may there be weights that could be negative: a logarithm was asked for.
    """
    match use.node.kind:
        case "call" if is_call(use, "exp"):
            return argument(use)
        case "contract":
            return _log_of_contraction(algebra, use, signed)
        case "mono":
            logs = [(log_of_sum(algebra, u, signed), e) for u, e in factors(use).items()]
            if all(log is not None for log, _ in logs):
                return algebra.add((log, e) for log, e in logs if log is not None)
        case "lin" if use.node.args:
            return _log_of_terms(algebra, use, signed)
    return None


def _log_of_contraction(algebra: "Algebra", use: Use, signed: bool) -> Use | None:
    inside, inner = arguments(use)
    found: dict[Use, Fraction] = {}
    for part in inside:
        for u, e in factors(part).items():
            found[u] = found.get(u, Fraction(0)) + e
    exps = [u for u in found if is_call(u, "exp")]
    if not exps or not set(inner) <= {label for u in exps for label in u.labels}:
        return None
    exponent = algebra.add((argument(u), found[u]) for u in exps)
    rest = {u: e for u, e in found.items() if u not in exps}
    masks = [u for u in rest if is_indicator(u)]
    if masks:
        mask = make_product(algebra.graph, dict.fromkeys(masks, ONE))
        exponent = algebra.where(mask, exponent)
    weights = {u: e for u, e in rest.items() if u not in masks}
    if not signed and not all(_is_nonnegative(algebra, u) for u in weights):
        return None
    args = [exponent]
    if weights:
        args.append(make_product(algebra.graph, weights))
    return algebra.graph.make("lse", (), args, use.labels, inner)


def _is_nonnegative(algebra: "Algebra", use: Use) -> bool:
    if use.node.kind == "name":
        return algebra.nonnegative(str(use.node.head[0]))
    return is_indicator(use) or is_call(use, "exp", "abs", "softplus")


def _log_of_terms(algebra: "Algebra", use: Use, signed: bool) -> Use | None:
    logs: list[Use] = []
    for term, c in terms(use).items():
        if c < 0:
            return None
        inner = algebra.number(0)
        if term:
            body = make_product(algebra.graph, dict(term))
            found = log_of_sum(algebra, body, signed)
            if found is None:
                return None
            inner = found
        log = algebra.graph.make("call", ("log",), [algebra.number(c)], ()) if c != 1 else None
        logs.append(algebra.plus(inner, log) if log is not None else inner)
    if len(logs) == 1:
        return logs[0]
    logs.sort(key=lambda u: (u.node.kind != "lin" or bool(u.node.args), u.node.serial))
    total, *others = logs
    for other in others:
        total = algebra.plus(total, algebra.apply("softplus", algebra.minus(other, total)))
    return total
