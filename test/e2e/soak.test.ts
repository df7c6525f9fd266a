import { expect, test } from 'bun:test'
import { projectDir } from '../support/project-files.ts'

test('twenty seconds of mixed load leave the executable as it was', async () => {
  // So short a run is half warming up: what counts here is that descriptors are the same and nothing fails.
  const child = Bun.spawn([process.execPath, 'scripts/soak.ts', '--seconds', '20', '--growth', '0.5'], {
    cwd: projectDir,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  expect({ exitCode, stderr, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
    exitCode: 0,
    stderr: '',
    last: 'flat',
  })
  for (const kind of ['write', 'read', 'sse', 'mcp', 'hash', 'import']) {
    expect(stdout).toMatch(new RegExp(`\\b${kind} [1-9]\\d*x`))
  }
  expect(stdout).not.toContain('complaints')
}, 120_000)
