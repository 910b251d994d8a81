"""The measurement of the client: every way is answered, by the same server, in one run."""

from infra.local.bench import client


def test_every_way_of_calling_is_measured_beside_its_alternative(mocker):
    mocker.patch.object(client, "ROUNDS", 1)
    mocker.patch.object(client, "CALLS", 30)
    mocker.patch.object(client, "IDS", client.IDS[:30])

    figures = list(client.figures())

    assert [figure.name for figure in figures] == [
        *["client.get.calls_per_second", "client.get.cpu_per_call"] * 2,
        "client.batch_of_25.calls_per_second",
        "client.batch_of_25.cpu_per_call",
    ]
    assert all(figure.value > 0 and figure.ratio > 0 for figure in figures)
