// Creates meetings with the Graph client for JavaScript, as `measure` orders.

import { createInterface } from "node:readline";

import { Client } from "@microsoft/microsoft-graph-client";

const { STAND_IN, TOKEN, STAFF, STAFF_ID } = process.env;

const graph = Client.init({
  baseUrl: `${STAND_IN}/`,
  customHosts: new Set([new URL(STAND_IN).hostname]),
  authProvider: (done) => done(null, TOKEN),
});

async function createMeeting(name) {
  const meeting = await graph.api("/me/onlineMeetings/createOrGet").post({
    externalId: name,
    startDateTime: "2030-03-17T17:46:40Z",
    endDateTime: "2030-03-17T18:16:40Z",
    subject: "Mortgage advice",
    participants: { attendees: [{ upn: STAFF, role: "presenter", identity: { user: { id: STAFF_ID } } }] },
  });
  if (!meeting.joinWebUrl?.startsWith("https://")) throw new Error(`no link: ${JSON.stringify(meeting)}`);
}

// One stretch of calls, as measure/driver has it.
async function stretch({ prefix, in_flight, milliseconds }) {
  const begun = performance.now();
  const end = begun + milliseconds;
  const latencies = [];
  let failure = null;
  let number = 0;
  const caller = async () => {
    let now = performance.now();
    while (now < end && failure === null) {
      try {
        await createMeeting(`${prefix}-${number++}`);
      } catch (error) {
        failure ??= String(error.stack ?? error);
        return;
      }
      const after = performance.now();
      latencies.push(Math.round((after - now) * 1000));
      now = after;
    }
  };
  await Promise.all(Array.from({ length: in_flight }, caller));
  return { seconds: (performance.now() - begun) / 1000, latencies, failure };
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await stretch(JSON.parse(line))));
}
