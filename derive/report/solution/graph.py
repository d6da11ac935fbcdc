"""The computation graph as SVG: values flow down, adjoints up; shapes when one points at a node."""

from dataclasses import dataclass
from html import escape

from derive.model.scalar import Axis
from derive.report.blocks import Figure
from derive.report.formula_text import text_of
from derive.report.solution.chain import Chain
from derive.report.solution.notation import ROLES, Notation

WIDE, HIGH, GAP, STEP, MARGIN = 64, 30, 14, 68, 10
MOST = 40


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a node stands."""

    x: int
    y: int


def graph(chain: Chain, notation: Notation, wanted: tuple[str, ...]) -> Figure | None:
    """The graph of one loss; None where it is too large to be seen."""
    names = [*chain.uses, chain.loss]
    if len(names) > MOST:
        return None
    levels = depths(chain, names)
    rows: dict[int, list[str]] = {}
    for name in names:
        rows.setdefault(levels[name], []).append(name)
    broad = max(map(len, rows.values()))
    width = 2 * MARGIN + broad * (WIDE + GAP) - GAP
    spots: dict[str, Spot] = {}
    for level, row in rows.items():
        start = (width - len(row) * (WIDE + GAP) + GAP) // 2
        for k, name in enumerate(row):
            spots[name] = Spot(start + k * (WIDE + GAP), MARGIN + level * STEP)
    height = 2 * MARGIN + max(rows) * STEP + HIGH
    moving = {*chain.between(wanted), *wanted, chain.loss}
    edges = "".join(
        edge(spots[name], spots[user], {name, user} <= moving)
        for name, users in chain.uses.items()
        for user in users
        if user != name
    )
    nodes = "".join(node(chain, notation, name, spots[name]) for name in names)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">{ARROWS}{edges}{nodes}</svg>'
    )
    return Figure(svg, "The computation graph: values flow down, adjoints (dashed) flow up.")


ARROWS = (
    '<defs><marker id="down" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" class="tip"/></marker>'
    '<marker id="up" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8z" class="back"/></marker></defs>'
)


def depths(chain: Chain, names: list[str]) -> dict[str, int]:
    """How far below what it is made of each name stands; loops go once around."""
    found = dict.fromkeys(names, 0)
    order = [n for n in chain.model.definitions if n in found]
    makers = {n: [m for m, users in chain.uses.items() if n in users and m != n] for n in order}
    for name in order:
        above = [
            found[m] for m in makers[name] if m not in order or order.index(m) < order.index(name)
        ]
        found[name] = 1 + max(above, default=0)
    first = {n: [found[u] for u in chain.uses.get(n, ())] for n in names if n not in order}
    for name, users in first.items():
        found[name] = max(0, min(users, default=1) - 1)
    return found


def edge(start: Spot, end: Spot, moving: bool) -> str:
    """A line from a value to what uses it, and the adjoint's way back."""
    x1, y1 = start.x + WIDE // 2, start.y + HIGH
    x2, y2 = end.x + WIDE // 2, end.y
    made = f'<path class="forward" d="M{x1} {y1}L{x2} {y2}" marker-end="url(#down)"/>'
    if moving:
        made += (
            f'<path class="backward" stroke-dasharray="4 3" d="M{x2 + 8} {y2}L{x1 + 8} {y1}" '
            'marker-end="url(#up)"/>'
        )
    return made


def node(chain: Chain, notation: Notation, name: str, spot: Spot) -> str:
    """A box with a name; its shape when one points at it."""
    label = escape(text_of(notation.typesetter.name(name)))
    symbol = chain.model.symbols.get(name)
    role = ROLES.get(symbol.role, "") if symbol is not None else "defined"
    about = f"{label}: {role}, {shape(chain.axes(name))}"
    kind = "box input" if symbol is not None else "box"
    return (
        f'<g><title>{about}</title><rect class="{kind}" x="{spot.x}" y="{spot.y}" rx="6" '
        f'width="{WIDE}" height="{HIGH}"/><text x="{spot.x + WIDE // 2}" y="{spot.y + 20}" '
        f'text-anchor="middle">{label}</text></g>'
    )


def shape(axes: tuple[Axis, ...]) -> str:
    """The shape in words."""
    return escape(f"[{', '.join(str(a.size) for a in axes)}]") if axes else "a number"
