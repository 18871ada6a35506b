// What clients in JavaScript have in common: they are asked line by line, and tell what they see; `companion.py` says in which form.
// It stands in front of the client's own module.

import { createInterface } from "node:readline";

/** A line of JSON; 64-bit integers and numbers that are not finite as text. */
const line = (value) => JSON.stringify(value, spelled) + "\n";
const spelled = (_, part) => (typeof part === "bigint" || (typeof part === "number" && !isFinite(part)) ? String(part) : part);

/** An error and what caused it. */
const said = (error) => `${error}${error?.cause ? `: ${said(error.cause)}` : ""}`;

// Both clients read chunks side by side, and leave some of their errors to nobody.
let left;
process.on("unhandledRejection", (error) => (left ??= error));

/** What work gives, or the first error of any of its parts. */
async function whole(work) {
  left = undefined;
  const done = await work;
  // Errors that nobody waits for are told behind everything that is ready by now.
  await new Promise(setImmediate);
  if (left) throw left;
  return done;
}

/** Writes a node: what `read` gives of it, with its bytes if it has some, or its error. */
async function tellNode(header, read) {
  try {
    const { bytes, ...more } = await whole(read());
    process.stdout.write(line({ ...header, ...more, bytes: bytes?.length }));
    if (bytes) process.stdout.write(bytes);
  } catch (error) {
    process.stdout.write(line({ ...header, error: said(error) }));
  }
}

/** The bytes of a typed array. */
const bytesOf = (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Answers every question with what `tell` writes, and a line that says how it ended. */
async function answer(tell) {
  for await (const question of createInterface({ input: process.stdin })) {
    let end = "";
    await tell(JSON.parse(question)).catch((error) => (end = said(error)));
    process.stdout.write(line({ end }));
  }
}
