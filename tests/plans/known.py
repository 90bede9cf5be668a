"""Values that arguments of the schema with everything in it can use, or just not."""

from typing import Final

from tests.plans.arguments import Known

KNOWN: Final[Known] = {
    "number": ["0", "1", "2", "3", "5", "11", "13", "-1"],
    "turns": ["0", "1", "2", "3"],
    "depth": ["0", "7", "-1"],
    "age": ["17", "18", "40"],
    "first": ["0", "1", "2", "-1", "null"],
    "kind": ["PLAIN", "PLAIN", "ODD", "HUGE", "WRONG", "EMPTY"],
    "which": ["ALL", "ALL", "STRANGERS", "NONE"],
    "Shape": ["LIST", "LIST", "TUPLE", "GENERATOR", "DICT_VALUES", "LATER", "TEXT", "MAPPING", "NUMBER", "BREAKS"],
    "word": ['"a"', '"b"', '"ü \\n"', '""', '"""block "text\n  two"""'],
    "Colour": ["RED", "GREEN", "AZURE"],
    "Level": ["LOW", "HIGH"],
    "Int": ["0", "1", "-1", "2147483647", "-2147483648"],
    "Float": ["0", "1", "1.5", "-0.0", "1e300", "12345678901234567890"],
    "ID": ['"a"', "7", '""', "123456789012345678901234567890"],
    "Decimal": ['"1.50"', '"0"', '"-3.1"', '"-0.00"'],
    "DateTime": ['"2026-03-01T12:00:00Z"', '"2026-03-01T12:00:00+05:30"'],
    "Date": ['"2026-03-01"', '"0001-01-01"'],
    "Time": ['"12:30"', '"12:30:01.5"'],
    "UUID": ['"0190d3d7-5f8c-7000-8000-000000000001"', '"0190D3D75F8C70008000000000000001"'],
    "BigInt": ["0", "1099511627776", "-9223372036854775809"],
    "JSON": ['"text"', "5", "1.5", "true", "null", "[1, [null]]", "{b: 1, a: [{c: RED}]}", "ENUM"],
    "[Int]": ["[1, null, 3]", "[]", "5", "null", "[2147483647]"],
    "perhaps": ['"x"', "null"],
    "from": ["4", "-4"],
}
