"""Random constraints, each compared with numpy, and malformed ones: `random_constraints.py BASE_URL DIR PROTOCOL COUNT`.

A constraint names one to four variables of a dataset, each with a start, a stride and a stop for every axis, in one of the
spellings of clients. A malformed one is such a constraint with one fault in it. Prints one JSON line for each kind.
"""

import http.client
import json
import pathlib
import random
import re
import sys
import time
import traceback
import urllib.parse

import numpy as np

import dap2_view
import dap4
import dap4_view
import local_file
import xdr
from random_slabs import slices

SEED = 20_010_102
SAMPLES = (
    "temperature.nc", "precipitation.nc", "observations/station.nc", "groups.nc", "ten.nc", "ensemble.nc", "creation_order.nc",
    "awkward_names.nc", "numeric_types.nc", "strings.nc", "unicode_strings.nc", "long_strings.nc", "packed_bytes.nc", "enums.nc",
    "layouts.nc", "classic_cdf1.nc", "classic_cdf5.nc", "classic_model.nc", "single_record.nc",
)
MOST_VARIABLES = 4


class Dap2:
    """DAP2: names as the protocol spells them, inclusive stops."""

    suffix, error = "opendap.dods?", re.compile(rb'\s*Error \{\s*code = (\d+);\s*message = "')
    read = staticmethod(xdr.read)

    @staticmethod
    def variables(source):
        """Values by name."""
        return {name: variable.values for name, variable in dap2_view.expected(source).variables.items()}

    @staticmethod
    def spelled(chance, name):
        """A name, of which the escapes are escaped once more, as clients do."""
        return chance.choice([name.replace("%", "%25"), name.replace("%", "%2525"), name])

    @staticmethod
    def named(answer, names):
        """An answer by the names that were asked for."""
        return answer

    @staticmethod
    def joined(chance, clauses):
        """Clauses as one constraint."""
        return chance.choice([",", ",", "%2C"]).join(clauses)


class Dap4:
    """DAP4: full names, inclusive stops, open ends."""

    suffix, error = "opendap.dap?dap4.ce=", re.compile(rb'\s*<\?xml[^>]*>\s*<Error [^>]*httpcode="(\d+)"')
    read = staticmethod(dap4.read)

    @staticmethod
    def variables(source):
        """Values by full name; characters stay characters."""
        return {
            path: variable.values
            for path, variable in source.variables.items()
            if variable.kind not in dap4_view.MADE_UP and variable.values.ndim <= dap4_view.MOST_DIMENSIONS
        }

    @staticmethod
    def spelled(chance, name):
        """A name, percent-encoded as clients do."""
        return urllib.parse.quote(name, safe=chance.choice(["/", "/+-", ""]))

    @staticmethod
    def named(answer, names):
        """An answer by the names that were asked for."""
        return answer

    @staticmethod
    def joined(chance, clauses):
        """Clauses as one constraint."""
        return chance.choice([";", "%3B"]).join(clauses)


def random_axis(chance, length):
    """`(start, stride, stop)` of one axis; the stop may lie behind the last selected index."""
    first, last = sorted((chance.randrange(length), chance.randrange(length)))
    return first, chance.choice([1, 1, 2, 3, chance.randint(1, length)]), last


def index(chance, protocol, axis, length):
    """One axis in one of the spellings of clients."""
    start, stride, stop = axis
    forms = [f"{start}:{stride}:{stop}"]
    forms += [f"{start}:{stop}"] if stride == 1 else []
    forms += [f"{start}"] if start == stop else []
    if protocol is Dap4 and stop == length - 1:
        forms += [f"{start}:{stride}:"] + ([f"{start}:"] if stride == 1 else []) + ([""] if stride == 1 and start == 0 else [])
    return chance.choice(forms)


def random_clause(chance, protocol, name, shape):
    """One variable with a slab, and the slices that must come back."""
    if not shape or chance.random() < 0.1:
        return protocol.spelled(chance, name), (slice(None),) * len(shape)
    slab = [random_axis(chance, length) for length in shape]
    text = "".join(f"[{index(chance, protocol, axis, length)}]" for axis, length in zip(slab, shape))
    escaped = text.replace("[", "%5B").replace("]", "%5D")
    text = chance.choice([text, escaped, escaped.lower(), escaped.replace(":", "%3a"), escaped.replace("%", "%25")])
    return protocol.spelled(chance, name) + text, slices(slab)


class Asked:
    """One server, one protocol, and the samples with their values."""

    def __init__(self, base, directory, protocol):
        parts = urllib.parse.urlsplit(base)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self.protocol, self.values = protocol, {}
        for sample in SAMPLES:
            values = protocol.variables(local_file.read(pathlib.Path(directory) / sample))
            self.values[sample] = {name: array for name, array in values.items() if array.size}

    def random(self, chance):
        """A sample, a constraint, and what must come back."""
        sample = chance.choice(SAMPLES)
        names = list(self.values[sample])
        chosen = chance.sample(names, min(len(names), chance.randint(1, MOST_VARIABLES)))
        clauses = {name: random_clause(chance, self.protocol, name, self.values[sample][name].shape) for name in chosen}
        expected = {name: self.values[sample][name][part] for name, (_, part) in clauses.items()}
        return sample, self.protocol.joined(chance, [text for text, _ in clauses.values()]), expected

    def answer(self, sample, constraint):
        """Status and body."""
        self.connection.request("GET", f"/datasets/{sample}/{self.protocol.suffix}{constraint}")
        response = self.connection.getresponse()
        return response.status, response.read()


