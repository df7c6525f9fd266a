import { expect, test } from 'bun:test'
import type { SshStatus } from '../../../src/catalog/ssh/ssh-failure.ts'
import type { SshEnded } from '../../../src/catalog/ssh/ssh-run.ts'
import { whyEnded } from '../../../src/catalog/ssh/why-ended.ts'

const target = { host: 'gpu', port: 40123, user: 'root' }
const ended = (rest: Partial<SshEnded>): SshEnded => ({
  code: 255,
  log: '',
  said: '',
  knownHosts: '',
  stopped: undefined,
  ...rest,
})

/** Words of OpenSSH 7.6 to 9.9. */
test.each<[string, Partial<SshEnded>, SshStatus]>([
  [
    'unknown key',
    {
      log: 'No ED25519 host key is known for [gpu]:40123 and you have requested strict checking.\r\nHost key verification failed.\r\n',
    },
    'host_key_unknown',
  ],
  [
    'changed key',
    { log: '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nHost key verification failed.\r\n' },
    'host_key_changed',
  ],
  ['no key fits', { log: 'root@gpu: Permission denied (publickey).' }, 'login_refused'],
  ['key or password', { log: 'root@gpu: Permission denied (publickey,password).' }, 'login_refused'],
  ['a password alone', { log: 'root@gpu: Permission denied (password,keyboard-interactive).' }, 'password_needed'],
  [
    'too many keys',
    { log: 'Received disconnect from 192.0.2.7 port 22:2: Too many authentication failures' },
    'login_refused',
  ],
  ['refused', { log: 'ssh: connect to host gpu port 40123: Connection refused' }, 'connection_refused'],
  ['timeout', { log: 'ssh: connect to host gpu port 22: Connection timed out' }, 'timed_out'],
  [
    'silence at the start',
    { log: 'Connection timed out during banner exchange\nConnection to 127.0.0.1 port 9 timed out' },
    'timed_out',
  ],
  ['silence later', { log: 'Timeout, server gpu not responding.' }, 'timed_out'],
  ['no such name', { log: 'ssh: Could not resolve hostname gpu: Name or service not known' }, 'name_unknown'],
  ['no route', { log: 'ssh: connect to host gpu port 22: No route to host' }, 'unreachable'],
  ['closed at once', { log: 'kex_exchange_identification: Connection closed by remote host' }, 'broke_off'],
  [
    'no ssh server',
    {
      log: 'kex_exchange_identification: banner line contains invalid characters\nbanner exchange: Connection to 127.0.0.1 port 80: invalid format',
    },
    'no_agreement',
  ],
  [
    'old server',
    { log: 'Unable to negotiate with 192.0.2.7 port 22: no matching key exchange method found. Their offer: x' },
    'no_agreement',
  ],
  [
    'open key file',
    {
      log: '@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\nLoad key "/k": bad permissions\nroot@gpu: Permission denied (publickey).',
    },
    'bad_key',
  ],
  [
    'locked key file',
    {
      log: 'Load key "/k": incorrect passphrase supplied to decrypt private key\nroot@gpu: Permission denied (publickey).',
    },
    'bad_key',
  ],
  ['bad configuration', { log: '/home/me/.ssh/config: line 1: Bad configuration option: nonsense' }, 'bad_config'],
  ['closed', { log: 'Connection closed by 192.0.2.7 port 22' }, 'broke_off'],
  ['no shell', { code: 127, said: 'exec: sh: not found' }, 'no_shell'],
  ['no commands', { code: 1, said: 'This account is currently not available.' }, 'no_shell'],
  ['killed', { code: undefined }, 'broke_off'],
  ['stuck', { code: undefined, stopped: 'silent' }, 'timed_out'],
  ['endless', { code: undefined, stopped: 'too_much' }, 'too_much'],
  // Only ssh's own log is believed.
  [
    'a greeting that lies',
    { said: 'REMOTE HOST IDENTIFICATION HAS CHANGED\nPermission denied (publickey).', code: 1 },
    'no_shell',
  ],
])('%s', (_, rest, status) => {
  const failure = whyEnded(target, ended(rest), false)
  expect(failure.status).toBe(status)
  expect(failure.message).toStartWith('Cannot look at root@gpu:40123: ')
  expect(failure.hint).toBeString()
})

test('in the middle of an answer it is never the login', () => {
  const failure = whyEnded(
    target,
    ended({ log: 'Connection to gpu closed by remote host.\nPermission denied (x).' }),
    true,
  )
  expect(failure.status).toBe('broke_off')
})

test('what the far side says is quoted harmless and short', () => {
  const said = `first\n\u001b]0;x\u0007${'y'.repeat(500)}\n`
  const { message } = whyEnded(target, ended({ code: 1, said }), false)
  expect(message).toContain('\\u001b]0;x\\u0007yyy')
  expect(message.length).toBeLessThan(400)
})
