import { beforeAll, describe, expect, test } from 'bun:test'
import { baselinePath, failuresOf, REVISIONS, readBaseline, runSuite, type SuiteRun, scenariosOf } from './suite.ts'

/**
 * One test for each scenario of each revision: it fails what its baseline says and nothing else. `url` is called when
 * the tests run.
 */
export function describeConformance(build: 'executable' | 'test-build', url: () => string): void {
  describe.each(REVISIONS.map((revision) => [revision] as const))(`the ${build} and MCP %s`, (revision) => {
    const path = baselinePath(`${build}-${revision}`)
    const baseline = readBaseline(path)
    let run: SuiteRun
    beforeAll(async () => {
      run = await runSuite(url(), revision, path)
    }, 90_000)

    test('the suite calls it conforming', () => {
      expect(run.exitCode === 0 ? '' : run.output).toBe('')
    })

    test.each(scenariosOf(revision).map((scenario) => [scenario] as const))('%s', (scenario) => {
      const checks = run.checks.get(scenario)
      expect(checks).toBeDefined()
      const failures = failuresOf(checks ?? [])
      const expected = baseline.get(scenario) ?? new Set()
      if (expected === 'all') expect(failures).not.toEqual([])
      else expect(failures).toEqual([...expected].sort())
    })

    test('its baseline names nothing else', () => {
      expect([...baseline.keys()].filter((scenario) => !scenariosOf(revision).includes(scenario))).toEqual([])
    })
  })
}
