import { median } from './server.ts'

/** One way of doing the work; gives the seconds it took. */
export type Side = () => Promise<number>

export interface Comparison {
  readonly label: string
  readonly unit: string
  /** Work done in one run, in that unit: turns seconds into speed. */
  readonly amount: number
  readonly wanted: number
  readonly rounds: number
  readonly ours: Side
  readonly theirs: Side
  /** Run before each side, so that neither finds colder files than the other. */
  readonly before?: () => void
}

export async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now()
  await work()
  return (performance.now() - begin) / 1000
}

/** Runs both sides in turn, each first in every other round, and prints their speeds and the ratio in one line. */
export async function compare(comparison: Comparison): Promise<void> {
  const { label, unit, amount, wanted, rounds, ours, theirs, before } = comparison
  const seconds = { ours: [] as number[], theirs: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? (['theirs', 'ours'] as const) : (['ours', 'theirs'] as const)
    for (const name of order) {
      before?.()
      seconds[name].push(await (name === 'ours' ? ours() : theirs()))
    }
  }
  const speed = (of: number): string => (amount / of).toFixed(0)
  const describe = (values: readonly number[]): string =>
    `median ${speed(median(values))}, best ${speed(Math.min(...values))} ${unit}/s`
  const ratio = median(seconds.theirs) / median(seconds.ours)
  const ofBest = Math.min(...seconds.theirs) / Math.min(...seconds.ours)
  process.stdout.write(
    `${label}: ${ratio.toFixed(2)} of medians, ${ofBest.toFixed(2)} of bests (wanted ${wanted}): ours ${describe(seconds.ours)}; theirs ${describe(seconds.theirs)}; ${rounds} rounds\n`,
  )
}
