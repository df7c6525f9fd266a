import { AppError } from '../errors.ts'

/** A remote database went away while a commit was under way: its rows are there, or they are not. */
export class OutcomeUnknown extends AppError {
  /** How it went away. */
  readonly lost: unknown

  constructor(lost: unknown) {
    super('upstream_unavailable', 'The database went away before it confirmed the write', {
      hint: 'Whether it was recorded is not known: look before you try again',
      cause: lost,
    })
    this.lost = lost
  }
}
