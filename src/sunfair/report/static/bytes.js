// Fixed-width, big-endian layouts: what leaves, nodes and headers are made of (docs/formats.md).
(() => {
  const S = globalThis.sunfair;
  const LOW = 2 ** 32;

  /** Bytes written one after the other into a buffer of known length. */
  class Writer {
    constructor(length) {
      this.bytes = new Uint8Array(length);
      this.view = new DataView(this.bytes.buffer);
      this.at = 0;
    }
    u1(value) {
      this.bytes[this.at++] = value;
      return this;
    }
    u2(value) {
      this.view.setUint16(this.at, value);
      this.at += 2;
      return this;
    }
    u4(value) {
      this.view.setUint32(this.at, value);
      this.at += 4;
      return this;
    }
    /** 8 bytes, two's complement; any whole number a double holds exactly. */
    i8(value) {
      this.view.setInt32(this.at, Math.floor(value / LOW));
      this.view.setUint32(this.at + 4, value >>> 0);
      this.at += 8;
      return this;
    }
    raw(bytes) {
      this.bytes.set(bytes, this.at);
      this.at += bytes.length;
      return this;
    }
    hash() {
      if (this.at !== this.bytes.length) throw new Error(`${this.at} of ${this.bytes.length} bytes written`);
      return S.keccak256(this.bytes);
    }
  }

  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const fromBase64 = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

  Object.assign(S, { Writer, hex, fromHex, fromBase64, same, ZERO: new Uint8Array(32) });
})();
