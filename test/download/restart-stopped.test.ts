import { afterAll, expect, test } from 'bun:test'
import { createAdmission } from '../../src/download/admission.ts'
import { createBandwidth } from '../../src/download/bandwidth.ts'
import { createBlocks } from '../../src/download/blocks.ts'
import { createHostLimits } from '../../src/download/host-limits.ts'
import { openPart, type Part } from '../../src/download/part.ts'
import { createPrefixHash } from '../../src/download/prefix-hash.ts'
import { createSupply } from '../../src/download/supply.ts'
import { transfer } from '../../src/download/transfer.ts'
import { DEFAULT_TUNING } from '../../src/download/tuning.ts'
import { AppError } from '../../src/errors.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, newTarget, SMALL, serve } from './world.ts'

cleanUp()
const hashes = createHashPool({ size: 1 })
afterAll(() => hashes.close())

test('a download that is stopped while it begins anew lets go of its part after that', async () => {
  // Another file from the second request on.
  const server = await serve(payloadBytes(HIGH.seed), ({ index }) => ({ headers: { etag: `"${Math.min(index, 1)}"` } }))
  const stop = new AbortController()
  const { signal } = stop
  const real = await openPart(newTarget(), {}, systemClock)
  const restarting = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const done: string[] = []
  const part: Part = Object.assign(Object.create(real), {
    async restart() {
      restarting.resolve()
      await goOn.promise
      await real.restart()
      done.push('begun anew')
    },
  })
  const tuning = { ...DEFAULT_TUNING, ...SMALL }
  const blocks = createBlocks(tuning.blockBytes)
  const hash = createPrefixHash({
    ...{ hashes, blocks, path: part.path, read: real.read, prefix: real.written.prefix, written: real.written.bytes },
    ...{ saved: undefined, tensor: false, sizeBytes: () => part.sizeBytes, lagMs: tuning.hashLagMs, signal },
  })
  const supplies = [createSupply(aSource(server.url), tuning)]
  const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
  const ended = rejection(
    transfer({
      ...{ part, hash, tuning, blocks, supplies, signal, name: 'model.safetensors', maxRanges: 4 },
      fetch: createGuardedFetch({ guard, version: '1.2.3' }),
      bandwidth: createBandwidth(0),
      hosts: createHostLimits({ perHost: 64 }),
      admission: createAdmission({
        request: { expected: {} },
        ...{ part, unmixed: false, reserve: async () => {}, alone: () => supplies.every(({ active }) => active <= 1) },
      }),
      onFresh() {},
      onProgress() {},
    }),
  ).then((error) => {
    done.push('ended')
    return error
  })
  await restarting.promise
  stop.abort(new AppError('cancelled', 'Stopped'))
  // What would end at once has ended by then.
  await new Promise((resolve) => setImmediate(resolve))
  goOn.resolve()
  expect(await ended).toMatchObject({ code: 'cancelled' })
  expect(done).toEqual(['begun anew', 'ended'])
  hash.dispose()
  await real.close()
})
