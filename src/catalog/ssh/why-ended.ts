import { escapeName } from './remote-name.ts'
import { SshFailure, type SshStatus } from './ssh-failure.ts'
import type { SshEnded } from './ssh-run.ts'
import { describeTarget, type SshTarget } from './ssh-target.ts'

interface Reason {
  readonly sign: RegExp
  readonly status: SshStatus
  readonly reason: string
  readonly hint: string
}

const NOT_THERE = 'Check host and port; a rented machine gets others each time it is started'
const BROKEN = 'Nothing is concluded from what came before; try again'

/** Messages of OpenSSH's client, the more telling first. */
const REASONS: readonly Reason[] = [
  {
    sign: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/,
    status: 'host_key_changed',
    reason: 'it shows another key than the one that was accepted',
    hint: 'If the machine is a new one at the old address, accept its key by its fingerprint; if not, somebody stands between',
  },
  {
    sign: /host key is known for|Host key verification failed/,
    status: 'host_key_unknown',
    reason: 'its key has not been accepted yet',
    hint: 'Compare the fingerprint with what the host itself says, then accept it with --accept-host-key',
  },
  {
    sign: /Bad configuration option|bad configuration options|Bad owner or permissions on|terminating, \d+ bad|unsupported option/i,
    status: 'bad_config',
    reason: 'ssh cannot use its configuration file',
    hint: 'Look at ~/.ssh/config',
  },
  {
    sign: /UNPROTECTED PRIVATE KEY FILE|bad permissions/,
    status: 'bad_key',
    reason: 'the key file is open to other users, and ssh does not use it',
    hint: 'chmod 600 the key file',
  },
  {
    sign: /Load key .*(?:invalid format|error in libcrypto|incorrect passphrase)/,
    status: 'bad_key',
    reason: 'the key file is no private key, or locked with a passphrase',
    hint: 'Name the private key, and give a locked one to ssh-agent first',
  },
  {
    sign: /Could not resolve hostname|Name or service not known|Temporary failure in name resolution/,
    status: 'name_unknown',
    reason: 'no such host name is known',
    hint: NOT_THERE,
  },
  {
    sign: /Connection refused/,
    status: 'connection_refused',
    reason: 'nothing listens on that port',
    hint: NOT_THERE,
  },
  {
    sign: /timed out|Timeout, server/i,
    status: 'timed_out',
    reason: 'it does not answer in time',
    hint: 'It may be starting, busy, or behind a firewall; try again',
  },
  {
    sign: /No route to host|Network is unreachable|Host is down/,
    status: 'unreachable',
    reason: 'there is no way to it from here',
    hint: NOT_THERE,
  },
  {
    sign: /kex_exchange_identification: (?:read: |write: )?Connection (?:closed|reset)/,
    status: 'broke_off',
    reason: 'it closed the connection before login',
    hint: 'It may be starting, full, have shut this address out, or be no ssh server at all; try again later',
  },
  {
    sign: /Unable to negotiate|kex_exchange_identification|banner (?:exchange|line)|no matching .* found|Protocol major versions differ|invalid protocol identification/i,
    status: 'no_agreement',
    reason: 'what answers there is no ssh server that this client can talk to',
    hint: NOT_THERE,
  },
]

/** `Permission denied (publickey,password).` */
const DENIED = /Permission denied \(([\w@.,-]*)\)|Too many authentication failures|no more authentication methods/i

/**
 * Why a connection ended before the answer was whole. What ssh says itself is believed; what the far side says is only
 * quoted.
 * @param began whether the far side had begun to answer
 */
export function whyEnded(target: SshTarget, ended: SshEnded, began: boolean): SshFailure {
  const place = describeTarget(target)
  const fail = (status: SshStatus, reason: string, hint: string): SshFailure =>
    new SshFailure(status, `Cannot look at ${place}: ${reason}`, { hint })
  switch (ended.stopped) {
    case 'silent':
      return fail('timed_out', began ? 'it stopped answering' : 'it does not answer in time', 'Try again later')
    case 'too_long':
      return fail('timed_out', 'the answer takes too long', 'Try again later, or name fewer folders')
    case 'too_much':
      return fail('too_much', 'its answer is larger than any host of models gives', 'Name the home of the UI')
    default:
  }
  const known = REASONS.find(({ sign }) => sign.test(ended.log))
  if (known !== undefined && !(began && known.status !== 'timed_out')) {
    return fail(known.status, known.reason, known.hint)
  }
  const denied = began ? null : DENIED.exec(ended.log)
  if (denied !== null) return refusedLogin(denied[1]?.split(',') ?? [], fail)
  if (began) return fail('broke_off', 'the connection ended in the middle of its answer', BROKEN)
  if (ended.code === 255 || ended.code === undefined) {
    return fail('broke_off', `the connection ended${quote(ended.log || ended.said)}`, BROKEN)
  }
  const missing = ended.code === 127 ? 'it has no POSIX shell' : 'the account runs no commands'
  return fail('no_shell', `${missing}${quote(ended.said)}`, 'Give an account that has a shell')
}

function refusedLogin(
  methods: readonly string[],
  fail: (status: SshStatus, reason: string, hint: string) => SshFailure,
): SshFailure {
  const typed = methods.filter((method) => method === 'password' || method === 'keyboard-interactive')
  if (typed.length > 0 && !methods.includes('publickey')) {
    return fail(
      'password_needed',
      'it asks for a password, and airkeep types none',
      'Let the account take a key: ssh-copy-id does that',
    )
  }
  const also = typed.length > 0 ? ' (it would take a password, which airkeep does not type)' : ''
  return fail(
    'login_refused',
    `it accepts none of the keys of this machine${also}`,
    'Add the public key to the account, or name the private key with -i in the ssh line',
  )
}

const QUOTED = 200

/** The last words of the other side or of ssh, made harmless. */
function quote(text: string): string {
  const last = text
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '')
    .at(-1)
    ?.trim()
  return last === undefined ? '' : `: "${escapeName(last.slice(0, QUOTED))}"`
}
