"""promtool accepts the form that the contract gives to the prometheus output, and refuses what it forbids."""
import pytest
import stand_in
from lab import promtool


def test_sample_is_accepted_without_a_remark():
    assert promtool.check_metrics(stand_in.PROMETHEUS) == (0, "")


@pytest.mark.parametrize("name, text", [
    ("a status line", "SAMPLE OK - fine\n" + stand_in.PROMETHEUS),
    ("no newline at the end", stand_in.PROMETHEUS.rstrip("\n")),
    ("no HELP", stand_in.PROMETHEUS.split("\n", 1)[1]),
    ("a dash in a name", stand_in.PROMETHEUS.replace("cdc_check_item_state", "cdc_check_item-state")),
])
def test_mistakes_are_found(name, text):
    code, said = promtool.check_metrics(text)
    assert code != 0, name
    assert said
