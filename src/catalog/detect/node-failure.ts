import { AppError, type AppErrorOptions, type ErrorCode } from '../../errors.ts'

/** Why another airkeep could not be asked; each means "unknown" for what was looked for, never "missing". */
const CODES = {
  node_unreachable: 'upstream_unavailable',
  /** Our token opens nothing there, or not this. */
  node_refused: 'forbidden',
  /** It comes with another key than the one it is held to. */
  node_changed: 'conflict',
  /** An older airkeep, or something else, answers there. */
  node_unsupported: 'upstream_unavailable',
  /** It does not take what is asked: a folder that is none of its own, more than it reads. */
  node_declined: 'invalid_input',
  /** Nothing there tells where its UI is. */
  no_ui_home: 'not_found',
  /** What it answers is not what it was asked for. */
  node_unusable: 'upstream_unavailable',
} as const satisfies Record<string, ErrorCode>

export type NodeStatus = keyof typeof CODES

/** Action, reason and hint for people; `status` for programs. */
export class NodeFailure extends AppError {
  readonly status: NodeStatus

  constructor(status: NodeStatus, node: string, reason: string, options: AppErrorOptions = {}) {
    super(CODES[status], `Cannot ask the node ${node}: ${reason}`, options)
    this.status = status
  }
}
