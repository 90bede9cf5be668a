"""Documents that go round each corner of execution once, over the schema with everything in it."""

from typing import Any, Final

from tests.plans.answers import Asked

Sent = list[dict[str, Any] | None]

_FLAGS: Final = "$a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!, $e: Boolean!"
_SWITCHED: Final = f"""query ({_FLAGS}) {{
    text @include(if: $a)
    cat @skip(if: $b) {{ id name @include(if: $c) ... @skip(if: $d) {{ size lives }} ...F @include(if: $e) }}
}} fragment F on Cat {{ mood lives }}"""


def switches() -> list[Asked]:
    """One document with all its variants: more than a plan keeps shapes for."""
    bits = [[bool(number >> bit & 1) for bit in range(5)] for number in range(32)]
    return [Asked(_SWITCHED, dict(zip("abcde", each, strict=True))) for each in bits]


SELECTIONS: Final = {
    "typename everywhere": "{ __typename cat { __typename } pets { __typename } named { t: __typename } }",
    "nothing but typename": "{ __typename }",
    "twice": "{ text text cat { id id } cat { id } }",
    "merged": "{ cat { id } cat { name } ...F ... on Query { cat { size } } } fragment F on Query { cat { lives id } }",
    "merged deeply": "{ doings { deeper { now } deeper { later } } doings { deeper { deeper { now } } } }",
    "merged lists": "{ house { inhabitants { id } inhabitants { name ... on Dog { barks } } } }",
    "the same fragment twice": "{ cat { ...F ...F } again: cat { ...F } } fragment F on Cat { id name }",
    "fragments in fragments": "{ ...A } fragment A on Query { ...B } fragment B on Query { cat { ...C } } "
    "fragment C on Named { id ...D } fragment D on Cat { lives }",
    "names exchanged": "{ number: text text: number cat { id: name name: id size: lives } }",
    "many aliases of one field": "{ a: text b: text c: cat { a: id b: id } }",
    "nothing left": "{ cat { id @skip(if: true) } text @include(if: false) }",
    "nothing left of all": "{ text @skip(if: true) }",
    "skipped and included": "{ cat { id @skip(if: false) @include(if: true) name @skip(if: true) @include(if: true)}}",
    "skipped once": "{ cat { id @skip(if: true) id } ...F @skip(if: true) ...F } fragment F on Query { text }",
    "fragments without a type": "{ ... { text ... @include(if: true) { number ... on Query { cat { id } } } } }",
    "interface": "{ named { id name greeting ... on Cat { lives } ... on Sized { size } ... on Ghost { since } } }",
    "interface by itself": "{ sized(which: STRANGERS) { size ... on Named { name } ... on Dog { barks } } }",
    "union": "{ things { ... on Named { name } ... on Cat { mood } ... on Rock { weight } ... on Mirror { name } } }",
    "union with strangers": "{ things(which: STRANGERS) { ... on Mirror { name reflection { __typename } } } }",
    "union of subclasses": "{ pets(which: STRANGERS) { __typename ... on Cat { id lives } ... on Dog { barks } } }",
    "other types under one name": "{ pets { ... on Cat { m: mood } ... on Dog { n: mood } } }",
    "fragments that cannot match": "{ named { ... on Sized { ... on Ghost { since } } } }",
    "mirrored": "{ things { ... on Mirror { reflection { ... on Dog { friend { ... on Cat { id } } } } } } }",
    "deep": '{ doings { deeper { deeper { deeper { deeper { deeper { depth later told(note: "deep") } } } } } } }',
    "generic": "{ box { label content { id greeting(loud: true) } } numbers(number: 2) { content label } }",
    "shown": '{ shadows { name size house { label(prefix: "in") } address } }',
    "shown of strangers": "{ shadows(which: STRANGERS) { name address size } }",
    "kept": "{ kept(number: 5) { text colour inner { text known { text } } cut known { text later } } }",
    "kept of large numbers": "{ kept(number: 4) { big } a: kept(number: 5) { text big inner { big } } text }",
    "kept and failing": "{ kept(number: 9) { text number colour } a: kept(number: 8) { text } b: kept { text } }",
    "introspection": "{ __schema { queryType { name } } text }",
    "a type by name": '{ __type(name: "Cat") { name fields { name } } }',
    "subscription": "subscription { count }",
    "info": 'query Q($n: String = "n") { doings { told(note: $n) a: told ...F } } fragment F on Doings { t: told }',
}

