/** A hashing worker with every fault: it throws, exits, stays silent or answers late. */
import { parentPort } from 'node:worker_threads'
import type { HashRequest } from '../../src/hash/messages.ts'

let digest: number | undefined

parentPort?.on('message', ({ id, name, input }: HashRequest) => {
  const answer = (to: number, output: unknown): void => parentPort?.postMessage({ kind: 'done', id: to, output })
  if (name === 'open') answer(id, undefined)
  // An update is never answered, a digest only when it is not wanted any more; `save` kills the worker.
  if (name === 'digest') digest = id
  if (name === 'drop' && digest !== undefined) answer(digest, { sha256: 'late', sizeBytes: 0 })
  if (name === 'save') throw new Error('planted')
  if (name !== 'file') return
  if (input.path === 'throw') throw new Error('planted')
  if (input.path === 'exit') process.exit(3)
  answer(id, { sha256: input.path, sizeBytes: 0, engine: 'native', seconds: 0, readSeconds: 0, turnSeconds: 0 })
})
parentPort?.postMessage({ kind: 'ready' })
