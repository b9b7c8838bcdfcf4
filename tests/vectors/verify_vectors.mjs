// The vectors beside this file computed once more, in another language and by another hand, with node's own crypto and JSON.
// node tests/vectors/verify_vectors.mjs   prints how many values agree; the first that does not ends it with code 1.

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

let agreed = 0;
const agree = (computed, expected, what) => { assert.equal(computed, expected, what); agreed += 1; };
const vectors = (name) => JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), "utf8"));

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const hex = (text) => Buffer.from(text, "hex");
const b64url = (bytes) => bytes.toString("base64url");

// RFC 8785: JavaScript's own string and number forms, keys in the order of UTF-16 code units, which is its sort().
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
};

const uuid8 = (sixteen) => {
  const bytes = Buffer.from(sixteen);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};
const derived = (prefix, ...texts) => sha256(prefix, canonical(texts)).subarray(0, 16);

// RFC 6962 §2.1
const tree = (entries) => {
  if (entries.length === 0) return sha256("");
  if (entries.length === 1) return sha256(Buffer.of(0), entries[0]);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha256(Buffer.of(1), tree(entries.slice(0, k)), tree(entries.slice(k)));
};

for (const vector of vectors("canonical")) {
  agree(Buffer.from(canonical(JSON.parse(vector.json))).toString("hex"), vector.canonical_hex, "canonical");
}
for (const vector of vectors("identity")) {
  agree(uuid8(derived("ensue/1 id\n", vector.uid, vector.actor, vector.key)), vector.event_id, "event id");
  agree(uuid8(derived("ensue/1 row\n", vector.event_id, vector.label)), vector.row_id, "row id");
  agree(BigInt(`0x${derived("ensue/1 random\n", vector.event_id, vector.label).toString("hex")}`).toString(), vector.random, "random");
}
for (const vector of vectors("uuid")) agree(uuid8(hex(vector.bytes_hex)), vector.id, "uuid");
for (const vector of vectors("tree")) agree(tree(vector.entries_hex.map(hex)).toString("hex"), vector.root_hex, "tree");
for (const vector of vectors("payload")) {
  const salts = vector.leaves.map(([name]) => b64url(hmac(hex(vector.seed_hex), `salt\n${name}`).subarray(0, 16)));
  const digests = vector.leaves.map(([name, value], at) => sha256(b64url(Buffer.from(canonical([salts[at], name, value])))));
  agree(canonical(salts), canonical(vector.salts), "salts");
  agree(canonical(digests.map(b64url)), canonical(vector.digests), "digests");
  agree(b64url(tree(digests)), vector.root, "root");
  agree(vector.leaves.map(([name, value]) => `+ ${name} ${canonical(value)}\n`).join(""), vector.stored, "stored");
  const left = vector.leaves.map(([name, value], at) =>
    at >= 4 && at % 2 === 0 ? `- ${b64url(digests[at])}\n` : `= ${name} ${salts[at]} ${canonical(value)}\n`);
  agree(left.join(""), vector.stored_after_erasure, "stored after an erasure");
}
for (const vector of vectors("request")) {
  const text = canonical([vector.actor, vector.type, vector.version, vector.form]);
  agree(b64url(hmac(hex(vector.seed_hex), `request\n${text}`)), vector.digest, "request digest");
}
const heads = new Map();
for (const vector of vectors("chain")) {
  for (const [subject, prev] of vector.genesis) {
    agree(b64url(sha256("ensue/1 genesis\n", canonical([vector.uid, subject]))), prev, "genesis");
    if (!heads.has(subject)) heads.set(subject, prev);
  }
  for (const link of vector.fields.links) agree(heads.get(link.subject), link.prev, "prev");
  agree(canonical({ v: 1, alg: "sha256", ...vector.fields, ...vector.extra }), vector.header, "header");
  let nonce = 0n;
  let hash;
  do {
    const counted = Buffer.alloc(8);
    counted.writeBigUInt64BE(nonce++);
    hash = sha256("ensue/1\n", sha256(vector.header), counted);
  } while (BigInt(`0x${hash.toString("hex")}`) >= 1n << BigInt(256 - vector.fields.cost));
  agree(Number(nonce - 1n), vector.nonce, "nonce");
  agree(b64url(hash), vector.hash, "hash");
  for (const link of vector.fields.links) heads.set(link.subject, vector.hash);
}
console.log(`${agreed} values agree`);
