// All proofs of the page, worked out piece by piece while it stays usable; whoever shows a result asks to be told.
(() => {
  const S = globalThis.sunfair;
  const SHARE = 24; // ms of work at a time
  const TELL = 120; // ms between two looks at how far it is
  const listeners = [];
  const state = { homes: new Map(), done: 0, total: 0, rows: 0, slots: 0, finished: false, faults: [] };

  const tell = () => listeners.forEach((listener) => listener(state));

  function checkHome(home) {
    const result = S.proof.checkHome(home);
    const good = result.fits && result.wrong.length === 0;
    state.homes.set(home, { ...result, good });
    state.rows += S.day.count;
    if (!good) {
      const where = result.wrong.length ? ` at ${S.clock(S.day.first + result.wrong[0])}` : "";
      const text = `The rows of ${S.data.homes[home].id} do not add up${where}.`;
      state.faults.push({ text, home, t: result.wrong[0] ?? 0 });
    }
  }

  function checkSlot(t) {
    const { faults } = S.proof.slot(t);
    state.slots += 1;
    if (faults.length) state.faults.push({ text: `The auction of ${S.span(S.day.first + t)}: ${faults[0]}.` });
  }

  function checkRoots() {
    const { BAD } = S.proof;
    if (S.proof.settlement().status === BAD)
      state.faults.push({ text: "The rows do not lead to the settlement on the chain." });
    if (S.proof.zeroSum() === BAD) state.faults.push({ text: "The amounts on the chain do not sum to zero." });
    if (S.proof.auctionHere() && S.proof.anchor().status === BAD)
      state.faults.push({ text: "The auctions do not lead to the anchor on the chain." });
  }

  function* work() {
    for (let home = 0; home < S.day.homes; home++) yield () => checkHome(home);
    if (S.proof.auctionHere()) for (let t = 0; t < S.day.count; t++) yield () => checkSlot(t);
    yield checkRoots;
    yield () => state.faults.push(...S.holderFaults());
  }

  /** Starts the checks; `state` is handed to every listener as they go on. */
  function start() {
    const tasks = [...work()].reverse();
    state.total = tasks.length;
    let told = 0;
    const step = () => {
      const until = performance.now() + SHARE;
      while (tasks.length && performance.now() < until) {
        tasks.pop()();
        state.done += 1;
      }
      state.finished = tasks.length === 0;
      if (state.finished || performance.now() - told > TELL) {
        tell();
        told = performance.now();
      }
      if (!state.finished) setTimeout(step, 0);
    };
    setTimeout(step, 60);
  }

  /** Be told now and on every change. */
  function listen(listener) {
    listeners.push(listener);
    listener(state);
  }

  S.check = { state, start, listen };
})();
