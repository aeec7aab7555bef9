"""What check_nrpe prints when a real NRPE server runs a plugin whose output obeys the contract."""
import pytest
import stand_in
from lab import nrpe


def definition(sample):
    return "command[check_sample]=@PLUGINS@/check_sample --sample=%s" % sample


@pytest.mark.parametrize("sample", sorted(stand_in.SAMPLES))
def test_sample_arrives_verbatim(sample):
    seen = nrpe.check(definition(sample), "check_sample", [stand_in.PATH])
    assert seen.state == stand_in.SAMPLES[sample][0]
    assert seen.out == stand_in.output(sample)


def test_through_tls():
    seen = nrpe.check(definition("critical"), "check_sample", [stand_in.PATH], tls=True)
    assert (seen.state, seen.out) == (2, stand_in.output("critical"))


def test_old_protocol_carries_a_short_output_whole():
    seen = nrpe.check(definition("short"), "check_sample", [stand_in.PATH], version=2)
    assert (seen.state, seen.out) == (1, stand_in.output("short"))


def test_old_protocol_cuts_a_long_output_behind_line_1():
    """Why line 1 says everything: state and line 1 survive the 1024 bytes of protocol 2, performance data does not."""
    seen = nrpe.check(definition("many"), "check_sample", [stand_in.PATH], version=2)
    assert seen.state == 2
    assert seen.text == stand_in.SAMPLES["many"][1]
    assert len(seen.out.encode()) <= 1024
    assert seen.perf == ""


def test_arguments_arrive_byte_for_byte():
    words = " ".join(stand_in.shell_quote(one) for one in stand_in.NASTY)
    line = "command[check_sample]=@PLUGINS@/check_sample --sample=arguments " + words.replace("$", "$$")
    seen = nrpe.check(line, "check_sample", [stand_in.PATH])
    assert stand_in.echoed(seen.long) == stand_in.NASTY


def test_missing_plugin_is_unknown():
    assert nrpe.check(definition("ok"), "check_sample", []).state == 3
