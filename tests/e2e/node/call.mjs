// Calls and texts with Twilio's own client, of which only the address is changed, and prints what it made of the answers.
// Standard input: {"simulator": its address, "account", "token", "from", "to", "voice": the address of the call's TwiML}.

import { readFileSync } from "node:fs";
import twilio from "twilio";

const { simulator, account, token, from, to, voice } = JSON.parse(readFileSync(0, "utf8"));
const client = twilio(account, token);
client.api.baseUrl = simulator;

const placed = await client.calls.create({ from, to, url: voice });
const fetched = await client.calls(placed.sid).fetch();
const listed = await client.calls.list({ to });
const text = await client.messages.create({ from, to, body: "Ahoj 🐒" });
const refusal = await client.calls.create({ from, to: "+1", url: voice }).catch((error) => error);
const textRefusal = await client.messages.create({ from, to: "+1", body: "Ahoj" }).catch((error) => error);
const stranger = twilio(account, "not the token");
stranger.api.baseUrl = simulator;
const locked = await stranger.calls.list({ limit: 1 }).catch((error) => error);

const seen = ({ name, status, code, moreInfo }) => ({ name, status, code, moreInfo });
console.log(
  JSON.stringify({
    placed: { sid: placed.sid, to: placed.to, status: placed.status },
    fetched: { sid: fetched.sid, dated: fetched.dateCreated instanceof Date },
    listed: listed.map((call) => call.sid),
    text: { sid: text.sid, to: text.to, body: text.body, segments: text.numSegments },
    refusal: seen(refusal),
    textRefusal: seen(textRefusal),
    locked: seen(locked),
  }),
);
