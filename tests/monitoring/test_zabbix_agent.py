"""What a real Zabbix agent answers when a plugin whose output obeys the contract is its UserParameter."""
import json

import pytest
import stand_in
from lab import zabbix_agent

DEFINITION = "UserParameter=sample[*],@PLUGINS@/check_sample --sample=$1"


@pytest.mark.parametrize("sample", sorted(stand_in.SAMPLES))
def test_sample_is_the_value_without_its_last_newline(sample):
    answer = zabbix_agent.get(DEFINITION, "sample[%s]" % sample, [stand_in.PATH])
    assert answer.error is None
    assert answer.value == stand_in.output(sample).rstrip("\n")


def test_json_arrives_whole():
    """A master item: the exit code does not matter, every digit does."""
    answer = zabbix_agent.get(DEFINITION, "sample[json]", [stand_in.PATH])
    page = json.loads(answer.value)
    assert page == json.loads(stand_in.JSON)
    assert page["items"][0]["metrics"][0]["value"] == 9223372036854775807


def test_arguments_of_the_definition_arrive_byte_for_byte():
    words = " ".join(stand_in.shell_quote(one) for one in stand_in.NASTY)
    answer = zabbix_agent.get("UserParameter=args,@PLUGINS@/check_sample --sample=arguments " + words, "args",
                              [stand_in.PATH])
    assert stand_in.echoed(answer.value.split("\n")[1:]) == stand_in.NASTY


@pytest.mark.parametrize("value", ["~:10", "@1:5", "$HOME", "a;b"])
def test_agent_refuses_special_characters_of_a_key(value):
    """Why the shipped UserParameters take the name of a section and no threshold."""
    answer = zabbix_agent.get(DEFINITION, "sample[%s]" % value, [stand_in.PATH])
    assert answer.value is None
    assert "Special characters" in answer.error


def test_key_can_be_tested_without_a_server():
    code, text = zabbix_agent.test_key(DEFINITION, "sample[warning]", [stand_in.PATH])
    assert code == 0
    assert stand_in.output("warning").rstrip("\n") in text
