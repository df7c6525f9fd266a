import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const told = new Set<string>()

/**
 * Whether a test can run that needs a program: `test.skipIf(!needs('openssl'))('…', …)`. Says once on stderr what is
 * absent, and the test counts as skipped.
 *
 * @throws Error instead, where AIRKEEP_REQUIRE_ALL=1 demands that nothing is skipped (`.ci/run`).
 */
export function needs(program: string): boolean {
  return satisfied(findProgram(program) !== undefined, `the program ${program} is not on PATH`)
}

/** The same for anything else a test needs, such as a server named by the environment; `absent` says what is missing. */
export function satisfied(present: boolean, absent: string): boolean {
  if (present) return true
  if (process.env.AIRKEEP_REQUIRE_ALL === '1') throw new Error(`${absent}, and AIRKEEP_REQUIRE_ALL=1 lets nothing skip`)
  if (!told.has(absent)) process.stderr.write(`skipped: ${absent}\n`)
  told.add(absent)
  return false
}

function findProgram(name: string): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
