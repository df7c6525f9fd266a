import { expect, test } from 'bun:test'
import { CommanderError } from 'commander'
import { describeError, toReported } from '../../src/cli/report.ts'
import { AppError, type AppErrorOptions } from '../../src/errors.ts'

const issue = (expected: string) => ({ path: 'x', expected })

const rows: readonly (readonly [what: string, message: string, options: AppErrorOptions, lines: string[]])[] = [
  ['nothing but the message', 'It failed', {}, ['error: It failed']],
  [
    'a field that is the message',
    'limit must be a number',
    { errors: [issue('limit must be a number'), issue('text is required')] },
    ['error: limit must be a number', '  text is required'],
  ],
  [
    'a field that the message begins with',
    'Exactly one of path and url must be given',
    { errors: [issue('exactly one of path and url')] },
    ['error: Exactly one of path and url must be given'],
  ],
  [
    'a field that is the hint',
    'Record not found',
    { errors: [issue('asset_id 1 names no asset')], hint: 'asset_id 1 names no asset' },
    ['error: Record not found', 'hint: asset_id 1 names no asset'],
  ],
  [
    'two fields that say the same',
    'Wrong',
    { errors: [issue('text must be short'), issue('text must be short')] },
    ['error: Wrong', '  text must be short'],
  ],
  ['a hint that is the message', 'Try again', { hint: 'try again' }, ['error: Try again']],
  [
    'what only sounds alike',
    'limit must be at most 100',
    { errors: [issue('limit must be at most 10'), issue('the limit must be at most 100')] },
    ['error: limit must be at most 100', '  limit must be at most 10', '  the limit must be at most 100'],
  ],
]

test.each(rows)('%s', (_what, message, options, lines) => {
  expect(describeError(new AppError('invalid_input', message, options))).toBe(`${lines.join('\n')}\n`)
})

test('what was typed behind an unknown option is not repeated: it may be a secret', () => {
  const error = new CommanderError(1, 'commander.unknownOption', "error: unknown option '--tokn=a secret\nb'")
  const told = describeError(toReported(error))
  expect(told).toStartWith("error: Unknown option '--tokn'\n")
  expect(told).not.toContain('secret')
})
