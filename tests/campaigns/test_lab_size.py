"""The campaign of sizes: small enough for every day, and whole."""

import pytest

from tests.campaigns import lab_size

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]


@pytest.mark.e2e
def test_a_few_images_go_all_the_way():
    row = lab_size.measure(600)
    assert row["accuracy"] > 0.6
    assert row["second_fit_of_features"] < row["first_fit_of_features"]
    assert lab_size.faults([row]) == []


@pytest.mark.campaign
@pytest.mark.timeout(6 * 3600)
def test_memory_stays_flat_up_to_a_hundred_and_twenty_thousand_images():
    assert lab_size.faults([lab_size.measure(images) for images in lab_size.SIZES]) == []
