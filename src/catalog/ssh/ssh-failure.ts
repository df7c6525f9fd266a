import { AppError, type AppErrorOptions, type ErrorCode } from '../../errors.ts'

/** Why a host's listing could not be had; each means "unknown" for what was looked for, never "missing". */
const CODES = {
  /** No OpenSSH client on this machine. */
  no_ssh: 'upstream_unavailable',
  host_key_unknown: 'forbidden',
  host_key_changed: 'forbidden',
  /** No key of this machine opens the account. */
  login_refused: 'forbidden',
  /** The account opens with a password only; airkeep types none. */
  password_needed: 'forbidden',
  /** The key file cannot be used: missing, not a key, locked with a passphrase, open to others. */
  bad_key: 'invalid_input',
  /** ssh does not understand its own configuration file. */
  bad_config: 'invalid_input',
  name_unknown: 'upstream_unavailable',
  connection_refused: 'upstream_unavailable',
  unreachable: 'upstream_unavailable',
  timed_out: 'upstream_unavailable',
  /** No ssh server answers there, or none that this client can talk to. */
  no_agreement: 'upstream_unavailable',
  /** Ended before the whole answer was there. */
  broke_off: 'upstream_unavailable',
  /** Logged in, but the account runs no commands. */
  no_shell: 'upstream_unavailable',
  /** The far side lacks a program that the listing needs. */
  no_tools: 'upstream_unavailable',
  /** More files, or more text, than a host of models has. */
  too_much: 'payload_too_large',
  /** Nobody says where the UI is, or it is not there. */
  no_ui_home: 'not_found',
} as const satisfies Record<string, ErrorCode>

export type SshStatus = keyof typeof CODES

/** A host's key, as it is shown for comparison. */
export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  readonly type: string
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string
}

export interface SshFailureOptions extends AppErrorOptions {
  readonly hostKey?: HostKey | undefined
}

/** Action, reason and hint for people; `status` for programs. */
export class SshFailure extends AppError {
  readonly status: SshStatus
  /** With `host_key_unknown` and `host_key_changed`: the key that the host showed, where it could be read. */
  readonly hostKey: HostKey | undefined

  constructor(status: SshStatus, message: string, options: SshFailureOptions = {}) {
    super(CODES[status], message, options)
    this.status = status
    this.hostKey = options.hostKey
  }
}
