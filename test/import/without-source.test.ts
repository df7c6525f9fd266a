import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { withoutSource } from '../../src/import/without-source.ts'

const texts = { kind: 'texts' as const, texts: [], warnings: [] }
const path = (name: string) => ({ kind: 'path', path: name }) as const
const url = (name: string) => ({ kind: 'url', url: name }) as const

describe('an error that others see does not name what was read', () => {
  test.each([
    [path('/home/me/a.png'), '/home/me/a.png does not exist', 'The path does not exist'],
    [
      path('/home/me/../a.png'),
      'Cannot read /home/a.png: permission denied',
      'Cannot read the path: permission denied',
    ],
    [path('file:///home/me/a%20b.png'), '/home/me/a b.png is a folder', 'The path is a folder'],
    [path('/'), '/ is a folder, not a regular file', '/ is a folder, not a regular file'],
    [
      url('https://a.example/b?token=c'),
      'Cannot fetch https://a.example/b: it answered 500',
      'Cannot fetch it: it answered 500',
    ],
    [url('s3://bucket/key'), 'Cannot read s3://bucket/key', 'Cannot read it'],
    [url('no address'), 'no address is none', 'It is none'],
  ])('%p', (source, message, told) => {
    const error = new AppError('not_found', message, { hint: 'Look again' })
    expect(withoutSource(error, source)).toMatchObject({ code: 'not_found', message: told, hint: 'Look again' })
  })
})

test('what does not name it stays the same error', () => {
  const error = new AppError('not_found', 'No prompt or workflow was found in it')
  expect(withoutSource(error, path('/a.png'))).toBe(error)
  expect(withoutSource(error, texts)).toBe(error)
  const other = new Error('/a.png')
  expect(withoutSource(other, path('/a.png'))).toBe(other)
})
