// Sends webhooks to an application, signed by Twilio's own helpers, and prints how each was answered, as JSON.
// Standard input: {"base": the application's public address, "token", "params": of an incoming text}.

import { readFileSync } from "node:fs";
import twilio from "twilio";

const { base, token, params } = JSON.parse(readFileSync(0, "utf8"));
const answers = {};

async function send(name, url, signature, { method = "POST", type, body } = {}) {
  const headers = { "X-Twilio-Signature": signature, ...(type && { "Content-Type": type }) };
  const response = await fetch(url, { method, headers, body });
  answers[name] = { status: response.status, body: await response.text() };
}

const url = `${base}/sms_url`;
const type = "application/x-www-form-urlencoded; charset=utf-8";
const form = (fields) => ({ type, body: new URLSearchParams(fields).toString() });
const signature = twilio.getExpectedTwilioSignature(token, url, params);
await send("form", url, signature, form(params));
await send("tampered form", url, signature, form({ ...params, Body: "Something else" }));

const asked = `${url}?${new URLSearchParams(params)}`;
const askedSignature = twilio.getExpectedTwilioSignature(token, asked, {});
await send("GET", asked, askedSignature, { method: "GET" });
await send("tampered GET", asked.replace("Body=", "Body=x"), askedSignature, { method: "GET" });

const body = JSON.stringify(params);
const hashed = `${url}?bodySHA256=${twilio.getExpectedBodyHash(body)}`;
const json = { type: "application/json", body };
const hashedSignature = twilio.getExpectedTwilioSignature(token, hashed, {});
await send("JSON", hashed, hashedSignature, json);
await send("tampered JSON", hashed, hashedSignature, { ...json, body: body.replace("Ahoj", "Nazdar") });

const forged = twilio.getExpectedTwilioSignature("not the token", url, params);
await send("another's token", url, forged, form(params));

console.log(JSON.stringify(answers));
