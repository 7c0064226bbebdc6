// A charge point by `ocpp-rpc`, strict in 1.6 and 2.0.1: every message in either direction is checked against the
// standard's schemas (it has none of 2.1's requests).
// Arguments: address, identity, password, protocol. Prints one JSON line for each answer and for each call it hears.
import ocppRpc from "ocpp-rpc";

const [endpoint, identity, password, protocol] = process.argv.slice(2);
const client = new ocppRpc.RPCClient({
  endpoint, identity, password, protocols: [protocol], strictMode: ["ocpp1.6", "ocpp2.0.1"], reconnect: false, deferPingsOnActivity: true,
});
const say = (what) => console.log(JSON.stringify(what));
client.on("strictValidationFailure", ({ error }) => say({ failure: String(error), details: error.details }));
const waiting = [];
const heard = (action, answer) => client.handle(action, ({ params }) => {
  say({ heard: action, params });
  (waiting.shift() ?? (() => {}))(params);
  return answer;
});
const next = () => new Promise((resolve) => waiting.push(resolve));
const at = (seconds = 0) => new Date(Date.now() + 1000 * seconds).toISOString();
const call = async (action, params) => {
  const answer = await client.call(action, params);
  say({ action, answer });
  return answer;
};

const talk16 = async () => {
  heard("RemoteStopTransaction", { status: "Accepted" });
  heard("RemoteStartTransaction", { status: "Accepted" });
  heard("ReserveNow", { status: "Accepted" });
  heard("SetChargingProfile", { status: "Accepted" });
  await call("BootNotification", { chargePointVendor: "Independent", chargePointModel: "ocpp-rpc" });
  await call("StatusNotification", { connectorId: 1, errorCode: "NoError", status: "Preparing", timestamp: at() });
  await call("Authorize", { idTag: "ANNA" });
  await call("Authorize", { idTag: "NOBODY" });
  const begun = await call("StartTransaction", { connectorId: 1, idTag: "ANNA", meterStart: 1000, timestamp: at(-60) });
  const id = begun.transactionId;
  await call("MeterValues", { connectorId: 1, transactionId: id,
    meterValue: [{ timestamp: at(-30), sampledValue: [{ value: "1.05", unit: "kWh" }] }] });
  await next(); // the central system is asked to stop it
  await call("StopTransaction", { transactionId: id, meterStop: 1100, timestamp: at(), reason: "Remote" });
  await call("StopTransaction", { transactionId: id, meterStop: 1100, timestamp: at(), reason: "Remote" });
  await call("DiagnosticsStatusNotification", { status: "Idle" });
  await call("Heartbeat", {});
};

const talk2 = async () => {
  heard("RequestStopTransaction", { status: "Accepted" });
  heard("SetChargingProfile", { status: "Accepted" });
  const idToken = { idToken: "ANNA", type: "ISO14443" };
  const transactionInfo = { transactionId: "its-own-name" };
  const register = (value, context) => [{ timestamp: at(), sampledValue: [
    { value, context, measurand: "Energy.Active.Import.Register", unitOfMeasure: { unit: "Wh" } }] }];
  await call("BootNotification", { reason: "PowerUp", chargingStation: { vendorName: "Independent", model: "ocpp-rpc" } });
  await call("StatusNotification", { timestamp: at(), connectorStatus: "Occupied", evseId: 1, connectorId: 1 });
  await call("Authorize", { idToken });
  // It begins with the plug; who charges is told later.
  await call("TransactionEvent", { eventType: "Started", timestamp: at(-60), triggerReason: "CablePluggedIn", seqNo: 0,
    transactionInfo, evse: { id: 1, connectorId: 1 }, meterValue: register(1000, "Transaction.Begin") });
  await call("TransactionEvent", { eventType: "Updated", timestamp: at(-50), triggerReason: "Authorized", seqNo: 1,
    transactionInfo, idToken });
  await call("TransactionEvent", { eventType: "Updated", timestamp: at(-20), triggerReason: "MeterValuePeriodic", seqNo: 2,
    transactionInfo, meterValue: register(1050, "Sample.Periodic") });
  await next();
  const ended = { eventType: "Ended", timestamp: at(), triggerReason: "RemoteStop", seqNo: 3,
    transactionInfo: { ...transactionInfo, stoppedReason: "Remote" }, meterValue: register(1100, "Transaction.End") };
  await call("TransactionEvent", ended);
  await call("TransactionEvent", ended);
  await call("NotifyEvent", { generatedAt: at(), seqNo: 0, eventData: [{ eventId: 1, timestamp: at(), trigger: "Alerting",
    actualValue: "1", eventNotificationType: "HardWiredNotification", component: { name: "EVSE" }, variable: { name: "Problem" } }] });
  await call("Heartbeat", {});
};

await client.connect();
say({ protocol: client.protocol });
try {
  await (protocol === "ocpp1.6" ? talk16() : talk2());
} catch (error) {
  say({ failure: String(error), code: error.rpcErrorCode });
}
await client.close();
