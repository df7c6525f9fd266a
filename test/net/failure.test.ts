import { expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { toNetworkError } from '../../src/net/failure.ts'

test.each([
  ['ECONNREFUSED', 'the connection was refused'],
  ['ECONNRESET', 'the connection was cut'],
  ['EHOSTUNREACH', 'the host cannot be reached'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['CERT_CHAIN_TOO_LONG', 'its certificate is not valid'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'no TLS connection came about'],
  ['HPE_INVALID_CONSTANT', 'the answer is not valid HTTP'],
  ['Z_DATA_ERROR', 'its compressed body is damaged'],
  ['SOMETHING_NEW', 'the connection failed'],
])('%s: %s', (code, reason) => {
  const cause = Object.assign(new Error('connect 10.0.0.5 token=secret'), { code })
  const error = toNetworkError(cause, 'https://a.example/b')
  expect(error.code).toBe('upstream_unavailable')
  expect(error.message).toBe(`Cannot fetch https://a.example/b: ${reason}`)
  expect(error.hint).toBeString()
  expect(error.cause).toBe(cause)
})

test('an error of ours stays itself', () => {
  const error = new AppError('cancelled', 'Stopped')
  expect(toNetworkError(error, 'x')).toBe(error)
})
