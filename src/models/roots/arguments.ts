import { parse } from 'shell-quote'
import type { Search } from './search.ts'

/** Longer ones are no command line of a UI. */
const LENGTH_LIMIT = 32_768

/**
 * Words of a command line that is only read, never run: quotes and backslashes as a shell has them; operators and what
 * follows `#` are left out. Undefined for what a shell could not read either.
 * @param variable value of a variable that the text names; without it `$NAME` stays as it is
 */
export function wordsOf(text: string, variable?: (name: string) => string): readonly string[] | undefined {
  if (text.length > LENGTH_LIMIT) return undefined
  try {
    return parse(text, variable ?? ((name) => `$${name}`)).flatMap((entry) => {
      if (typeof entry === 'string') return [entry]
      return 'op' in entry && entry.op === 'glob' ? [entry.pattern] : []
    })
  } catch {
    // `${` without an end
    return undefined
  }
}

/** The words of a UI's command line; none, and a note, where it cannot be read. */
export function readArguments(text: string, whose: string, { note }: Search): readonly string[] {
  const words = wordsOf(text)
  if (words === undefined) note(`The command line of ${whose} cannot be read; its folders are not used.`)
  return words ?? []
}

/**
 * Values of `--flag value…` and `--flag=value`, in order and as argparse takes them: up to the next word that begins
 * with a dash.
 */
export function flagValues(words: readonly string[], flag: string): readonly string[] {
  const values: string[] = []
  for (const [at, word] of words.entries()) {
    if (word.startsWith(`${flag}=`)) values.push(word.slice(flag.length + 1))
    if (word !== flag) continue
    for (const value of words.slice(at + 1)) {
      if (value.startsWith('-')) break
      values.push(value)
    }
  }
  return values.filter((value) => value !== '')
}
