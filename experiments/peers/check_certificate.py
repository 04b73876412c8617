"""Checks a certificate of `prove` again, in ball arithmetic (Arb, through python-flint).

    python check_certificate.py FILE [--piece K] [--sample N [--seed S]]

Reads the trees of bisections, which cover their boxes whatever they hold, and verifies at every leaf, or at N leaves of a piece that are drawn (the same ones for
the same S, 1 if not given), what its letter claims; a leaf on which balls are too coarse is bisected further. Then the zones: they hold the mixed orbits. Why that
is enough, docs/cyclic-theorem.md says. What is not verified raises an exception, with `python -O` as well.
"""

import argparse
import gzip
import random
import time
from fractions import Fraction
from itertools import islice
from math import prod
from multiprocessing import Pool

from flint import arb, ctx

ctx.prec = 64
TINY = Fraction(1, 2**20)
SCALES = (Fraction(-5, 16), Fraction(1, 4))


def require(verified, what):
    if not verified:
        raise ArithmeticError(f"not verified: {what}")


def exact(x):  # if the denominator is a power of 2; else an enclosure
    return arb(x.numerator) / x.denominator


def ball(low, high):
    return arb(exact((low + high) / 2), exact((high - low) / 2))


class Jet:
    """A value, its gradient and, unless its rows are left out, its Hessian (row i up to column i)."""

    def __init__(self, value, gradient, hessian):
        self.v, self.g, self.h = value, gradient, hessian

    @staticmethod
    def of(value, n, index=None, rows=0):
        return Jet(value, [arb(int(i == index)) for i in range(n)], [[arb(0)] * (i + 1) for i in range(rows)])

    def scaled(self, a):
        return Jet(a * self.v, [a * b for b in self.g], [[a * b for b in row] for row in self.h])

    def __add__(self, x):
        if not isinstance(x, Jet):
            return Jet(self.v + exact(x), self.g, self.h)
        hessian = [[a + b for a, b in zip(r, q)] for r, q in zip(self.h, x.h)]
        return Jet(self.v + x.v, [a + b for a, b in zip(self.g, x.g)], hessian)

    __neg__ = lambda self: self.scaled(-1)
    __sub__ = lambda self, x: self + -x
    __rsub__ = lambda self, x: -self + x

    def __mul__(self, x):
        if not isinstance(x, Jet):
            return self.scaled(exact(x))
        a, b, g, h = self.v, x.v, self.g, x.g
        entry = lambda i, j: a * x.h[i][j] + b * self.h[i][j] + g[i] * h[j] + g[j] * h[i]
        hessian = [[entry(i, j) for j in range(i + 1)] for i in range(len(self.h))]
        return Jet(a * b, [a * q + b * p for p, q in zip(g, h)], hessian)

    __radd__, __rmul__ = __add__, __mul__

    def inverse(self):
        f, g = 1 / self.v, self.g
        slope, curve = -f * f, 2 * f * f * f
        hessian = [[slope * a + curve * (g[i] * g[j]) for j, a in enumerate(row)] for i, row in enumerate(self.h)]
        return Jet(f, [slope * a for a in g], hessian)


def chart(sector, y, scale, eta):
    """Visit coordinates and their shares."""
    y = y[:sector] + [Jet.of(arb(1), len(scale.g), rows=len(scale.h))] + y[sector:]
    unit = sum(y).inverse()
    p = [x * unit for x in y]
    total = 1 + scale - Fraction(3, 4) * eta * (1 - sum(x * x for x in p))
    return [x * total for x in p], p


def norm_of(q, s, eta):
    return s + sum(q[j] * prod((1 - eta * x).inverse() * (1 - eta * x).inverse() for x in q[:j]) for j in range(len(q)))


def defect(q, norm, eta):
    mean = sum(x * x for x in q) * sum(q).inverse()
    shrunk = sum(q[j] * prod(1 - eta * x for x in q[:j]) for j in range(len(q)))
    return 2 - norm - mean - (shrunk - mean) * prod(1 - eta * x for x in q).inverse()