COMPOSED: Final = [
    "unit size",
    "span { begin end unit }",
    "span { end ... on Span { last { at } } __typename }",
    "span { last { name } }",
    "span { end } nearly { end }",
    "spans { last { name } }",
    "span { length } nearly { unit length later }",
    "span { doings { told deeperLater { later told } } }",
    "spans { end begin }",
    "spans { doings { told later } last { name } }",
    "spans { length } again: spans { later end }",
    "loose { unit } points { at name }",
    "loose { end doings { depth } }",
    "stranger { weight }",
    "strangers { __typename name }",
]
"""What is asked of lines, each with all of them."""

FAILURES: Final = {
    "each kind": '{ doings { fails refuses(field: "x") coded uncoded returnsError failsLater stranger { now } } }',
    "beside what succeeds": "{ doings { now fails later deeper { depth failsLater(turns: 3) later(turns: 1) } } text }",
    "hard within soft": "{ maybeDoings { now deeperLater { failsHard } lookalike { failsHardLater } } }",
    "hard at once": "{ maybeDoings { failsHard } text }",
    "null at once": "{ maybeDoings { nullHard } doings { now } }",
    "null later": "{ maybeDoings { nullHardLater { now } later(turns: 1) } }",
    "in a list": "{ rows(kind: WRONG) { real full { text } } }",
    "hard in a list": "{ doings { many(number: 3) { deeperLater { nullHard } } } }",
    "root": "{ fails { real } text }",
    "root, hard": "{ text failsHard { real } }",
    "root, null": "{ nullHard { real } cat { id } }",
    "one of many roots": "{ a: maybeDoings { later } fails { text } b: maybeDoings(turns: 4) { now } }",
    "promises": "{ doings { awaited promised promisedDoings { depth promised } } lists { awaited } }",
    "guards": "{ doings { guarded guardedLater grown: guarded(age: 18) } }",
    "guards passed": '{ doings { guarded(age: 20) guardedLater(age: 20) loud loudly: loud(word: "ab") } }',
    "lookalikes": "{ doings { lookalike { depth attribute } l: lookalike { awaited } } }",
    "ends too early": "{ named(of: BREAKS) { name } }",
    "no list": "{ things(of: NUMBER) { __typename } rows(of: TEXT) { text } r: rows(of: MAPPING) { text } }",
    "a list that comes later": "{ things(of: LATER) { __typename } lists { later(of: LATER) { text whole } } }",
    "a generator whose items fail": "{ rows(of: GENERATOR, kind: WRONG, number: 9) { text real full { whole } } }",
    "a generator whose items fail hard": "{ named(of: GENERATOR) { name ... on Ghost { haunts { address } } } }",
    "lists in lists": "{ lists(kind: WRONG) { grid loose whole colours leafGrid { real } made(of: NUMBER) } }",
}

