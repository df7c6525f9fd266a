import { describe, expect, test } from 'bun:test'
import { type DbLocation, parseLocation, pathOfFileUrl } from '../../src/db/location.ts'
import type { AppError } from '../../src/errors.ts'

describe('where a URL leads', () => {
  const remote = (url: string, authToken?: string): DbLocation => ({ kind: 'remote', primary: { url, authToken } })
  test.each<[string, string | undefined, DbLocation]>([
    ['file:/data/a.db', undefined, { kind: 'file', url: 'file:/data/a.db' }],
    ['http://127.0.0.1:8080', 't', remote('http://127.0.0.1:8080/', 't')],
    ['https://db.example.org/one', 't', remote('https://db.example.org/one', 't')],
    ['libsql://name.turso.io', 't', remote('https://name.turso.io/', 't')],
    ['libsql://127.0.0.1:8080?tls=0', undefined, remote('http://127.0.0.1:8080/')],
    ['libsql://name.turso.io?authToken=inside', undefined, remote('https://name.turso.io/', 'inside')],
    ['libsql://name.turso.io?authToken=inside', 'set', remote('https://name.turso.io/', 'set')],
    ['ws://127.0.0.1:8080', 't', remote('http://127.0.0.1:8080/', 't')],
    ['wss://db.example.org', 't', remote('https://db.example.org/', 't')],
  ])('%s with token %p', (url, authToken, location) => {
    expect(parseLocation({ url, authToken })).toEqual(location)
  })

  test('a file and a primary are a replica', () => {
    expect(parseLocation({ url: 'file:a.db', syncUrl: 'libsql://x.org?authToken=s' })).toEqual({
      kind: 'replica',
      url: 'file:a.db',
      primary: { url: 'https://x.org/', authToken: 's' },
    })
  })
})

describe('what is refused, without a word of what may be secret', () => {
  test.each([
    ['/data/airkeep-hunter2.db'],
    ['hunter2'],
    ['http://hunter2:hunter2@127.0.0.1:8080'],
    ['http://hunter2@127.0.0.1:8080'],
    ['postgres://u:hunter2@127.0.0.1/db'],
    ['libsql://x.org?auth_token=hunter2'],
    ['libsql://x.org?hunter2=1'],
    ['libsql://x.org#hunter2'],
    ['libsql://?authToken=hunter2'],
    ['http://[hunter2'],
  ])('%s', (url) => {
    for (const settings of [{ url }, { url: 'file:a.db', syncUrl: url }]) {
      const error = refusal(settings)
      expect(error).toMatchObject({ code: 'invalid_input' })
      expect(error.message).toContain(settings.url === url ? 'AIRKEEP_DB ' : 'AIRKEEP_DB_SYNC_URL')
      expect(`${Bun.inspect(error)}${error.hint}`).not.toContain('hunter2')
    }
  })

  test('a replica that is no file', () => {
    expect(refusal({ url: 'http://x.org', syncUrl: 'http://y.org' })).toMatchObject({ code: 'invalid_input' })
  })

  function refusal(settings: { url: string; syncUrl?: string }): AppError {
    try {
      parseLocation(settings)
    } catch (error) {
      return error as AppError
    }
    throw new Error('It was not refused')
  }
})

test.each([
  ['file:/data/a.db', '/data/a.db'],
  ['file:///data/a.db', '/data/a.db'],
  ['file://localhost/data/a.db', '/data/a.db'],
  ['file:a.db', 'a.db'],
  ['file:/data/100%25%23.db', '/data/100%#.db'],
])('%s is the path %s', (url, path) => {
  expect(pathOfFileUrl(url)).toBe(path)
})