def growth(q, p, s, eta):
    """By how much a cycle increases W = V − (η/2) D² − s."""
    m, q, norm, kept, g = len(q), list(q), norm_of(q, s, eta), 1, []
    before = defect(q, norm, eta)
    for t in range(m):
        u, push = 1 - eta * q[t], eta * (2 - norm)
        g.append((u + push) * prod(1 - eta * q[i] for i in range(m) if i != t))
        kept, norm = kept * u * u, u * u * norm + q[t] * push * (2 * u + push)
        q[t] = q[t] * g[t] * g[t]
    after, mean = defect(q, norm, eta), sum(p[i] * g[i] * g[i] for i in range(m))
    drive = [p[i] * (g[i] * g[i] + mean) for i in range(m)]
    pairs = [(j, k) for k in range(m) for j in range(k)]
    gain = sum(p[j] * p[k] * (g[j] - g[k]) * (g[j] + g[k]) * (drive[j] - drive[k]) for j, k in pairs)
    return gain * (mean * mean).inverse() - Fraction(1, 2) * eta * (after - before) * (after + before) + s * (1 - kept)


def evaluate(m, sector, sides, rows):  # growth, by the m − 1 ratios, δ, η and s
    x = [Jet.of(side, m + 2, i, rows) for i, side in enumerate(sides)]
    q, p = chart(sector, x[: m - 1], x[m - 1], x[m])
    return growth(q, p, x[m + 1], x[m])


def definite(a):
    for k in range(len(a)):
        if not a[k][k] > 0:
            return False
        for i in range(k + 1, len(a)):
            for j in range(k + 1, i + 1):
                a[i][j] = a[j][i] = a[i][j] - a[i][k] * a[j][k] / a[k][k]
    return True


def holds(letter, m, sector, box, zones):
    """Whether what the letter claims is verified on the box."""
    sides = [ball(*side) for side in box] + [ball(Fraction(0), TINY)]
    if letter == "z":
        return any(all(z[0] <= b[0] and b[1] <= z[1] for z, b in zip(zone, box)) for _, zone, _ in zones)
    if letter == "o":
        x = [Jet.of(side, 0) for side in sides]
        q, _ = chart(sector, x[: m - 1], x[m - 1], x[m])
        norm = norm_of(q, x[m + 1], x[m]).v
        return norm < ball(1 - TINY, 1 - TINY) or norm > 1 + sides[m] / 4
    over = evaluate(m, sector, sides, m + 2)
    second = lambda i, j: over.h[max(i, j)][min(i, j)]
    if letter == "+":
        middles = [(low + high) / 2 for low, high in box]
        at = evaluate(m, sector, [ball(x, x) for x in middles] + [arb(0)], 0)
        reach = [(ball(*side) - ball(x, x)).abs_upper() for side, x in zip(box, middles)]
        step = [arb(0, r) for r in reach]
        bound = at.v + sum(at.g[i] * step[i] for i in range(m + 1))
        bound += sum(second(i, j) * step[i] * step[j] for i in range(m + 1) for j in range(i))
        bound += sum(second(i, i) * arb(r * r / 2, r * r / 2) / 2 for i, r in enumerate(reach))
        return over.g[m + 1] > 0 and bound > 0
    small = [i for i in range(m - 1) if letter[1 + i] == "1"]
    face = [m - 1] + [i for i in range(m - 1) if i not in small]
    grows = over.g[m + 1] > 0 and all(over.g[i] > 0 for i in small)
    return grows and definite([[second(i, j) for j in face] for i in face])


def verify(letter, m, sector, box, zones, depth=0):
    if holds(letter, m, sector, box, zones):
        return 1
    require(depth < 12 and letter != "z", f"{letter}, sector {sector}, {box}")
    return sum(verify(letter, m, sector, half, zones, depth + 1) for half in halves(box, depth % len(box)))


def halves(box, side):  # the upper one first
    (low, high), middle = box[side], sum(box[side]) / 2
    return [box[:side] + [half] + box[side + 1 :] for half in ((middle, high), (low, middle))]


