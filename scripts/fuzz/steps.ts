import type { Random } from '../faults/random.ts'

/** Damages bytes, which it may change, in one way; `others` are files to take pieces from. */
export type Step = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array

const placeIn = (bytes: Uint8Array, random: Random): number => random.between(0, Math.max(0, bytes.length - 1))

/** Half of the time near the beginning, where headers are. */
const headPlace = (bytes: Uint8Array, random: Random): number =>
  random.next() < 0.5 ? Math.min(random.between(0, 200), Math.max(0, bytes.length - 1)) : placeIn(bytes, random)

const flipBits: Step = (bytes, random) => {
  for (let count = random.between(1, 8); count > 0; count -= 1) {
    const at = headPlace(bytes, random)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7))
  }
  return bytes
}

const fillRun: Step = (bytes, random) => {
  const at = headPlace(bytes, random)
  const value = random.pick([0, 0xff, 0x20, 0x22, 0x7b, 0x5b, random.between(0, 255)])
  return bytes.fill(value, at, at + random.between(1, 64))
}

const cutTail: Step = (bytes, random) => bytes.subarray(0, placeIn(bytes, random))

const removeRun: Step = (bytes, random) => {
  const at = placeIn(bytes, random)
  return spliced(bytes, at, random.between(1, 200), new Uint8Array(0))
}

/** Numbers that a length, a count or an offset must not be. */
const HOSTILE = [0n, 1n, 7n, 0x7fn, 0xffn, 0x7fffn, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 2n ** 63n - 1n]

const setLength: Step = (bytes, random) => {
  const size = random.pick([1, 2, 3, 4, 8])
  const at = headPlace(bytes, random)
  const value = random.pick([...HOSTILE, BigInt(bytes.length), BigInt(bytes.length - at), 2n ** 64n - 1n])
  const digits = value
    .toString(16)
    .padStart(16, '0')
    .slice(16 - 2 * size)
  const number = Buffer.from(digits, 'hex')
  const piece = random.next() < 0.5 ? number : number.reverse()
  bytes.set(piece.subarray(0, bytes.length - at), at)
  return bytes
}

const repeatPiece: Step = (bytes, random) => {
  const at = placeIn(bytes, random)
  const piece = bytes.slice(at, at + random.between(1, 400))
  const copies = Array.from({ length: random.pick([1, 1, 2, 30]) }, () => piece)
  return spliced(bytes, placeIn(bytes, random), 0, Buffer.concat(copies))
}

/** One piece so often that whatever takes the square of its number takes too long. */
export function flood(bytes: Uint8Array, random: Random, mostBytes: number): Uint8Array {
  const at = placeIn(bytes, random)
  const piece = random.next() < 0.3 ? random.pick(WORDS) : bytes.slice(at, at + random.between(1, 80))
  const copies = Math.floor((mostBytes - bytes.length) / Math.max(1, piece.length))
  return spliced(bytes, at, 0, Buffer.concat(Array.from({ length: Math.max(0, copies) }, () => piece)))
}

const exchange: Step = (bytes, random) => {
  const [from, to] = [placeIn(bytes, random), placeIn(bytes, random)]
  const length = Math.min(random.between(1, 100), bytes.length - Math.max(from, to))
  const piece = bytes.slice(from, from + length)
  bytes.copyWithin(from, to, to + length)
  bytes.set(piece, to)
  return bytes
}

const takeFromOther: Step = (bytes, random, others) => {
  const other = random.pick(others)
  const at = placeIn(bytes, random)
  const from = placeIn(other, random)
  const whole = random.next() < 0.3
  const piece = other.subarray(from, whole ? undefined : from + random.between(1, 500))
  return spliced(bytes, at, whole ? bytes.length - at : random.pick([0, piece.length]), piece)
}

/** What means something in one of the formats. */
const WORDS = [
  '"',
  '\\',
  '\n',
  '\0',
  '}',
  ']',
  '{"',
  ',null',
  'NaN',
  '-1e999',
  '9'.repeat(40),
  '__proto__',
  '[['.repeat(200),
  '{"a":'.repeat(200),
  '<lora:',
  '<lora:x:1>'.repeat(40),
  'embedding:',
  '"class_type":"LoraLoader"',
  '["1",0]',
  'Steps: 20, Sampler: ',
  'Negative prompt: ',
  'Lora hashes: "',
  'Civitai resources: [',
  'urn:air:',
  '../',
  '\ud83d\ude00',
  '\ufeff',
].map((word) => Buffer.from(word))

const insertWord: Step = (bytes, random) => {
  const word = random.pick(WORDS)
  return spliced(bytes, placeIn(bytes, random), random.pick([0, word.length]), word)
}

export const STEPS: readonly Step[] = [
  flipBits,
  flipBits,
  fillRun,
  cutTail,
  removeRun,
  setLength,
  setLength,
  repeatPiece,
  exchange,
  takeFromOther,
  insertWord,
  insertWord,
]

const spliced = (bytes: Uint8Array, at: number, remove: number, piece: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + remove)]))
