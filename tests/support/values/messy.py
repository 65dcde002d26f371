"""Manifests written by hand, each in its own way: a seed says in which."""

import random
import re

from reconciler.manifest.formatting.keys import ranks

#: Deeper than any key.
DEEP = " " * 30
LONG = [f'"a\n{DEEP}b\\\n{DEEP}c"', f"several\n{DEEP}words"]
VALUES = {
    "version": ["1"],
    "platform": ["jetraw://my-org", "sqlite:///p.db", '"https://host"', "${WHERE}"],
    "lock": ["s3://infra-locks/jetraw", "file:///l"],
    "undeclared": ["fail", "'ignore'", "${HOW:-remove}"],
    "max_removals": ["3", "10%", '"10%"'],
    "every": ["30d", "${OFTEN}"],
    "settled": ["7d"],
    "label": [
        "NAS, building 3",
        '"a # b"',
        "'it''s'",
        f'"a\n{DEEP}b\\\n{DEEP}c"',
        f"several\n{DEEP}words",
    ],
    "default_url": ["/data/nas", '"/data/{x}"', "file:///a"],
    "id": ["7f0c", '"0012"', "&pin 7f0d"],
    "holds_files": ["true"],
    "protect": ["true", "false"],
    "type": ["local"],
}
ITEMS = ["a", '"b c"', "'*'", "d-*", "/e/"]


def listed(key, above):
    lists = ("renamed_from", "scope", "exclude")
    return key in lists or (key, above) == ("protect", "policy")


class Messy:
    """Writes a manifest in some way that means what it is to mean; a seed says which."""

    def __init__(self, seed, *, in_order=False):
        self.drawn = random.Random(seed)
        self.in_order = in_order
        self.count = 0

    def chance(self, of=2):
        return self.drawn.randrange(of) == 0

    def comment(self):
        self.count += 1
        return f"#{self.drawn.choice(('', ' ', '# '))}c{self.count} 'x\" {{[: - &"

    def between(self, indent):
        """Blank lines and comments, such as stand above a key or item or at an end."""
        lines = []
        while self.chance(4):
            lines.append("" if self.chance() else " " * indent + self.comment())
        return lines

    def behind(self):
        return " " * self.drawn.randint(1, 4) + self.comment() if self.chance(5) else ""

    def keys(self, above, wanted):
        places = ranks(above)
        keys = sorted((k for k in wanted if k in places), key=places.get)
        if not self.in_order:
            self.drawn.shuffle(keys)
        return keys

    def text(self):
        sections = {"version", *self.some(["platform", "lock", "policy", "proof", "removed"])}
        lines = ["# first", ""] if self.chance() else []
        for key in self.keys("", {*sections, "storages"}):
            lines += [*self.between(0), *self.section(key)]
        lines += self.between(0)
        ends = self.drawn.choice(["\n", "\r\n"])
        return ends.join("\n".join(lines).split("\n")) + ends * self.drawn.randrange(3)

    def some(self, values):
        return [value for value in values if self.chance()]

    def section(self, key):
        if key in ("policy", "proof"):
            wanted = {"policy": ["undeclared", "max_removals", "protect", "scope"]}
            keys = self.some(wanted.get(key, ["settled", "exclude"])) or ["scope"]
            keys = {*keys, "every"} if key == "proof" else keys
            return self.mapping(key, self.keys(key, keys), 0, key)
        if key in ("storages", "removed"):
            return self.listed(key)
        return [f"{key}: {self.drawn.choice(VALUES[key])}{self.behind()}"]

    def mapping(self, key, keys, indent, above):
        pad = " " * indent
        if self.chance():
            return [f"{pad}{key}: {self.braces(keys, above, indent)}{self.behind()}"]
        deeper = indent + self.drawn.randint(1, 5)
        return [f"{pad}{key}:{self.behind()}", *self.pairs(keys, deeper, above)]

    def pairs(self, keys, indent, above):
        lines = []
        for key in keys:
            lines += self.between(indent)
            lines += self.pair(key, indent, above)
        return [*lines, *self.between(indent)]

    def pair(self, key, indent, above):
        pad = " " * indent
        is_list = key in ("renamed_from", "scope", "exclude") or (key, above) == (
            "protect",
            "policy",
        )
        if key == "proof":
            return self.mapping(key, self.keys(key, ["every", "settled"]), indent, key)
        if is_list and self.chance():
            inner = indent + self.drawn.randint(0, 3)
            lines = [f"{pad}{key}:{self.behind()}"]
            for item in self.drawn.sample(ITEMS, self.drawn.randint(1, 3)):
                lines += [*self.between(inner), f"{' ' * inner}- {item}{self.behind()}"]
            return lines
        value = self.brackets(indent) if is_list else self.drawn.choice(VALUES[key])
        return [f"{pad}{key}: {value}{self.behind()}"]

    def braces(self, keys, above, indent):
        parts = []
        for key in keys:
            is_list = listed(key, above)
            if key == "proof":
                value = self.braces(self.keys(key, ["every"]), key, indent)
            else:
                plain = [v for v in VALUES.get(key, ["x"]) if not re.search(r"[\n{}[\],&]", v)]
                value = self.brackets(indent) if is_list else self.drawn.choice(plain)
            parts.append(f"{key}: {value}")
        return self.gathered("{", parts, "}", indent)

    def brackets(self, indent):
        return self.gathered("[", self.drawn.sample(ITEMS, self.drawn.randint(1, 3)), "]", indent)

    def gathered(self, opening, parts, closing, indent):
        pad = "\n" + " " * (indent + 3)

        def room():
            chosen = self.drawn.randrange(8)
            return (f"  {self.comment()}{pad}", pad, " ", "", "", "", "", "")[chosen]

        inner = f",{room()} ".join(part + room() for part in parts)
        return f"{opening}{room()}{inner}{room()}{closing}"

    def listed(self, key):
        indent = self.drawn.randint(0, 4)
        lines = [f"{key}:{self.behind()}"]
        for n in range(self.drawn.randint(1, 3)):
            lines += [*self.between(indent), *self.entry(key, n, indent)]
        return [*lines, *self.between(indent)]

    def entry(self, above, number, indent):
        wanted = ["name", "default_url", "type", *self.some(["label", "renamed_from", "protect"])]
        wanted += self.some(["proof"]) + (["id"] if number == 0 else [])
        if above == "removed":
            wanted = ["name"]
        keys = self.keys(above, wanted)
        ways = ("{}-{}", '"{} {}"', "'{}''{}'", "{} and {}", '"{} # \\"{}\\""', "{}#{}", "&n {}/{}")
        VALUES["name"] = [way.format(above, number) for way in ways]
        if self.chance(3):
            return [f"{' ' * indent}- {self.braces(keys, above, indent)}{self.behind()}"]
        inner = indent + 1 + self.drawn.randint(1, 4)
        first, *rest = keys
        begun = self.pair(first, inner, above)
        begun[0] = f"{' ' * indent}-{' ' * (inner - indent - 1)}{begun[0].lstrip(' ')}"
        return [*begun, *self.pairs(rest, inner, above)]