def leaves(tree, root):
    """The leaves of a tree in preorder, with their boxes; that the tree is complete is checked."""
    stack = [root]
    for letter in tree:
        box = stack.pop()
        if letter.isdigit():
            stack += halves(box, int(letter))
        else:
            yield letter, box
    require(not stack, "a tree that ends early")


def orbit_inside(k, scale, eta, depth=0):
    """f(a) < 2 at the lower end of δ and > 2 at the upper, for every η: so the mixed orbit of k samples lies between."""
    middle = (eta[0] + eta[1]) / 2
    def balance(end, of):
        x = Jet.of(of, 1, 0)
        a = (1 + end - Fraction(3 * (k - 1), 4 * k) * x).scaled(1 / arb(k))
        powers = [prod([(1 - x * a).inverse()] * i) for i in range(1, k)]
        return a * (2 + sum(w * w + w for w in powers))
    value = lambda end: balance(end, exact(middle)).v + balance(end, ball(*eta)).g[0] * (ball(*eta) - exact(middle))
    apart = value(scale[0]) < 2 and value(scale[1]) > 2
    return apart or depth < 10 and all(orbit_inside(k, scale, half, depth + 1) for [half] in halves([eta], 0))


def work(m, lines):
    """(letter, m, sector, box, zones) of every leaf of a piece; its zones are checked on the way."""
    word, index = next(lines).split()
    eta = (Fraction(int(index), 256), Fraction(int(index) + 1, 256))
    require(word == "piece" and eta[1] <= Fraction(13, 64), f"step sizes of {word} {index}")
    zones, covered = [], []
    for word, number, *rest in map(str.split, lines):
        sector = int(number)
        if word == "zone":
            small, (radius, low, high) = rest[0], map(lambda x: Fraction(float(x)), rest[1:4])
            box = [(Fraction(0), radius) if c == "1" else (1 - radius, Fraction(1)) for c in small] + [(low, high), eta]
            require(len(small) == m - 1 and orbit_inside(m - small.count("1"), (low, high), eta), f"an orbit of zone {number} {small}")
            zones.append((sector, box, small))
            for letter, leaf in leaves(rest[4], box):
                require(letter == "c", f"{letter} in a zone")
                yield letter + small, m, sector, leaf, []
        elif word == "sector":
            mine = [zone for zone in zones if zone[0] == sector]
            require(len({small for _, _, small in mine}) == len(mine) == 2 ** (m - 1), f"zones of sector {number}")
            covered.append(sector)
            for letter, leaf in leaves(rest[0], [(Fraction(0), Fraction(1))] * (m - 1) + [SCALES, eta]):
                require(letter in "oz+", f"{letter} in a sector")
                yield letter, m, sector, leaf, mine
    require(word == "done" and sorted(covered) == list(range(m)), f"sectors {covered}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--piece", type=int, help="this piece only")
    parser.add_argument("--sample", type=int, help="so many leaves of a piece")
    parser.add_argument("--seed", type=int, default=1, help="which leaves are drawn (default: 1)")
    options = parser.parse_args()
    drawn = random.Random(options.seed)
    with (gzip.open if options.file.endswith(".gz") else open)(options.file, "rt") as lines, Pool() as pool:
        m, piece, found = int(next(lines).split()[1]), [], []
        for line in lines:
            piece.append(line)
            if not line.startswith("done "):
                continue
            index, piece, text = int(line.split()[1]), [], piece
            if options.piece not in (None, index):
                continue
            start, found, boxes = time.time(), found + [index], 0
            total = sum(sum(map(line.split()[-1].count, "oz+c")) for line in text[1:-1])
            chosen = range(total) if options.sample is None else set(drawn.sample(range(total), options.sample))
            todo = (leaf for place, leaf in enumerate(work(m, iter(text))) if place in chosen)
            while some := list(islice(todo, 10000)):
                boxes += sum(pool.starmap(verify, some, chunksize=20))
            print(f"piece {index}: {len(chosen)} of {total} leaves verified, as {boxes} boxes, in {time.time() - start:.0f} s", flush=True)
    require(sorted(found) == list(range(2, 52) if options.piece is None else [options.piece]) and not piece, "all pieces, each complete")


if __name__ == "__main__":
    main()
