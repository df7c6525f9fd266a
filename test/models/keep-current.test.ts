import { expect, test } from 'bun:test'
import { setImmediate } from 'node:timers/promises'
import { silentLog } from '../../src/lib/log.ts'
import { type KeepCurrentDeps, keepCurrent } from '../../src/models/keep-current.ts'
import type { ModelRoot } from '../../src/models/root.ts'
import { toRoots } from '../support/library.ts'

interface Kept {
  /** What is found now. */
  roots: readonly ModelRoot[]
  /** What was done, in order. */
  readonly done: string[]
  /** Tells of a change in the folders that are watched. */
  change: (root: ModelRoot, folders: readonly string[]) => void
  /** Resolves when this was done for the first time. */
  did(what: string): Promise<void>
  end(): Promise<void>
}

function startKeeping(paths: readonly string[], over: Partial<KeepCurrentDeps> = {}): Kept {
  const waiting = new Map<string, () => void>()
  const kept: Kept = {
    roots: toRoots(paths),
    done: [],
    change() {},
    did: (what) =>
      new Promise((resolve) => {
        if (kept.done.includes(what)) resolve()
        else waiting.set(what, resolve)
      }),
    end: () => end(),
  }
  const note = (what: string): void => {
    kept.done.push(what)
    waiting.get(what)?.()
  }
  const namesOf = (roots: readonly ModelRoot[]): string => roots.map(({ path }) => path).join(' ')
  const end = keepCurrent({
    roots: async () => kept.roots,
    watch(roots, onChange) {
      note(`watch ${namesOf(roots)}`)
      kept.change = onChange
      return { ready: Promise.resolve(), close: async () => note(`leave ${namesOf(roots)}`) }
    },
    look: async (roots, only) => note(`look ${only?.folders.join(' ') ?? namesOf(roots)}`),
    hasUnhashed: async () => false,
    scan: async () => note('scan'),
    log: silentLog,
    everyMs: 5,
    ...over,
  })
  return kept
}

test('the folders are watched, looked at once, and then where they change', async () => {
  const kept = startKeeping(['/a', '/b'])
  await kept.did('look /a /b')
  const [root] = kept.roots
  if (root !== undefined) kept.change(root, ['/a/loras'])
  await kept.did('look /a/loras')
  await kept.end()
  expect(kept.done).toEqual(['watch /a /b', 'look /a /b', 'look /a/loras', 'leave /a /b'])
})

test('a UI that is installed later is seen without a restart', async () => {
  let asked = 0
  let askedTwice = (): void => {}
  const twice = new Promise<void>((resolve) => {
    askedTwice = resolve
  })
  const kept = startKeeping([], {
    roots: async () => {
      asked += 1
      if (asked === 2) askedTwice()
      return kept.roots
    },
  })
  await twice
  expect(kept.done).toEqual([])
  kept.roots = toRoots(['/ui/models'])
  await kept.did('look /ui/models')
  kept.roots = toRoots(['/ui/models', '/extra'])
  await kept.did('look /ui/models /extra')
  await kept.end()
  expect(kept.done).toEqual([
    'watch /ui/models',
    'look /ui/models',
    'leave /ui/models',
    'watch /ui/models /extra',
    'look /ui/models /extra',
    'leave /ui/models /extra',
  ])
})

test('a look that fails is repeated', async () => {
  let failures = 2
  const kept = startKeeping(['/a'], {
    async look() {
      failures -= 1
      if (failures >= 0) throw new Error('the database is away')
      kept.done.push('looked')
    },
    hasUnhashed: async () => failures < 0,
  })
  await kept.did('scan')
  await kept.end()
  expect(kept.done.filter((what) => what === 'looked')).toHaveLength(1)
})

test('nothing is begun after the end', async () => {
  let answer = (_: readonly ModelRoot[]): void => {}
  let wasAsked = (): void => {}
  const asked = new Promise<void>((resolve) => {
    wasAsked = resolve
  })
  const kept = startKeeping([], {
    roots: () =>
      new Promise((resolve) => {
        answer = resolve
        wasAsked()
      }),
  })
  await asked
  const ended = kept.end()
  answer(toRoots(['/late']))
  await ended
  expect(kept.done).toEqual([])
})

test('changes that come while a look goes on are looked at together', async () => {
  let go = (): void => {}
  const looks: string[] = []
  const kept = startKeeping(['/a'], {
    async look(_, only) {
      looks.push(only?.folders.join(' ') ?? 'all')
      if (only?.folders.includes('/a/one')) {
        await new Promise<void>((resolve) => {
          go = resolve
        })
      }
      kept.done.push(`looked ${looks.at(-1)}`)
    },
    hasUnhashed: async () => looks.length === 3,
  })
  await kept.did('watch /a')
  const [root] = kept.roots
  if (root === undefined) throw new Error('no root')
  kept.change(root, ['/a/one'])
  while (!looks.includes('/a/one')) await setImmediate()
  for (const folder of ['/a/two', '/a/three', '/a/two']) kept.change(root, [folder])
  go()
  await kept.did('scan')
  await kept.end()
  expect(looks).toEqual(['all', '/a/one', '/a/two /a/three'])
})
