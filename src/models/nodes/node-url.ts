import { AppError } from '../../errors.ts'

/**
 * Where a node answers, in the one form in which addresses are kept and compared: http or https, no trailing slash.
 * @throws AppError invalid_input; never shows the URL, which may hold a password
 */
export function parseNodeUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw refuse('url must be an http or https URL')
  }
  if (url.username !== '' || url.password !== '') throw refuse('url must not hold a user name or password')
  // Also where they are empty: `https://host/?` is not meant to be another address than `https://host/`.
  if (text.includes('?') || text.includes('#')) throw refuse('url must not have a query or a fragment')
  url.hostname = url.hostname.replace(/\.$/, '')
  return url.href.replace(/\/+$/, '')
}

function refuse(expected: string): AppError {
  return new AppError('invalid_input', expected, {
    hint: 'Write it as https://host:7801, and give the token in its own field',
    errors: [{ path: 'url', expected }],
  })
}

/** Host and port as the network guard's lists name them, the port also where the scheme says it. */
export function hostOf(nodeUrl: string): string {
  const { hostname, port, protocol } = new URL(nodeUrl)
  return `${hostname}:${port !== '' ? port : protocol === 'https:' ? '443' : '80'}`
}
