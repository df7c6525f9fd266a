/**
 * Lines of JSON between the program and the process that keeps its replica. First an order and its reply, then a line
 * for every sync that is asked for, and its reply.
 */
export interface ReplicaOrder {
  /** Of the program: its end is the end of the process too. */
  readonly parentPid: number
  /** libSQL URL of the file. */
  readonly url: string
  readonly primaryUrl: string
  readonly authToken: string | undefined
}

/** The file holds everything that was committed when it was asked for, or why not: libSQL's own words. */
export type ReplicaReply = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export const toLine = (message: ReplicaOrder | ReplicaReply): string => `${JSON.stringify(message)}\n`
