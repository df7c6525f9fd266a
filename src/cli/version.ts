import { VERSION } from '../lib/version.ts'
import type { Context } from './context.ts'

/** `airkeep version` */
export async function printVersion(context: Context): Promise<number> {
  const number = VERSION
  await context.print({ version: number }, () => number)
  return 0
}
