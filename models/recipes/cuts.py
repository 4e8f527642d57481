# SPDX-License-Identifier: MIT
"""Where a backbone can be cut: the tensors that every path from the picture to the result
crosses, what the nodes before each cost, and the rule of `--cut auto`."""
import collections
import dataclasses
import difflib
import functools
import math

from backbone import BackboneError, take
from cost import Nodes
from onnx_operators import unsupported

LEAST_EDGE = 2
AUTO_EDGE = 4                       # the input's edge is at most so many times the features'
AUTO_SHARE = 0.25
N_NEAR = 5


@dataclasses.dataclass(frozen=True)
class Cut:
    """A tensor [1, *shape], and what the nodes before it cost."""

    tensor: str
    shape: tuple
    parameters: int
    macs: int


class Cuts:
    """All questions about where a backbone can be cut."""

    def __init__(self, backbone):
        self.backbone = backbone
        graph = backbone.model.graph
        self.table = Nodes(graph)
        self.results = [output.name for output in graph.output]
        reached = self.table.reached(self.results)
        live = [node for node in graph.node if node.output[0] in reached]
        self.pixels = self.made_of_pixels(live)
        self.path = [node for node in live if node.output[0] in self.pixels]
        self.n_uses = collections.Counter(self.results)
        for node in self.path:
            self.n_uses.update(set(node.input) & self.pixels)
        self.single = self.single_tensors()
        self.total = self.macs_of(node.output[0] for node in live)

    def made_of_pixels(self, live):
        """The picture and what is computed from it."""
        pixels = {self.backbone.image}
        for node in live:
            if pixels & set(node.input):
                pixels.update(node.output)
        return pixels

    def single_tensors(self):
        """The tensors that alone connect what comes before them with the results."""
        left, crossing, single = dict(self.n_uses), {self.backbone.image}, []
        for node in self.path:
            for name in set(node.input) & self.pixels:
                left[name] -= 1
                if not left[name]:
                    crossing.discard(name)
            crossing.update(name for name in node.output if self.n_uses[name])
            if len(crossing) == 1 and crossing <= set(node.output):
                single += crossing
        return single

    def known(self, output):
        """Whether all shapes are known that the cost of a node depends on."""
        node = self.table.producer[output]
        return all(self.table.shapes.get(name) and math.prod(self.table.shapes[name])
                   for name in [*filter(None, node.input), output])

    def macs_of(self, outputs):
        """Those of the nodes whose shapes are known."""
        return self.table.cost_of(filter(self.known, outputs))[1]

    def before(self, tensor):
        """The nodes that make a tensor, in the order of the file."""
        reached = self.table.reached([tensor])
        return [node for node in self.backbone.model.graph.node if node.output[0] in reached]

    def shape(self, tensor):
        """Without the batch; empty if it is not known."""
        return tuple(self.table.shapes.get(tensor, [])[1:])

    def fits(self, tensor):
        """Whether branches can read it: [1, C, H, W] with something to convolve."""
        shape = self.shape(tensor)
        return len(shape) == 3 and min(shape[1:]) >= LEAST_EDGE and shape[0] > 0

    def cut(self, tensor):
        reached = self.table.reached([tensor])
        parameters = self.table.cost_of(reached)[0]
        return Cut(tensor, self.shape(tensor), parameters, self.macs_of(reached))

    @functools.cached_property
    def points(self):
        """The cuts worth listing, in order. Of a convolution, its normalisation and its
        activation only the last: nothing is gained by leaving the others out."""
        last = {}
        for tensor in filter(self.fits, self.single):
            if not unsupported(self.before(tensor)):
                cut = self.cut(tensor)
                last[cut.macs, cut.shape] = cut
        return list(last.values())

    def auto(self):
        """Of the cuts that are neither coarse nor dear, the last of those with the smallest
        features: every branch pays for their number."""
        fine = [cut for cut in self.points if cut.macs <= AUTO_SHARE * self.total
                and (min(cut.shape[1:]) + 1) * AUTO_EDGE >= self.backbone.size]
        if fine:
            return min(reversed(fine), key=lambda cut: math.prod(cut.shape))
        raise BackboneError(
            f"{self.backbone.path}: no cut has features of {self.backbone.size}/{AUTO_EDGE} and "
            f"at most {AUTO_SHARE:.0%} of the MACs; choose one of --list-cuts by --cut")

    def tensor_of(self, name):
        """The tensor of this name, or the one that the node of this name makes."""
        nodes = self.backbone.model.graph.node
        tensors = {output for node in nodes for output in node.output}
        if name in tensors:
            return name
        named = [node for node in nodes if node.name == name]
        if len(named) == 1 and len(named[0].output) == 1:
            return named[0].output[0]
        if named:
            raise BackboneError(f"{self.backbone.path}: node '{name}' makes more than one tensor: "
                                + ", ".join(o for node in named for o in node.output))
        names = sorted(tensors | {node.name for node in nodes if node.name})
        near = ([n for n in names if name and name in n][:N_NEAR]
                or difflib.get_close_matches(name, names, N_NEAR))
        raise BackboneError(
            f"{self.backbone.path} has no tensor or node '{name}'"
            + (f"; near: {', '.join(near)}" if near else "") + "; see --list-cuts")

    def crossing(self, tensor):
        """The other tensors that the rest of the backbone takes from the nodes before."""
        inside = {output for node in self.before(tensor) for output in node.output}
        inside |= {self.backbone.image}
        taken = {name for node in self.path if node.output[0] not in inside
                 for name in node.input if name in inside & self.pixels}
        return sorted((taken | inside & set(self.results)) - {tensor})

    def named(self, name):
        """The cut at a tensor or a node, or the reason why there is none."""
        tensor = self.tensor_of(name)
        where = f"{self.backbone.path}: '{tensor}'"
        if not any(tensor in node.output for node in self.path):
            raise BackboneError(f"{where} is no step from the picture to the result")
        if tensor not in self.single:
            raise BackboneError(
                f"{where} is no cut: {self.crossing(tensor)[0]} crosses there too; "
                "--list-cuts prints those that everything passes")
        if not self.fits(tensor):
            raise BackboneError(
                f"{where} has shape {[1, *self.shape(tensor)]}; expected [1, channels, height, "
                f"width] of {LEAST_EDGE}x{LEAST_EDGE} or more, see --list-cuts")
        refused = unsupported(self.before(tensor))
        if refused:
            raise BackboneError(f"{where}: {refused}; choose an earlier one of --list-cuts")
        return self.cut(tensor)

    def chosen(self, name):
        return self.auto() if name == "auto" else self.named(name)

    def part(self, cut):
        return take(self.backbone, self.before(cut.tensor), cut.tensor, cut.shape)

    def lines(self):
        """A table of all cuts, and why there are no more."""
        points = self.points
        width = max(len(name) for name in ("tensor", *(cut.tensor for cut in points)))
        try:
            auto = self.auto()
        except BackboneError:
            auto = None
        yield (f"{'tensor':{width}}  {'channels':>8} {'height':>6} {'width':>5} "
               f"{'parameters':>11} {'MACs':>14} {'share':>6}")
        for cut in points:
            yield (f"{cut.tensor:{width}}  {cut.shape[0]:8} {cut.shape[1]:6} {cut.shape[2]:5} "
                   f"{cut.parameters:11,} {cut.macs:14,} {cut.macs / max(1, self.total):6.1%}"
                   + ("  auto" if cut == auto else ""))
        yield (f"{len(points)} cuts of {self.backbone.path}; the whole backbone has "
               f"{self.total:,} MACs for a picture of {self.backbone.size}x{self.backbone.size}")
        refused = unsupported(self.path)
        if refused:
            yield f"no cut behind these: {refused}"
