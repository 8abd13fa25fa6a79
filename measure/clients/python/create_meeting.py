"""Creates meetings with the Graph SDK for Python, as `measure` orders."""

import asyncio
import json
import os
import sys
import time
from datetime import datetime, timezone

from kiota_abstractions.authentication import (
    AccessTokenProvider, AllowedHostsValidator, BaseBearerTokenAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.identity import Identity
from msgraph.generated.models.identity_set import IdentitySet
from msgraph.generated.models.meeting_participant_info import MeetingParticipantInfo
from msgraph.generated.models.meeting_participants import MeetingParticipants
from msgraph.generated.models.online_meeting_role import OnlineMeetingRole
from msgraph.generated.users.item.online_meetings.create_or_get.create_or_get_post_request_body import (
    CreateOrGetPostRequestBody,
)

START = datetime(2030, 3, 17, 17, 46, 40, tzinfo=timezone.utc)
END = datetime(2030, 3, 17, 18, 16, 40, tzinfo=timezone.utc)


class Held(AccessTokenProvider):
    """A token that is there already: nothing is refreshed."""

    async def get_authorization_token(self, uri, additional_authentication_context={}):
        return os.environ["TOKEN"]

    def get_allowed_hosts_validator(self):
        return AllowedHostsValidator([])


def client():
    adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Held()))
    adapter.base_url = f"{os.environ['STAND_IN']}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


async def create_meeting(graph, name):
    attendee = MeetingParticipantInfo(
        upn=os.environ["STAFF"],
        role=OnlineMeetingRole.Presenter,
        identity=IdentitySet(user=Identity(id=os.environ["STAFF_ID"])),
    )
    meeting = await graph.me.online_meetings.create_or_get.post(CreateOrGetPostRequestBody(
        external_id=name,
        start_date_time=START,
        end_date_time=END,
        subject="Mortgage advice",
        participants=MeetingParticipants(attendees=[attendee]),
    ))
    if not (meeting.join_web_url or "").startswith("https://"):
        raise AssertionError(f"no link: {meeting}")


async def stretch(graph, order):
    """One stretch of calls, as measure/driver has it."""
    begun = time.perf_counter()
    end = begun + order["milliseconds"] / 1000
    latencies, failures, numbers = [], [], iter(range(1 << 62))

    async def caller():
        now = time.perf_counter()
        while now < end and not failures:
            try:
                await create_meeting(graph, f"{order['prefix']}-{next(numbers)}")
            except Exception as failure:
                failures.append(repr(failure))
                return
            after = time.perf_counter()
            latencies.append(round((after - now) * 1e6))
            now = after

    await asyncio.gather(*(caller() for _ in range(order["in_flight"])))
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "latencies": latencies, "failure": failures[0] if failures else None}


def main():
    loop = asyncio.new_event_loop()
    graph = client()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(loop.run_until_complete(stretch(graph, json.loads(line)))), flush=True)


main()
