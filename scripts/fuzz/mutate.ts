import { createRandom, type Random } from '../faults/random.ts'
import { flood, STEPS } from './steps.ts'

/** The same bytes for the same seed, fixture and number, whatever else is mutated. */
export interface Mutation {
  readonly seed: number
  /** Of the fixture, under fixtures/. */
  readonly path: string
  readonly number: number
}

/** The random numbers of one mutation, which decide all that is done with it. */
export const randomOf = ({ seed, path, number }: Mutation): Random => createRandom(mixed(`${seed} ${path} ${number}`))

/** FNV-1a. */
function mixed(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

const MOST_STEPS = 4
/** What a file may grow to: reading takes as long as it is. */
const MOST_BYTES = 256 * 1024
/** Which part of the files is filled up to that. */
const FLOODED = 0.005

/** A damaged copy of `bytes`; `others` are files to take pieces from. */
export function mutate(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let mutated: Uint8Array = Uint8Array.from(bytes)
  if (random.next() < FLOODED) mutated = flood(mutated, random, MOST_BYTES)
  const steps = random.between(1, MOST_STEPS)
  for (let step = 0; step < steps; step += 1) mutated = random.pick(STEPS)(mutated, random, others)
  return mutated.subarray(0, MOST_BYTES)
}
