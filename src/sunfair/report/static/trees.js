// Merkle trees whose root binds the number of leaves, plain or with sums in every node (docs/formats.md, "Trees").
(() => {
  const S = globalThis.sunfair;

  /** Leaves padded to a power of two. */
  function padded(leaves, filler) {
    let width = 1;
    while (width < leaves.length) width *= 2;
    return [...leaves, ...new Array(width - leaves.length).fill(filler)];
  }

  const plainNode = (left, right) => new S.Writer(65).u1(0x01).raw(left).raw(right).hash();

  /** All levels of a plain tree over 32-byte leaves, and its root. */
  function plainTree(leaves) {
    const levels = [padded(leaves, S.ZERO)];
    while (levels.at(-1).length > 1) {
      const below = levels.at(-1);
      levels.push(below.filter((_, i) => i % 2 === 0).map((left, i) => plainNode(left, below[2 * i + 1])));
    }
    const root = new S.Writer(37).u1(0x02).u4(leaves.length).raw(levels.at(-1)[0]).hash();
    return { levels, root, count: leaves.length };
  }

  /** The siblings of leaf `index`, from the leaf up. */
  const path = (tree, index) => tree.levels.slice(0, -1).map((level, i) => level[(index >> i) ^ 1]);

  function writeSums(writer, sums) {
    for (const sum of sums) writer.i8(sum);
    return writer;
  }

  /** All levels of a sum tree over leaves {hash, sums}; `combine` joins two children's sums. */
  function sumTree(leaves, neutral, combine) {
    const size = 32 + 8 * neutral.length;
    const levels = [padded(leaves, { hash: S.ZERO, sums: neutral })];
    while (levels.at(-1).length > 1) {
      const below = levels.at(-1);
      const level = [];
      for (let i = 0; i < below.length; i += 2) {
        const writer = new S.Writer(1 + 2 * size).u1(0x03);
        for (const child of [below[i], below[i + 1]]) writeSums(writer.raw(child.hash), child.sums);
        level.push({ hash: writer.hash(), sums: combine(below[i].sums, below[i + 1].sums) });
      }
      levels.push(level);
    }
    const top = levels.at(-1)[0];
    const root = writeSums(new S.Writer(5 + size).u1(0x04).u4(leaves.length).raw(top.hash), top.sums).hash();
    return { levels, root, count: leaves.length, sums: top.sums };
  }

  /** The hash of an account's row of a slot. */
  function privateRow(row) {
    const writer = new S.Writer(149).u1(0x13).u4(row.account).i8(row.slot).i8(row.leaf).i8(row.nonce);
    for (const name of ["ahead", "pool", "metered", "importWh", "exportWh", "paid", "running"]) writer.i8(row[name]);
    for (const number of [row.claims, ...row.gap]) writer.i8(number);
    return writer.raw(row.salt).hash();
  }

  /** The hash of an account's line in a settlement. */
  function periodLeaf(account, amount, arrears, cover, rowsRoot) {
    return new S.Writer(61).u1(0x14).u4(account).i8(amount).i8(arrears).i8(cover).raw(rowsRoot).hash();
  }

  Object.assign(S, { plainTree, sumTree, path, privateRow, periodLeaf });
})();
