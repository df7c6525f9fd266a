import type { Context } from './context.ts'

/**
 * Asks a question that Enter says yes to; the end of the input says no.
 * @throws the signal's reason
 */
export async function confirm({ outside, signal, progress }: Context, question: string): Promise<boolean> {
  progress.clear()
  for (;;) {
    const answer = await outside.ask(`${question} [Y/n] `, signal)
    if (answer === undefined) return false
    const word = answer.trim().toLowerCase()
    if (word === '' || word === 'y' || word === 'yes') return true
    if (word === 'n' || word === 'no') return false
  }
}
