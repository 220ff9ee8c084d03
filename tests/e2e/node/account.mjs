// Numbers, recordings and alerts with Twilio's own client, of which only the addresses are changed.
// Standard input: {"simulator": its address, "account", "token", "sms": an address for texts, "call": the SID of a recorded call}.

import { readFileSync } from "node:fs";
import twilio from "twilio";

const { simulator, account, token, sms, call } = JSON.parse(readFileSync(0, "utf8"));
const client = twilio(account, token);
client.api.baseUrl = simulator;
client.monitor.baseUrl = simulator;

const [offer] = await client.availablePhoneNumbers("US").local.list({ areaCode: 206, limit: 1 });
const bought = await client.incomingPhoneNumbers.create({ phoneNumber: offer.phoneNumber });
const pointed = await client.incomingPhoneNumbers(bought.sid).update({ smsUrl: sms, smsMethod: "GET" });
const owned = await client.incomingPhoneNumbers.list();
const released = await client.incomingPhoneNumbers(bought.sid).remove();
const [recording] = await client.recordings.list({ callSid: call });
const fetched = await client.recordings(recording.sid).fetch();
const media = await fetch(`${simulator}${fetched.uri.replace(".json", ".wav")}`, {
  headers: { Authorization: `Basic ${Buffer.from(`${account}:${token}`).toString("base64")}` },
});
const sound = Buffer.from(await media.arrayBuffer());
const deleted = await client.recordings(recording.sid).remove();
const alerts = await client.monitor.v1.alerts.list({ limit: 5 });

console.log(
  JSON.stringify({
    offered: offer.phoneNumber,
    pointed: { number: pointed.phoneNumber, sms: pointed.smsUrl, method: pointed.smsMethod },
    owned: owned.map((line) => line.phoneNumber),
    released,
    recording: { call: fetched.callSid, status: fetched.status, source: fetched.source },
    sound: sound.subarray(0, 4).toString(),
    deleted,
    alerts: alerts.every((alert) => alert.sid.startsWith("NO")),
  }),
);
