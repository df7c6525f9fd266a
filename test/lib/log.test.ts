import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { withoutSecrets } from '../../src/lib/log.ts'

/** Runs a script that logs and gives its stderr, one object a line: the log writes to the descriptor itself. */
function logged(script: string): Record<string, unknown>[] {
  const module = JSON.stringify(join(import.meta.dir, '../../src/lib/log.ts'))
  const { stderr } = Bun.spawnSync([
    process.execPath,
    '-e',
    `import { createLog } from ${module}; const log = createLog('debug'); ${script}`,
  ])
  return stderr
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

test('lines are JSON with level, time and message', () => {
  const [line] = logged(`log.warn({ request_id: 'req_1' }, 'hello')`)
  expect(line).toMatchObject({ level: 'warn', request_id: 'req_1', msg: 'hello' })
  expect(Date.parse(String(line?.time))).toBeGreaterThan(0)
})

test('secret fields are covered, one level down too, and the object that was logged stays as it was', () => {
  const [line, after] = logged(`
    const fields = { token: 'hunter2', Authorization: 'hunter2', nested: { key: 'hunter2', kept: 1 }, other: 'x' }
    log.info(fields, 'a'); log.info({ same: fields.token === 'hunter2' && fields.nested.key === 'hunter2' }, 'b')`)
  expect(JSON.stringify(line)).not.toContain('hunter2')
  expect(line).toMatchObject({ token: '***', nested: { key: '***', kept: 1 }, other: 'x' })
  expect(after).toMatchObject({ same: true })
})

test('errors are told without SQL, parameters and tokens in URLs', () => {
  const lines = logged(`
    log.error({ err: new Error('Failed query: insert into x params: hunter2', { cause: new Error('disk') }) }, 'a')
    log.error({ err: new Error('GET https://x/?token=hunter2 failed') }, 'b')
    log.info({ url: 'https://x/?api_key=hunter2' }, 'c')
    log.child({ secret: 'hunter2', job_id: 'imp_1' }).debug({}, 'd')`)
  expect(lines).toHaveLength(4)
  expect(JSON.stringify(lines)).not.toContain('hunter2')
  expect(JSON.stringify(lines[0])).toContain('disk')
  expect(lines[3]).toMatchObject({ job_id: 'imp_1' })
})

test.each([
  ['GET https://harbor:hunter2@example.com/a?id=c', 'GET https://***@example.com/a?id=c'],
  ['(git+ssh://hunter2@example.com)', '(git+ssh://***@example.com)'],
  ['LIBSQL://hunter2@a.example, s3://hunter2@b', 'LIBSQL://***@a.example, s3://***@b'],
  ['https://example.com/@night_ferry', 'https://example.com/@night_ferry'],
  ['night_ferry@example.com', 'night_ferry@example.com'],
  ['a: //night_ferry@example.com', 'a: //night_ferry@example.com'],
])('%s without its user', (text, expected) => {
  expect(withoutSecrets(text)).toBe(expected)
})

test.each([
  ['a scheme that does not end', 'a.'.repeat(500_000)],
  ['a scheme and a user that do not end', `${'a.'.repeat(250_000)}a://${'b'.repeat(500_000)}`],
  ['users that do not end', 'a://b'.repeat(200_000)],
  ['keys that do not end', '?X-Amz-'.repeat(150_000)],
  ['names that do not end', '?a-'.repeat(300_000)],
])('%s, a megabyte of it', (_, text) => {
  // Minutes where every beginning is looked at up to the end.
  expect(withoutSecrets(text)).toBe(text)
})
