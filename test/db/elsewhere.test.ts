import { beforeAll, describe, expect, test } from 'bun:test'
import { projectDir } from '../support/project-files.ts'
import { needsSqld } from '../support/sqld.ts'
import { BACKEND_ENV, backend } from '../support/temp-db.ts'

/** Tests of what the database holds, which say nothing of where it is. */
const SUITES: Readonly<Record<'sqld' | 'replica', readonly string[]>> = {
  sqld: ['test/track', 'test/jobs/runner.test.ts', 'test/access/tokens.test.ts', 'test/db/write-queue.test.ts'],
  // The rest of test/track asks for nothing that these do not, and each database of theirs is a server and a process.
  replica: [
    'test/track/playbooks.test.ts',
    'test/track/bad-input.test.ts',
    'test/track/create-asset.test.ts',
    'test/track/change-asset.test.ts',
    'test/track/audit.test.ts',
    'test/jobs/runner.test.ts',
    'test/db/write-queue.test.ts',
  ],
}

interface Report {
  readonly text: string
  readonly exitCode: number
}

async function runSuite(name: string, paths: readonly string[]): Promise<Report> {
  const run = Bun.spawn([process.execPath, 'test', '--timeout', '30000', ...paths], {
    cwd: projectDir,
    env: { ...process.env, [BACKEND_ENV]: name },
    stdout: 'ignore',
    stderr: 'pipe',
  })
  return { text: await new Response(run.stderr).text(), exitCode: await run.exited }
}

describe.skipIf(!needsSqld() || backend !== 'file')('the same tests, with the databases elsewhere', () => {
  const reports = new Map<string, Promise<Report>>()
  // Beside each other: both wait for processes most of the time.
  beforeAll(() => {
    for (const [name, paths] of Object.entries(SUITES)) reports.set(name, runSuite(name, paths))
  })

  test.each(Object.entries(SUITES))(
    '%s',
    async (name, paths) => {
      const { text = '', exitCode } = (await reports.get(name)) ?? {}
      const failed = text.split('\n').filter((line) => line.startsWith('(fail)'))
      expect({ failed, exitCode }).toEqual({ failed: [], exitCode: 0 })
      // A path that is gone would be no failure.
      for (const path of paths.filter((each) => each.endsWith('.ts'))) expect(text).toContain(`${path}:`)
      expect(Number(/^ *(\d+) pass$/m.exec(text)?.[1])).toBeGreaterThan(100)
    },
    120_000,
  )
})
