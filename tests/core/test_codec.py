"""Codecs: what each field type takes from outside, what it refuses with which words, and the form it gives."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, localcontext
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, Field, NaiveDatetime, PositiveInt
from typing_extensions import TypeAliasType

from ensue import Purpose, Sensitive, Value
from ensue.core.codec import NestedProblems, UnsupportedType, add, subtract
from ensue.core.field_types import codec_for, split_leaf
from ensue.errors import CanonicalError

SENSITIVE: Any = Sensitive  # a generic alias, which type checkers know in annotations alone


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Dose(Value):
    amount: Decimal
    unit: Literal["mg", "ml"] = "mg"


class Part(Value):
    name: Sensitive[str]
    doses: tuple[Dose, ...] = ()


def read(annotation: Any, value: Any) -> Any:
    return codec_for(annotation).read(value)


def encode(annotation: Any, value: Any) -> Any:
    return codec_for(annotation).encode(value)


@pytest.mark.parametrize("value", ["12", 1.0, 1.5, True, False, None, [], {}])
def test_only_an_integer_is_an_integer(value: Any) -> None:
    with pytest.raises(ValueError, match="expected an integer, found"):
        read(int, value)


@pytest.mark.parametrize("value", [2**53, -(2**53), 10**30])
def test_an_integer_that_json_readers_would_round_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="keep larger numbers as text"):
        read(int, value)
    check = codec_for(int).check
    assert check is not None
    with pytest.raises(CanonicalError, match="keep larger numbers as text"):
        check(value)


@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_only_true_and_false_are_boolean(value: Any) -> None:
    with pytest.raises(ValueError, match="expected true or false, found"):
        read(bool, value)


@pytest.mark.parametrize("value", [1, True, None, ["a"]])
def test_only_a_string_is_text(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a string, found"):
        read(str, value)


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_text_that_has_no_bytes_everywhere_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="The text has"):
        read(str, value)


@pytest.mark.parametrize("value", [" leading", "trailing ", "\u200b", "é", "e\u0301", ""])
def test_text_is_kept_as_it_came(value: str) -> None:
    assert read(str, value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.50", "12.5"),
        ("0.00", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("100", "100"),
        ("-0.10", "-0.1"),
        ("9999999999999999.999999", "9999999999999999.999999"),
    ],
)
def test_a_decimal_has_no_exponent_no_negative_zero_and_no_trailing_zeros(value: str, expected: str) -> None:
    assert encode(Decimal, read(Decimal, value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(Decimal("1E+3"), "1000"), (Decimal("1E-3"), "0.001"), (Decimal("-0E+5"), "0"), (Decimal("12E1"), "120")]
)
def test_a_decimal_made_with_an_exponent_is_written_without(value: Decimal, expected: str) -> None:
    assert encode(Decimal, value) == expected


@pytest.mark.parametrize("value", ["1e3", "1E3", "+1", "01", "1.", ".5", "", " 1", "1 ", "1,5", "NaN", "Infinity", "1_000", "１２", "1٢"])
def test_what_is_no_plain_decimal_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="expected a decimal in a string"):
        read(Decimal, value)


@pytest.mark.parametrize("value", [12, 12.5, True, None])
def test_a_json_number_is_no_decimal_since_readers_round_it(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a decimal in a string"):
        read(Decimal, value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")])
def test_a_decimal_is_finite(value: Decimal) -> None:
    with pytest.raises(CanonicalError, match="expected a finite decimal"):
        encode(Decimal, value)


@pytest.mark.parametrize("value", ["1" * 1_001, "0." + "0" * 1_000 + "1"])
def test_a_decimal_of_more_than_a_thousand_digits_is_refused(value: str) -> None:
    with pytest.raises(CanonicalError, match="at most 1000 digits"):
        read(Decimal, value)


def test_decimal_places_are_exactly_those_declared() -> None:
    money = Annotated[Decimal, Field(decimal_places=2)]

    assert encode(money, read(money, "12.5")) == "12.50"
    assert encode(money, read(money, "12.500")) == "12.50"
    assert encode(money, read(money, "-0")) == "0.00"
    with pytest.raises(CanonicalError, match=r"at most 2 decimal places, found 12\.505"):
        read(money, "12.505")


def test_sums_of_decimals_are_never_rounded() -> None:
    long = Decimal("123456789012345678901234567890.123456789")

    with localcontext() as context:
        context.prec = 3
        together, apart = add(long, Decimal("0.000000001")), subtract(long, Decimal(1))

    assert str(together) == "123456789012345678901234567890.123456790"
    assert str(apart) == "123456789012345678901234567889.123456789"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2018-07-30T09:00:00Z", "2018-07-30T09:00:00.000000Z"),
        ("2018-07-30t09:00:00z", "2018-07-30T09:00:00.000000Z"),
        ("2018-07-30T09:00:00.5Z", "2018-07-30T09:00:00.500000Z"),
        ("2018-07-30T09:00:00.123456+02:00", "2018-07-30T07:00:00.123456Z"),
        ("2018-12-31T23:30:00-01:00", "2019-01-01T00:30:00.000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_an_instant_is_brought_to_utc_in_microseconds(value: str, expected: str) -> None:
    assert encode(datetime, read(datetime, value)) == expected


def test_an_instant_in_any_zone_is_written_in_utc() -> None:
    assert encode(datetime, datetime(2018, 7, 30, 9, tzinfo=timezone(timedelta(hours=5, minutes=30)))) == "2018-07-30T03:30:00.000000Z"


def test_an_instant_finer_than_microseconds_is_refused() -> None:
    with pytest.raises(ValueError, match="at most microseconds"):
        read(datetime, "2018-07-30T09:00:00.1234567Z")


@pytest.mark.parametrize(
    "value", ["2018-07-30T09:00:00", "2018-07-30", "2018-07-30 09:00:00Z", "2018-07-30T24:00:00Z", "2018-07-30T09:00Z", 5, None]
)
def test_an_instant_needs_date_time_and_offset(value: Any) -> None:
    with pytest.raises(ValueError, match="expected an instant with its offset"):
        read(datetime, value)


@pytest.mark.parametrize("value", ["2018-02-30T09:00:00Z", "2018-07-30T09:00:60Z", "0001-01-01T00:00:00+01:00"])
def test_an_instant_that_is_not_in_the_calendar_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"is no instant|no UTC form"):
        read(datetime, value)


def test_a_time_without_a_zone_is_no_moment() -> None:
    with pytest.raises(CanonicalError, match="expected a time with a zone"):
        encode(datetime, datetime(2018, 7, 30, 9))  # noqa: DTZ001  # what is refused


def test_an_aware_datetime_is_an_instant() -> None:
    assert encode(AwareDatetime, datetime(2018, 7, 30, tzinfo=UTC)) == "2018-07-30T00:00:00.000000Z"


@pytest.mark.parametrize("value", ["2018-7-30", "20180730", "2018-07-30T00:00:00Z", "٢٠١٨-07-30", "2018-07-30\n", 20180730, None])
def test_a_date_is_year_month_and_day(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a date"):
        read(date, value)


def test_a_date_that_is_not_in_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="2018-02-30 is no date"):
        read(date, "2018-02-30")


@pytest.mark.parametrize(
    ("value", "expected"), [("09:30", "09:30:00.000000"), ("09:30:15", "09:30:15.000000"), ("09:30:15.25", "09:30:15.250000")]
)
def test_a_time_of_day_is_written_in_microseconds(value: str, expected: str) -> None:
    assert encode(time, read(time, value)) == expected


@pytest.mark.parametrize("value", ["9:30", "09:30Z", "24:00", "09:30:15.1234567", 930, None])
def test_what_is_no_time_of_day_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a time of day"):
        read(time, value)


def test_a_minute_has_sixty_seconds() -> None:
    with pytest.raises(ValueError, match="09:30:60 is no time of day"):
        read(time, "09:30:60")


def test_a_time_of_day_has_no_zone() -> None:
    with pytest.raises(CanonicalError, match="without a zone"):
        encode(time, time(9, 30, tzinfo=UTC))


def test_a_uuid_is_written_in_lower_case() -> None:
    text = "0190D0C4-AAAA-8000-8000-000000000001"

    assert encode(UUID, read(UUID, text)) == text.lower()


@pytest.mark.parametrize(
    "value",
    [
        "0190d0c4aaaa80008000000000000001",
        "{0190d0c4-aaaa-8000-8000-00000000000}",
        "----0190d0c4aaaa80008000000000000001",
        "0190d0c4-aaaa-8000-8000-00000000000g",
        None,
    ],
)
def test_a_uuid_has_its_one_form(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a UUID"):
        read(UUID, value)


def test_bytes_are_base64url_without_padding() -> None:
    assert encode(bytes, b"\xff\xfe") == "__4"
    assert read(bytes, "__4") == b"\xff\xfe"


@pytest.mark.parametrize("value", ["__4=", "//4", "__5", "a", 5, None])
def test_bytes_in_another_alphabet_or_with_spare_bits_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"base64url|expected bytes"):
        read(bytes, value)


def test_an_enum_is_its_value() -> None:
    assert encode(Colour, Colour.RED) == "red"
    assert read(Colour, "blue") is Colour.BLUE
    assert read(Level, 2) is Level.HIGH
    assert codec_for(Colour).kind == "text"
    assert codec_for(Level).kind == "integer"


@pytest.mark.parametrize(
    ("annotation", "value"), [(Colour, "green"), (Colour, "RED"), (Colour, None), (Level, 3), (Level, True), (Level, "1")]
)
def test_what_is_no_value_of_the_enum_is_refused_with_the_values(annotation: Any, value: Any) -> None:
    with pytest.raises(ValueError, match=r"expected one of ('red', 'blue'|1, 2)"):
        read(annotation, value)


def test_a_literal_is_one_of_its_values() -> None:
    assert read(Literal["mg", "ml"], "ml") == "ml"
    with pytest.raises(ValueError, match="expected one of 'mg', 'ml', found str 'g'"):
        read(Literal["mg", "ml"], "g")


def test_none_is_a_value_only_where_it_is_declared() -> None:
    assert read(str | None, None) is None
    assert encode(Decimal | None, None) is None
    assert encode(Decimal | None, Decimal("1.0")) == "1"
    with pytest.raises(ValueError, match="found null"):
        read(str, None)


def test_a_value_is_an_object_with_its_defaults_filled() -> None:
    dose = read(Dose, {"amount": "2.50"})

    assert dose == Dose(amount=Decimal("2.5"))
    assert encode(Dose, dose) == {"amount": "2.5", "unit": "mg"}


def test_everything_wrong_below_a_value_is_told_with_its_path() -> None:
    wrong = {"doses": [{"amount": "1"}, {"amount": 2, "unit": "g"}, "three", {"unit": "mg"}], "colour": "red"}

    with pytest.raises(NestedProblems) as raised:
        read(Part, wrong)

    assert [(problem.path, problem.code) for problem in raised.value.problems] == [
        ("doses.1.amount", "type"),
        ("doses.1.unit", "type"),
        ("doses.2", "type"),
        ("doses.3.amount", "missing"),
        ("colour", "unknown"),
        ("name", "missing"),
    ]


def test_a_frozenset_is_a_sorted_list_without_repeats() -> None:
    assert encode(frozenset[str], frozenset({"b", "a"})) == ["a", "b"]
    assert read(frozenset[str], ["b", "a"]) == frozenset({"a", "b"})
    with pytest.raises(ValueError, match="expected values that differ"):
        read(frozenset[str], ["a", "a"])


@pytest.mark.parametrize("value", ["ab", {"0": "a"}, None, 5])
def test_a_tuple_is_a_list(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a list"):
        read(tuple[str, ...], value)


@pytest.mark.parametrize(
    ("annotation", "remedy"),
    [
        (float, "use Decimal"),
        (Annotated[float, Field(gt=0)], "use Decimal"),
        (float | None, "use Decimal"),
        (tuple[float, ...], "use Decimal"),
        (list[str], "use tuple[T, ...]"),
        (list, "use tuple[T, ...]"),
        (tuple[list[int], ...], "use tuple[T, ...]"),
        (tuple, "use tuple[T, ...]"),
        (dict[str, int], "derives from Value"),
        (dict, "derives from Value"),
        (set[str], "use frozenset[T]"),
        (set, "use frozenset[T]"),
        (Any, "name the type"),
        (NaiveDatetime, "use datetime, which must have one"),
        (tuple[int, str], "tuple of fixed places has no names"),
        (int | str, "declare one type, or one type and None"),
        (complex, "derive it from Value"),
        (bytearray, "derive it from Value"),
        (Literal["a", 1], "all strings or all integers"),
        (Literal[True], "all strings or all integers"),
    ],
)
def test_a_type_without_exact_frozen_bytes_is_refused_with_its_remedy(annotation: Any, remedy: str) -> None:
    with pytest.raises(UnsupportedType) as raised:
        codec_for(annotation)

    assert remedy in str(raised.value)


def test_an_alias_is_what_it_stands_for() -> None:
    alias = TypeAliasType("alias", Annotated[Decimal, Field(decimal_places=2)])

    assert encode(alias, Decimal("1.5")) == "1.50"


def test_constraints_do_not_change_the_codec() -> None:
    assert codec_for(PositiveInt).kind == "integer"
    assert codec_for(Annotated[str, Field(max_length=3)]).kind == "text"


@pytest.mark.parametrize("annotation", [SENSITIVE[str], SENSITIVE[str | None], SENSITIVE[str] | None, Annotated[str, Purpose("sensitive")]])
def test_a_purpose_is_found_inside_and_outside_of_none(annotation: Any) -> None:
    assert codec_for(annotation).purpose == "sensitive"


def test_each_part_with_a_purpose_becomes_a_leaf_of_its_own() -> None:
    codec = codec_for(tuple[Part, ...])
    leaves: list[tuple[str, Any]] = []

    kept = split_leaf(codec, [{"name": "Ada", "doses": []}, {"name": "Bob", "doses": []}], "form/parts", leaves)

    assert leaves == [("form/parts/0/name", "Ada"), ("form/parts/1/name", "Bob")]
    assert kept == [{"name": {"_leaf": "form/parts/0/name"}, "doses": []}, {"name": {"_leaf": "form/parts/1/name"}, "doses": []}]


def test_an_absent_value_leaves_no_leaf() -> None:
    leaves: list[tuple[str, Any]] = []

    assert split_leaf(codec_for(Sensitive[str] | None), None, "form/phone", leaves) is None
    assert leaves == []
