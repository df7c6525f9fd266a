import { expect, test } from 'bun:test'
import { AppError } from '../../../src/errors.ts'
import { createOutages } from '../../../src/models/fetch/outages.ts'
import { rejection } from '../../support/rejection.ts'

const away = new AppError('upstream_unavailable', 'Cannot fetch https://host/secret: the connection was refused', {
  cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
})
const fails = (error: AppError) => async (): Promise<never> => {
  throw error
}

test('an upstream that is away is asked again only after a while', async () => {
  let now = 0
  const outages = createOutages(() => now)
  expect(await rejection(outages.around('one', fails(away)))).toBe(away)
  now = 29_999
  expect(await rejection(outages.around('one', async () => 'there'))).toMatchObject({
    code: 'upstream_unavailable',
    message: 'Could not ask one a moment ago: the connection was refused',
  })
  expect(await outages.around('other', async () => 'there')).toBe('there')
  now = 30_000
  expect(await outages.around('one', async () => 'there')).toBe('there')
  expect(await outages.around('one', async () => 'still')).toBe('still')
})

test('what it answers is no outage, whatever it is', async () => {
  const outages = createOutages(() => 0)
  for (const code of ['not_found', 'rate_limited', 'cancelled', 'upstream_unavailable'] as const) {
    expect(await rejection(outages.around('one', fails(new AppError(code, 'No'))))).toMatchObject({ code })
  }
  expect(await outages.around('one', async () => 'there')).toBe('there')
})
