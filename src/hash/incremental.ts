import { createHash } from 'node:crypto'
import { createSHA256 } from 'hash-wasm'
import { AppError } from '../errors.ts'
import type { Sha256 } from './digest.ts'
import type { Sha256Hasher } from './native.ts'

/** A SHA-256 that can be set down and taken up again, in this process or after a restart. */
export interface IncrementalSha256 extends Sha256Hasher {
  /** Bytes hashed so far, those before a restore included. */
  readonly sizeBytes: number
  /**
   * The state as bytes, for `restore`. It holds up to 63 bytes of the hashed content in plain text, so
   * keep it as private as the content.
   */
  save(): Uint8Array
}

export interface Sha256Engine {
  create(): IncrementalSha256
  /** @throws AppError invalid_input for bytes that are not a whole, unchanged state of this version */
  restore(state: Uint8Array): IncrementalSha256
}

/** Names the format and its version; hash-wasm's own state adds 4 bytes that name its build. */
const MAGIC = new TextEncoder().encode('AKSHA256\x01')
const COUNT_BYTES = 8
const CHECK_BYTES = 8

/**
 * One WebAssembly instance for any number of hashers, which take turns in it: creating a hasher is
 * then synchronous and costs a few bytes, and a switch copies a state of 116 bytes.
 */
export async function createSha256Engine(): Promise<Sha256Engine> {
  const wasm = await createSHA256()
  let active: { park(): void } | undefined

  function start(sizeBytes: number, saved: Uint8Array | undefined): IncrementalSha256 {
    let size = sizeBytes
    let parked = saved
    let ended = false
    const self = {
      park: () => {
        parked = wasm.save()
      },
    }
    const enter = (): void => {
      if (ended) throw new Error('A SHA-256 was used after its digest')
      if (active === self) return
      active?.park()
      active = self
      if (parked === undefined) wasm.init()
      else wasm.load(parked)
    }
    return {
      get sizeBytes() {
        return size
      },
      update(chunk) {
        enter()
        wasm.update(chunk)
        size += chunk.length
      },
      save() {
        enter()
        return pack(size, wasm.save())
      },
      digest() {
        enter()
        ended = true
        active = undefined
        return wasm.digest() as Sha256
      },
    }
  }

  return {
    create: () => start(0, undefined),
    restore(state) {
      const { sizeBytes, inner } = unpack(state)
      const hasher = start(sizeBytes, inner)
      try {
        // Loads the state now: a build of hash-wasm that wrote another format is refused here.
        hasher.save()
      } catch (error) {
        active = undefined
        throw refused(error)
      }
      return hasher
    },
  }
}

/** A hasher with an instance of its own. */
export async function createIncrementalSha256(): Promise<IncrementalSha256> {
  return (await createSha256Engine()).create()
}

/** @throws AppError invalid_input, see `Sha256Engine.restore` */
export async function restoreIncrementalSha256(state: Uint8Array): Promise<IncrementalSha256> {
  return (await createSha256Engine()).restore(state)
}

const refused = (cause?: unknown): AppError =>
  new AppError('invalid_input', 'Restoring a hash failed: these bytes are not a state that this version saved', {
    hint: 'Hash from the first byte again',
    cause,
  })

const checkOf = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest().subarray(0, CHECK_BYTES)

function pack(sizeBytes: number, inner: Uint8Array): Uint8Array {
  const head = MAGIC.length + COUNT_BYTES
  const bytes = new Uint8Array(head + inner.length + CHECK_BYTES)
  bytes.set(MAGIC)
  new DataView(bytes.buffer).setBigUint64(MAGIC.length, BigInt(sizeBytes), true)
  bytes.set(inner, head)
  bytes.set(checkOf(bytes.subarray(0, head + inner.length)), head + inner.length)
  return bytes
}

function unpack(state: Uint8Array): { sizeBytes: number; inner: Uint8Array } {
  const head = MAGIC.length + COUNT_BYTES
  if (state.length <= head + CHECK_BYTES) throw refused()
  const body = state.subarray(0, state.length - CHECK_BYTES)
  const check = state.subarray(state.length - CHECK_BYTES)
  const same = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, index) => byte === b[index])
  if (!same(MAGIC, body) || !same(check, checkOf(body))) throw refused()
  const sizeBytes = Number(new DataView(body.buffer, body.byteOffset).getBigUint64(MAGIC.length, true))
  return { sizeBytes, inner: body.slice(head) }
}
