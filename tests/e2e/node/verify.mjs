// Prints, as JSON, whether Twilio's own validator takes each webhook that the simulator sent.
// Standard input: {"token", "requests": as the simulator's GET /requests lists them}.

import { readFileSync } from "node:fs";
import twilio from "twilio";

const { token, requests } = JSON.parse(readFileSync(0, "utf8"));
const signed = ({ method, params }) => (method === "POST" ? Object.fromEntries(params) : {});
console.log(JSON.stringify(requests.map((sent) => twilio.validateRequest(token, sent.signature, sent.url, signed(sent)))));
