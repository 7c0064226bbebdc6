// A charge point with a meter of its own, by `ocpp-rpc` (strict) and OpenSSL's secp256k1: nothing of it is Sunfair's.
// Arguments: address, identity, password, protocol. Reads one JSON line for each thing to do, prints one for each answer
// and for each call it hears; the first line printed holds the meter's public key (SPKI, hex) and a sample record.
//   {"do":"start","tag":T,"at":ISO,"wh":N}  {"do":"meter",…}  {"do":"stop",…}  {"do":"end"}
import { createInterface } from "node:readline";
import { generateKeyPairSync, sign } from "node:crypto";
import ocppRpc from "ocpp-rpc";

const [endpoint, identity, password, protocol] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "secp256k1" });

// ── The meter ────────────────────────────────────────────────────────────────────────────────────────────────────────
let page = 0;
const stamp = (at) => new Date(at).toISOString().replace(/\.(\d{3})Z$/, ",$1+0000 S");
const reading = ({ at, wh }, TX) => ({
  TM: stamp(at), TX, RV: (wh / 1000).toFixed(3), RI: "1-b:1.8.0", RU: "kWh", RT: "AC", EF: "", ST: "G" });
const record = (tag, begin, end) => {
  const payload = JSON.stringify({
    FV: "1.1", GI: "Independent", GS: "IND-0815", GV: "2.3", PG: `T${(page += 1)}`, MV: "OpenSSL", MM: "M1", MS: "IND-0815",
    IS: true, IL: "VERIFIED", IF: ["OCPP_AUTH"], IT: "CENTRAL", ID: tag, CT: "CBIDC", CI: identity,
    RD: [reading(begin, "B"), reading(end, "E")] });
  const SD = sign("sha256", Buffer.from(payload), { key: privateKey, dsaEncoding: "der" }).toString("hex");
  return `OCMF|${payload}|${JSON.stringify({ SA: "ECDSA-secp256k1-SHA256", SD })}`;
};
const noon = Date.UTC(2026, 0, 1, 12);
say({ key: publicKey.export({ type: "spki", format: "der" }).toString("hex"),
  sample: record("SAMPLE", { at: noon, wh: 0 }, { at: noon + 60_000, wh: 10 }) });

// ── The two protocols ────────────────────────────────────────────────────────────────────────────────────────────────
const client = new ocppRpc.RPCClient({
  endpoint, identity, password, protocols: [protocol], strictMode: true, reconnect: false, deferPingsOnActivity: true });
client.on("strictValidationFailure", ({ error }) => say({ failure: String(error), details: error.details }));
for (const action of ["ReserveNow", "CancelReservation", "SetChargingProfile"]) {
  client.handle(action, ({ params }) => { say({ heard: action, params }); return { status: "Accepted" }; });
}
const call = async (action, params) => {
  const answer = await client.call(action, params);
  say({ action, answer });
  return answer;
};
let begin, id;

const v16 = {
  boot: () => call("BootNotification", { chargePointVendor: "Independent", chargePointModel: "ocpp-rpc" }),
  start: async ({ tag, at, wh }) => {
    const { idTagInfo } = await call("Authorize", { idTag: tag });
    if (idTagInfo.status !== "Accepted") return;
    begin = { tag, at, wh };
    id = (await call("StartTransaction", { connectorId: 1, idTag: tag, meterStart: wh, timestamp: at })).transactionId;
  },
  meter: ({ at, wh }) => call("MeterValues", { connectorId: 1, transactionId: id,
    meterValue: [{ timestamp: at, sampledValue: [{ value: (wh / 1000).toFixed(3), unit: "kWh" }] }] }),
  stop: ({ at, wh }) => call("StopTransaction", { transactionId: id, idTag: begin.tag, meterStop: wh, timestamp: at,
    reason: "EVDisconnected", transactionData: [{ timestamp: at, sampledValue: [
      { value: record(begin.tag, begin, { at, wh }), format: "SignedData", context: "Transaction.End" }] }] }),
};

const transactionInfo = { transactionId: "night-1" };
const register = (at, wh, context, signed) => [{ timestamp: at, sampledValue: [{ value: wh, context,
  measurand: "Energy.Active.Import.Register", unitOfMeasure: { unit: "Wh" }, ...(signed && { signedMeterValue: {
    signedMeterData: Buffer.from(signed).toString("base64"), signingMethod: "", encodingMethod: "OCMF", publicKey: "" } }) }] }];
let seqNo = 0;
const event = (eventType, at, triggerReason, more) => call("TransactionEvent",
  { eventType, timestamp: at, triggerReason, seqNo: seqNo++, transactionInfo, ...more });
const v201 = {
  boot: () => call("BootNotification", { reason: "PowerUp", chargingStation: { vendorName: "Independent", model: "ocpp-rpc" } }),
  start: async ({ tag, at, wh }) => {
    const idToken = { idToken: tag, type: "Central" };
    const { idTokenInfo } = await call("Authorize", { idToken });
    if (idTokenInfo.status !== "Accepted") return;
    begin = { tag, at, wh };
    await event("Started", at, "Authorized", { idToken, evse: { id: 1, connectorId: 1 },
      meterValue: register(at, wh, "Transaction.Begin") });
  },
  meter: ({ at, wh }) => event("Updated", at, "MeterValuePeriodic", { meterValue: register(at, wh, "Sample.Periodic") }),
  stop: ({ at, wh }) => event("Ended", at, "EVDeparted", {
    transactionInfo: { ...transactionInfo, stoppedReason: "EVDisconnected" },
    meterValue: register(at, wh, "Transaction.End", record(begin.tag, begin, { at, wh })) }),
};

const talk = protocol === "ocpp1.6" ? v16 : v201;
try {
  await client.connect();
  await talk.boot();
  for await (const line of createInterface({ input: process.stdin })) {
    const what = JSON.parse(line);
    if (what.do === "end") break;
    await talk[what.do](what);
    say({ did: what.do });
  }
} catch (error) {
  say({ failure: String(error), code: error.rpcErrorCode });
}
await client.close();
process.exit(0);
