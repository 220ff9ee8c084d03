// Sends what a Node program asks of https://….twilio.com to the simulator instead, without a change to the program:
//
//   NODE_OPTIONS="--require /path/to/simulator/clients/node.cjs" TWILIO_API_URL=http://127.0.0.1:5050 twilio api:core:calls:list
//
// It stands in for https.request and https.get, which Twilio's client, its command line and axios use; fetch is left alone.

const http = require("node:http");
const https = require("node:https");

const simulator = new URL(process.env.TWILIO_API_URL || "http://127.0.0.1:5050");
const direct = https.request;

function optionsOf(first, second) {
  if (typeof first !== "string" && !(first instanceof URL)) return { ...first };
  const { hostname, port, pathname, search, username, password } = new URL(first);
  const auth = username ? `${decodeURIComponent(username)}:${decodeURIComponent(password)}` : undefined;
  return { hostname, port, path: pathname + search, auth, ...(typeof second === "object" ? second : {}) };
}

function isTwilio(host) {
  return /(^|\.)twilio\.com$/.test(String(host).replace(/:\d+$/, ""));
}

https.request = function (...given) {
  const options = optionsOf(given[0], given[1]);
  if (!isTwilio(options.hostname || options.host)) return direct.apply(https, given);
  for (const name of ["agent", "agents", "host", "hostname", "port", "protocol", "defaultPort", "servername"]) delete options[name];
  if (options.headers) {
    options.headers = Object.fromEntries(Object.entries(options.headers).filter(([name]) => name.toLowerCase() !== "host"));
  }
  const answer = given.find((one) => typeof one === "function");
  return http.request({ ...options, protocol: "http:", hostname: simulator.hostname, port: simulator.port }, answer);
};

https.get = function (...given) {
  const request = https.request(...given);
  request.end();
  return request;
};
