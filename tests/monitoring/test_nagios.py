"""What a real Nagios 4 stores of output that obeys the contract."""
import pytest
import stand_in
from lab import nagios

COMMAND = """
define command {
    command_name    check_sample
    command_line    $USER1$/check_sample --sample='$ARG1$'
}
"""


def object_quote(text):
    """A value inside an object file: a dollar is doubled and a semicolon gets a backslash."""
    return text.replace("$", "$$").replace(";", "\\;")


@pytest.mark.parametrize("sample", sorted(stand_in.SAMPLES))
def test_sample_is_stored_as_promised(sample):
    state, line, more, perf = stand_in.SAMPLES[sample]
    stored = nagios.check(COMMAND, "check_sample!" + sample, [stand_in.PATH])
    assert stored.state == state
    assert stored.text == line
    assert stored.long == more
    assert stored.perf == " ".join(perf)


def test_arguments_arrive_byte_for_byte():
    words = " ".join(stand_in.shell_quote(one) for one in stand_in.NASTY)
    command = """
define command {
    command_name    check_sample
    command_line    $USER1$/check_sample --sample=arguments %s
}
""" % object_quote(words)
    stored = nagios.check(command, "check_sample", [stand_in.PATH])
    assert stand_in.echoed(stored.long) == stand_in.NASTY


def test_missing_plugin_is_critical():
    """Nagios itself says so."""
    stored = nagios.check(COMMAND, "check_sample!ok", [])
    assert stored.state == 2
    assert "No such file or directory" in stored.text


def test_validate_finds_an_unknown_directive():
    code, text = nagios.validate(COMMAND.replace("command_line", "comand_line"), nagios.CHECK % "check_sample!ok")
    assert code != 0, text


def test_validate_accepts_the_definition():
    code, text = nagios.validate(COMMAND, nagios.CHECK % "check_sample!ok")
    assert code == 0, text
