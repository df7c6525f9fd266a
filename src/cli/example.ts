import type { Operation } from '../operation/operation.ts'
import { fieldsOf } from './fields.ts'
import { toFlags } from './flags.ts'

/** The operation's example as a command line for a POSIX shell. */
export const exampleOf = (operation: Operation): string =>
  ['airkeep', ...operation.words, ...toFlags(fieldsOf(operation), operation.example)].map(quote).join(' ')

/** As a shell reads it back. */
export const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
