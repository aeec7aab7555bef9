"""What a real Icinga 2 stores of output that obeys the contract."""
import pytest
import stand_in
from lab import icinga

UNITS = {"": "", "s": "seconds", "B": "bytes", "%": "percent", "c": ""}


def check(sample, **more):
    variables = {"check_sample_sample": sample}
    variables.update(more)
    return icinga.check(stand_in.ICINGA, "check_sample", variables, [stand_in.PATH])


def number(text):
    """Icinga keeps plain numbers of warn, crit, min and max; a range becomes null."""
    try:
        return float(text)
    except ValueError:
        return None


def expected_item(text):
    label, _, fields = text.partition("=")
    value, warn, crit, low, high = (fields.split(";") + [""] * 4)[:5]
    digits = value.rstrip("sBc%")
    return {"label": label, "value": float(digits), "unit": UNITS[value[len(digits):]], "warn": number(warn),
            "crit": number(crit), "min": number(low), "max": number(high)}


@pytest.mark.parametrize("sample", sorted(stand_in.SAMPLES))
def test_sample_is_stored_as_promised(sample):
    state, line, more, perf = stand_in.SAMPLES[sample]
    stored = check(sample)
    assert (stored.state, stored.exit) == (state, state)
    assert stored.text == line
    assert stored.long == more
    assert stored.raw == perf
    seen = [{key: one[key] for key in ("label", "value", "unit", "warn", "crit", "min", "max")} for one in stored.perf]
    assert seen == [expected_item(one) for one in perf]


def test_arguments_arrive_byte_for_byte():
    stored = check("arguments", check_sample_echo=stand_in.NASTY, check_sample_flag=True)
    seen = stand_in.echoed(stored.long)
    assert seen.count("--flag") == 1
    assert [one for one in seen if one not in ("--flag", "--echo")] == stand_in.NASTY
    assert seen.count("--echo") == len(stand_in.NASTY)


def test_false_flag_and_unset_variable_pass_nothing():
    stored = check("arguments", check_sample_flag=False)
    assert stored.long == []


def test_missing_plugin_is_unknown():
    stored = icinga.check(stand_in.ICINGA, "check_sample", {}, [])
    assert stored.state == 3
    assert "check_sample" in stored.text


@pytest.mark.parametrize("mistake", ['object CheckCommand "x" { comand = [ "/bin/true" ] }',
                                     'object CheckCommand "x" { command = [ "/bin/true" ], arguments = { "-x" = "$a" } }'])
def test_validate_finds_mistakes(mistake):
    code, text = icinga.validate(mistake)
    assert code != 0, text


def test_validate_accepts_the_definition():
    code, text = icinga.validate(stand_in.ICINGA)
    assert code == 0, text