VARIABLES: Final[list[tuple[str, Sent]]] = [
    ("query ($n: Int!) { numbers(number: $n) { content } }", [{"n": 1}, {"n": "1"}, {"n": None}, {}, None, {"n": 1.0}]),
    ("query ($n: Int) { numbers(number: $n) { content } }", [{"n": 1}, {"n": None}, {}, {"n": 2**31}, {"n": True}]),
    ("query ($n: Int = 2) { numbers(number: $n) { content } }", [{"n": 1}, {"n": None}, {}, {"other": 1}]),
    ("query ($v: Int) { echo { unset(value: $v) { said } } }", [{"v": 1}, {"v": None}, {}]),
    ("query ($v: Int) { echo { unset(perhaps: $v) { said } } }", [{"v": 1}, {"v": None}, {}]),
    ("query ($v: [Int]) { echo { lists(loose: $v) } }", [{"v": [1, None]}, {"v": 1}, {"v": None}, {}, {"v": [[1]]}]),
    ("query ($v: Int) { echo { lists(loose: [1, $v], full: [3]) } }", [{"v": 1}, {"v": None}, {}]),
    ("query ($v: Int!) { echo { lists(full: [1, $v], grid: [[$v], null]) } }", [{"v": 1}, {}]),
    ("query ($v: String) { echo { inputs(inner: {otherName: $v}) } }", [{"v": "x"}, {}]),
    ("query ($v: String!) { echo { inputs(inner: {otherName: $v, words: [$v]}) } }", [{"v": "x"}, {"v": 5}]),
    ("query ($v: Int) { echo { inputs(outer: {inner: {}, maybe: $v, perhaps: null}) } }", [{"v": 1}, {"v": None}, {}]),
    (
        "query ($v: Inner!) { echo { inputs(inner: $v, outer: {inner: $v, inners: [$v]}) } }",
        [
            {"v": {}},
            {"v": {"number": None}},
            {"v": {"colour": "RED", "at": "2026-01-01T00:00:00Z"}},
            {"v": {"x": 1}},
            {"v": []},
        ],
    ),
    (
        "query ($v: Either!) { echo { oneOf(either: $v) } }",
        [
            {"v": {"number": 1}},
            {"v": {"text": None}},
            {"v": {}},
            {"v": {"number": 1, "text": "x"}},
            {"v": {"inner": {}}},
        ],
    ),
    ("query ($v: Int) { echo { oneOf(either: {number: $v}) } }", [{"v": 1}]),
    ("query ($v: Int!) { echo { oneOf(either: {number: $v}) } }", [{"v": 1}, {}]),
    (
        "query ($c: Colour = AZURE) { echo { enums(colour: $c, maybe: $c, colours: [$c, null]) } }",
        [{"c": "RED"}, {"c": "BLUE"}, {"c": None}, {}, {"c": 1}],
    ),
    ("query ($v: JSON) { echo { scalars(anything: $v) } }", [{"v": {"a": [1]}}, {"v": None}, {}, {"v": "x"}]),
    ("query ($v: JSON) { echo { scalars(anything: {a: $v, b: [$v]}) } }", [{"v": {"a": [1]}}, {"v": None}, {}]),
    (
        "query ($v: Decimal, $m: DateTime) { echo { customs(amount: $v, moment: $m) } }",
        [{"v": "1.0"}, {"v": 1}, {"v": None, "m": "2026-01-01T00:00:00+01:00"}, {"m": "nope"}],
    ),
    ("query ($if: Boolean = true) { cat { id @include(if: $if) name } }", [{"if": False}, {"if": None}, {}, {"if": 1}]),
    ("query ($if: Boolean!) { text @skip(if: $if) cat @include(if: $if) { id } }", [{"if": True}, {"if": False}, {}]),
    ("query ($k: ID) { echo { scalars(key: $k) } }", [{"k": 1}, {"k": "1"}, {"k": 1.5}, {"k": 10**30}]),
    ("query ($f: Float!) { echo { scalars(real: $f) } }", [{"f": 1}, {"f": 1.5}, {"f": "1"}, {"f": 10**400}]),
    ("query ($t: String!) { doings { loud(word: $t) told(note: $t) } }", [{"t": "\ud800"}, {"t": "\x00"}, {"t": 1}]),
]

SEVERAL: Final = "query A { text } query B { number } query C($n: Int!) { numbers(number: $n) { content } }"
OPERATIONS: Final = [
    *(Asked(SEVERAL, None, name) for name in ("A", "B", "C", "D", "", None)),
    Asked(SEVERAL, {"n": 2}, "C"),
    Asked("query A { text }", None, "A"),
    Asked("query A { text }", None, "B"),
    Asked("{ text }", None, "A"),
]

SERIAL: Final = (
    'mutation { a: write(word: "a", turns: 9) { entries later } b: write(word: "b") { later } jot { entries later } }'
)
MUTATIONS: Final = [
    'mutation { a: write(word: "a", turns: 9) { entries } jot { entries } b: write(word: "b", turns: 2) { entries } }',
    'mutation { a: write(word: "a", turns: 3) { entries } refuse { entries } b: jot(word: "b") { entries } }',
    'mutation { a: write(word: "a", turns: 3) { entries } refuseHard { entries } b: jot(word: "b") { entries } }',
    'mutation { jot { entries } a: write(word: "a", turns: "x") { entries } }',
    SERIAL,
    'mutation { a: jot(word: "a") { entries } refuse { entries } b: jot(word: "b") { entries later } }',
    'mutation { a: jot(word: "a") { entries } refuseHard { entries } b: jot(word: "b") { entries later } }',
    'mutation { a: jot(word: "a") { fails } b: write(word: "b") { entries } }',
    'mutation { a: write(word: "a") { fails } b: write(word: "b") { entries } }',
    'mutation { a: write(word: "a") { later t: __typename } __typename a: write(word: "a") { entries } }',
    'mutation { ...F ... @skip(if: true) { jot { entries } } } fragment F on Mutation { write(word: "f") { entries } }',
]


def asked() -> dict[str, Asked]:
    """All of them, by what they are about."""
    plain = {name: Asked(text) for name, text in (SELECTIONS | FAILURES).items()}
    varied = {f"{text} {each!a}": Asked(text, each) for text, values in VARIABLES for each in values}
    named = {f"{each.query} {each.operation!r} {each.variables}": each for each in OPERATIONS}
    return plain | varied | named | {text: Asked(text) for text in MUTATIONS}
