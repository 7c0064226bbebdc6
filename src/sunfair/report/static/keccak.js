// Keccak-256 as Ethereum uses it (FIPS 202's permutation, the original padding 0x01), on 32-bit halves of the lanes.
(() => {
  const RATE = 136; // bytes a block takes in
  const LANES = new Int32Array(50); // lane i: low half at 2i, high half at 2i + 1
  const COLUMN = new Int32Array(10);
  const ROUND = new Int32Array(48);
  const ROTATE = new Int32Array(24);
  const TARGET = new Int32Array(24);

  // Round constants: bits of a linear feedback shift register (x⁸ + x⁶ + x⁵ + x⁴ + 1) at places 2ʲ − 1.
  for (let round = 0, register = 1; round < 24; round++) {
    for (let j = 0; j < 7; j++) {
      if (register & 1) {
        const bit = (1 << j) - 1;
        ROUND[2 * round + (bit >> 5)] ^= 1 << (bit & 31);
      }
      register = register & 0x80 ? ((register << 1) ^ 0x171) & 0xff : register << 1;
    }
  }
  // ρ and π together: the walk (x, y) → (y, 2x + 3y) visits every lane but the first.
  for (let step = 0, x = 1, y = 0; step < 24; step++) {
    ROTATE[step] = (((step + 1) * (step + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
    TARGET[step] = 2 * (x + 5 * y);
  }

  function theta(s) {
    for (let x = 0; x < 10; x++) COLUMN[x] = s[x] ^ s[x + 10] ^ s[x + 20] ^ s[x + 30] ^ s[x + 40];
    for (let x = 0; x < 10; x += 2) {
      const before = x === 0 ? 8 : x - 2;
      const after = x === 8 ? 0 : x + 2;
      const low = COLUMN[after];
      const high = COLUMN[after + 1];
      const a = COLUMN[before] ^ ((low << 1) | (high >>> 31));
      const b = COLUMN[before + 1] ^ ((high << 1) | (low >>> 31));
      for (let y = x; y < 50; y += 10) {
        s[y] ^= a;
        s[y + 1] ^= b;
      }
    }
  }

  // No rotation is by 0 or 32, so both shifts are always by 1 to 31.
  function rhoPi(s) {
    let low = s[2];
    let high = s[3];
    for (let step = 0; step < 24; step++) {
      const at = TARGET[step];
      const by = ROTATE[step] & 31;
      const far = ROTATE[step] > 31;
      const a = far ? high : low;
      const b = far ? low : high;
      low = s[at];
      high = s[at + 1];
      s[at] = (a << by) | (b >>> (32 - by));
      s[at + 1] = (b << by) | (a >>> (32 - by));
    }
  }

  function chi(s) {
    for (let at = 0; at < 50; at += at % 2 ? 9 : 1) {
      const a = s[at];
      const b = s[at + 2];
      const c = s[at + 4];
      const d = s[at + 6];
      const e = s[at + 8];
      s[at] = a ^ (~b & c);
      s[at + 2] = b ^ (~c & d);
      s[at + 4] = c ^ (~d & e);
      s[at + 6] = d ^ (~e & a);
      s[at + 8] = e ^ (~a & b);
    }
  }

  function permute(s) {
    for (let round = 0; round < 24; round++) {
      theta(s);
      rhoPi(s);
      chi(s);
      s[0] ^= ROUND[2 * round];
      s[1] ^= ROUND[2 * round + 1];
    }
  }

  /** The 32-byte hash of a Uint8Array. */
  function keccak256(message) {
    const s = LANES.fill(0);
    const padded = new Uint8Array((Math.floor(message.length / RATE) + 1) * RATE);
    padded.set(message);
    padded[message.length] ^= 0x01;
    padded[padded.length - 1] ^= 0x80;
    const words = new DataView(padded.buffer);
    for (let block = 0; block < padded.length; block += RATE) {
      for (let i = 0; i < RATE / 4; i++) s[i] ^= words.getInt32(block + 4 * i, true);
      permute(s);
    }
    const hash = new Uint8Array(32);
    const out = new DataView(hash.buffer);
    for (let i = 0; i < 8; i++) out.setInt32(4 * i, s[i], true);
    return hash;
  }

  globalThis.sunfair = { keccak256 };
})();
