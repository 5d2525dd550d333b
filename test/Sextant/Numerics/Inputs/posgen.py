"""PosGen (Resonance RoPE, section 5): sequences whose next token is as hard to
find at any length, so that errors are those of positions.

The next token is the sum of j + k earlier ones modulo the vocabulary: the last k
and j that depend on the task. The index of the semi-recursive task is the one
that agrees with the paper's figure; the printed formula does not.
"""

import itertools
import random

import numpy

KINDS = ("recursive", "chain", "semi")


def continue_sequence(kind, seeds, count, vocabulary, j=1, k=3):
    sequence = list(seeds)
    assert len(sequence) == j + k
    for length in range(j + k, j + k + count):
        first = {"recursive": length - j - k, "chain": 0, "semi": (length - j - k) // 2}[kind]
        sequence.append((sum(sequence[first:first + j]) + sum(sequence[length - k:])) % vocabulary)
    return sequence


def data_sets(kind, vocabulary, sizes, lengths, generator, j=1, k=3):
    """One list of sequences for each size, of no common seeds: what is trained
    on is tested nowhere."""
    seeds = list(itertools.product(range(vocabulary), repeat=j + k))
    generator.shuffle(seeds)
    begin, sets = 0, []
    for size, length in zip(sizes, lengths):
        sets.append([continue_sequence(kind, s, length - j - k, vocabulary, j, k)
                     for s in seeds[begin:begin + size]])
        begin += size
    return sets


def expect(what, want, got):
    assert list(want) == list(got), f"{what}: expects {list(want)}, but got {list(got)}"


def main():
    published = {"recursive": "6 12 6 10 0 11 10 14 1 2 10 10 6 11 3 13", "chain": "6 11 3 3 0 6 9 15 13 3 14 13 13 6 15 0",
                 "semi": "6 11 4 5 5 16 12 2 2 5 3 4 16 10 1 15"}
    figure = {"recursive": "6 3 6 2 3 0 4 2", "chain": "6 5 0 6 6 0 0 1", "semi": "6 5 5 2 1 4 1 0"}
    for kind in KINDS:
        want = [int(token) for token in published[kind].split()]
        expect(kind, want, continue_sequence(kind, [0, 1, 2, 3], 16, 17)[4:])
        want = [int(token) for token in figure[kind].split()]
        expect(f"{kind} of the figure", want, continue_sequence(kind, [2, 0, 3, 1], 8, 7)[4:])
        train, validate, test = data_sets(kind, 17, (10000, 1000, 1000), (64, 64, 256), random.Random(5549))
        assert [len(s) for s in (train, validate, test)] == [10000, 1000, 1000]
        prefixes = [{tuple(s[:64]) for s in part} for part in (train, validate, test)]
        assert len(prefixes[0]) == 10000, "expects no sequence twice"
        for one, other in itertools.combinations(prefixes, 2):
            assert not one & other, "expects the sets to be disjoint, in their first 64 tokens already"
        assert {len(s) for s in test} == {256} and {len(s) for s in train} == {64}
    # A token in front moves every position by one, so that 64 become 65 and the scale is 257 / 65, not 4.
    scale = 257 / 65
    assert abs(scale - 3.954) < 5e-4
    wave = 2 * numpy.pi * 1e4 ** (numpy.arange(0, 64, 2) / 64)
    assert (numpy.round(wave) < 64).sum() == 9, "expects 9 planes of 32 that turn in 64 positions"
    print("3 tasks agree")


if __name__ == "__main__":
    main()
