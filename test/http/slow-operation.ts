import * as v from 'valibot'
import type { Operation } from '../../src/operation/operation.ts'
import { anOperation } from './test-app.ts'

/** A call that says when it has begun and ends when it is told to. */
export interface Slow {
  readonly begun: Promise<void>
  finish(): void
  readonly aborted: Promise<void>
  readonly ended: Promise<void>
}

export interface SlowOperation extends Slow {
  readonly operation: Operation
  wasAborted(): boolean
}

/** Something to wait for that happens elsewhere. */
function aGate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

export function aSlowOperation(name: string, method: 'get' | 'post', effect: 'read' | 'write'): SlowOperation {
  const begun = aGate()
  const finish = aGate()
  const aborted = aGate()
  const ended = aGate()
  let wasAborted = false
  const operation = anOperation({
    name,
    http: { method, path: `/v1/${name}` },
    effect,
    input: v.strictObject({}),
    async run(_input, { signal }) {
      signal.addEventListener('abort', () => {
        wasAborted = true
        aborted.open()
      })
      begun.open()
      await finish.opened
      ended.open()
      return { done: true }
    },
  })
  return {
    operation,
    begun: begun.opened,
    finish: finish.open,
    aborted: aborted.opened,
    ended: ended.opened,
    wasAborted: () => wasAborted,
  }
}
