import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createProgressSender, type ProgressMessage } from '../../src/mcp/progress.ts'

function aSender() {
  const sent: ProgressMessage[] = []
  const clock = { time: 0, now: () => clock.time }
  const sender = createProgressSender({ clock, send: async (message) => void sent.push(message) })
  const report = (at: number, done: number, total?: number): void => {
    clock.time = at
    sender.report({ done, unit: 'bytes', ...(total === undefined ? {} : { total }) })
  }
  return { sent, sender, report }
}

test('the first goes at once, then one each quarter of a second, the newest before the result', async () => {
  const { sent, sender, report } = aSender()
  for (let ms = 0; ms <= 1000; ms += 50) report(ms, ms + 1)
  report(1010, 2000)
  await sender.finish()
  expect(sent.map(({ progress }) => progress)).toEqual([1, 251, 501, 751, 1001, 2000])
})

test('the end is sent at once, once, and nothing after it', async () => {
  const { sent, sender, report } = aSender()
  report(0, 10, 20)
  report(1, 20, 20)
  report(900, 20, 20)
  await sender.finish()
  report(2000, 30, 30)
  await sender.finish()
  expect(sent).toEqual([
    { progress: 10, total: 20 },
    { progress: 20, total: 20 },
  ])
})

test('messages leave one after another, and a client that is gone fails nothing', async () => {
  const order: string[] = []
  const sender = createProgressSender({
    clock: { now: () => Number.MAX_SAFE_INTEGER },
    async send({ progress }) {
      order.push(`begin ${progress}`)
      await Promise.resolve()
      order.push(`end ${progress}`)
      if (progress === 1) throw new Error('gone')
    },
  })
  sender.report({ done: 1, total: 1, unit: 'items' })
  sender.report({ done: 2, total: 2, unit: 'items' })
  await sender.finish()
  expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2'])
})

test('whatever an operation reports, what is sent rises and ends with the largest', async () => {
  const steps = fc.array(fc.record({ wait: fc.nat(400), done: fc.nat(1000), total: fc.option(fc.nat(1000)) }))
  await fc.assert(
    fc.asyncProperty(steps, async (reports) => {
      const { sent, sender, report } = aSender()
      let at = 0
      for (const { wait, done, total } of reports) {
        at += wait
        report(at, done, total ?? undefined)
      }
      await sender.finish()
      const values = sent.map(({ progress }) => progress)
      expect(values).toEqual([...new Set(values)].sort((a, b) => a - b))
      if (reports.length > 0) expect(values.at(-1)).toBe(Math.max(...reports.map(({ done }) => done)))
    }),
  )
})