def different(expected, seen):
    """How two arrays differ; None where they are bit for bit the same. Bytes of DAP2 have no sign."""
    expected, seen = np.asarray(expected), np.asarray(seen)
    if expected.shape != seen.shape:
        return f"shape {seen.shape}, expected {expected.shape}"
    if expected.dtype == object or seen.dtype == object:
        same = expected.reshape(-1).tolist() == seen.reshape(-1).tolist()
    else:
        same = expected.dtype.itemsize == seen.dtype.itemsize and expected.tobytes() == seen.tobytes()
    return None if same else f"{seen.reshape(-1)[:3]}, expected {expected.reshape(-1)[:3]}"


def constraints(asked, count):
    """Random constraints, each of which must give what numpy gives."""
    chance = random.Random(SEED)
    for _ in range(count):
        sample, constraint, expected = asked.random(chance)
        status, body = asked.answer(sample, constraint)
        if status != 200:
            raise ValueError(f"{sample}?{constraint} was answered with {status}: {body[:300]!r}")
        seen = asked.protocol.read(body)
        if seen.keys() != expected.keys():
            raise ValueError(f"{sample}?{constraint} holds {sorted(seen)}; expected {sorted(expected)}")
        for name in expected:
            wrong = different(expected[name], seen[name])
            if wrong:
                raise ValueError(f"{sample}?{constraint}: {name} is {wrong}")


def broken(chance, shape):
    """Indices for a variable of `shape` that no server may accept."""
    axes = [f"[0:{length - 1}]" for length in shape]
    place = chance.randrange(len(shape))
    length = shape[place]
    faults = [
        f"[{length}]", f"[0:{length}]", f"[{length}:{length + 3}]", f"[0:0:{length - 1}]", f"[0:{length - 1}", f"0:{length - 1}]", "[-1]",
        "[0:-1]", "[a]", "[0:b]", "[0:1:2:3]", "[1.5]", "[0x1]", "[0;1]", "[[0]]", f"[{2**64}]", f"[0:1:{2**64}]", f"[0:{2**63}:0:1]",
        f"[{10**30}]", "[0:1", "[::]", "[0][" * 3, "[ ]]", "[%00]", "[0\u00e9]".encode("unicode_escape").decode(), "[0]" * 33, "[0:18446744073709551615]",
    ]
    faults += ["[1:0]", "[1:1:0]"] if length > 1 else []
    axes[place] = chance.choice(faults)
    return "".join(axes) + chance.choice(["", "", "[0]"])


def wrong_name(chance, name):
    """A name that no dataset has."""
    return chance.choice([f"{name}_absent", f"absent_{chance.randrange(10**6)}", f"{name}.absent.absent", f"{name}/absent", "absent(1,2)", "~", f"{name}{{absent}}"])


def malformed(asked, count):
    """Constraints with a fault, each of which must be refused with an error of the protocol."""
    chance = random.Random(SEED + 1)
    for _ in range(count):
        sample = chance.choice(SAMPLES)
        name = chance.choice([name for name, array in asked.values[sample].items() if array.ndim] or list(asked.values[sample]))
        shape = asked.values[sample][name].shape
        spelled = asked.protocol.spelled(chance, name)
        if shape and chance.random() < 0.75:
            constraint = spelled + broken(chance, shape)
        else:
            constraint = urllib.parse.quote(wrong_name(chance, name), safe="/(){},~")
        others = [other for other in asked.values[sample] if other != name]
        if others and chance.random() < 0.3:
            other = chance.choice(others)
            sound = random_clause(chance, asked.protocol, other, asked.values[sample][other].shape)[0]
            constraint = asked.protocol.joined(chance, [sound, constraint][:: chance.choice([1, -1])])
        status, body = asked.answer(sample, constraint.replace(" ", "%20"))
        found = asked.protocol.error.match(body)
        if not 400 <= status < 500 or not found or int(found[1]) != status:
            raise ValueError(f"{sample}?{constraint} was answered with {status}: {body[:300]!r}")


def main():
    base, directory, protocol, count = sys.argv[1:]
    asked = Asked(base, directory, {"dap2": Dap2, "dap4": Dap4}[protocol])
    for name, run in (("constraints", constraints), ("malformed", malformed)):
        started, found = time.monotonic(), []
        try:
            run(asked, int(count))
        except Exception:  # whatever is wrong is a result
            found = [traceback.format_exc(limit=-2).strip()]
        seconds = round(time.monotonic() - started, 3)
        print(json.dumps({"sample": name, "differences": found, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
