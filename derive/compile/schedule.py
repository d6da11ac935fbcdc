"""In which order nodes and loops are written."""

from collections.abc import Sequence

from derive.compile.loop import Loop, inside, reached
from derive.compile.node import Graph, Node


class Schedule:
    """Nodes outside of loops, and loops, each after what it needs.

    `steps` has the nodes that each loop computes in its steps, `kept` those of them that are needed
    for all steps at once, `readers` the nodes outside of a loop that need one of its tables.
    """

    def __init__(self, graph: Graph, outputs: Sequence[Node]) -> None:
        everything, loops = reached(graph, outputs)
        self.steps = {loop.number: inside(loop) for loop in loops}
        self._home = {node: loop for loop in loops for node in self.steps[loop.number]}
        self._home |= {node: loop for loop in loops for node in loop.states}
        self.nodes = [node for node in everything if node not in self._home]
        self.readers: dict[Node, list[Node]] = {n: [] for loop in loops for n in loop.states}
        for node in everything:
            for n, _ in node.args:
                if n in self.readers and self._home.get(node) is not self._home[n]:
                    self.readers[n].append(node)
        for out in outputs:
            if out in self.readers:
                self.readers[out].append(out)
        self.kept: dict[int, dict[Node, None]] = {number: {} for number in self.steps}
        wanted: list[tuple[Node, Loop | None]] = [(out, None) for out in outputs]
        wanted += [(n, self._home.get(node)) for node in everything for n, _ in node.args]
        wanted += [(write.value.node, loop) for loop in loops for write in loop.writes]
        for node, user in wanted:
            home = self._home.get(node)
            if home is not None and home is not user and node not in home.states:
                self.kept[home.number][node] = None
        self.used = [n for loop in loops for n in self._before(loop)]
        self.items: list[Node | Loop] = []
        self._seen: set[int] = set()
        for out in outputs:
            self._need(out)

    def _need(self, node: Node) -> None:
        waiting: list[tuple[Node | Loop, bool]] = [(node, False)]
        while waiting:
            current, done = waiting.pop()
            if isinstance(current, Node):
                current = self._home.get(current, current)
            if done:
                self.items.append(current)
            elif id(current) not in self._seen:
                self._seen.add(id(current))
                waiting.append((current, True))
                waiting += [(n, False) for n in self._before(current)]

    def _before(self, item: Node | Loop) -> list[Node]:
        """What has to be there."""
        if isinstance(item, Node):
            return [n for n, _ in item.args]
        own = {*self.steps[item.number], *item.states}
        values = [write.value.node for write in item.writes]
        inner = [n for node in self.steps[item.number] for n, _ in node.args]
        found = dict.fromkeys(n for n in (*values, *inner) if n not in own)
        return sorted(found, key=lambda n: -n.serial)
