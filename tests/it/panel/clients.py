"""Four client packages of resellers do what resellers do. Fails with a traceback."""
import asyncio
import json
import sys

import optsmm
import safesmm
import smm
import smmpy

wish = json.loads(sys.argv[1])
url, key, service, links = wish["url"], wish["key"], wish["service"], wish["links"]
FEW = "Quantity less than minimal 50"


def refused(ask, text):
    try:
        answer = ask()
    except Exception as error:
        assert str(error) == text, (error, text)
    else:
        raise AssertionError((answer, text))


def followed(status, many, order):
    assert status["status"] in ("Pending", "In progress", "Completed"), status
    assert status["charge"] == "1.17" and status["currency"] == "USD", status
    int(status["start_count"]), int(status["remains"])
    assert set(many) == {str(order), "999999"}, many
    assert many["999999"] == {"error": "Incorrect order ID"}, many


def common(client, services, balance, link):
    row = next(row for row in services() if row["service"] == service)
    assert float(row["rate"]) == 1.17 and int(row["min"]) == 50, row
    assert float(balance()["balance"]) > 90
    refused(lambda: client.add_order(service, link, 1), FEW)
    order = client.add_order(service, link, 1000)["order"]
    print("ORDER", order)
    return order


safe = safesmm.SafeSMM(key, api_url=url)
order = common(safe, safe.services, safe.balance, links[0])
followed(safe.status(order), safe.multi_status([order, 999999]), order)
refused(lambda: safe.refill(order), "Refill is disabled for this service")
assert safe.cancel([999999]) == [{"order": 999999, "cancel": {"error": "Incorrect order ID"}}]
refused(safesmm.SafeSMM("wrong", api_url=url).balance, "Invalid API key")

for client, link in ((smm.SMM(url, key), links[1]), (smmpy.smm(url, key), links[2])):
    order = common(client, client.get_services, client.get_balance, link)
    followed(client.get_status(order), client.get_multi_status([order, 999999]), order)
    refused(lambda: client.create_refill(order), "Refill is disabled for this service")
    assert client.get_multi_refill_status([1]) == [{"refill": 1, "status": {"error": "Refill not found"}}]


async def by_address():
    client = optsmm.OptSMM(key)
    client.base_url = url
    balance, currency = await client.balance()
    assert balance > 90 and currency == "USD"
    order = await client.create_order(service, links[3], 1000)
    assert isinstance(order, int), order
    print("ORDER", order)
    assert (await client.order_status(order))["charge"] == "1.17"


asyncio.run(by_address())
