"""The names of channels that send to people are those of the channels that say so."""

from pathlib import Path

from changeflow.delivery.channel_names import REACHING_PEOPLE
from changeflow.delivery.channels import CHANNELS, ChannelSettings
from tests.delivery.test_posting import KEY


def test_every_channel_is_named_as_it_says_itself(tmp_path: Path):
    settings = ChannelSettings(
        outbox=tmp_path,
        smtp_url="smtp://mail.example.org:25",
        notify_key=KEY,
        notify_template="reminder",
        teams_url="https://teams.example.org/flow",
    )
    made = {name: make(settings) for name, make in CHANNELS.items()}
    assert {name for name, channel in made.items() if channel.reaches_people} == REACHING_PEOPLE
    assert {name: channel.name for name, channel in made.items()} == {name: name for name in CHANNELS}
