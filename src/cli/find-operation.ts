import { AppError } from '../errors.ts'
import type { Operation } from '../operation/operation.ts'
import type { CliApp } from './app.ts'

/** @throws AppError invalid_input where this version does not have it */
export function findOperation(app: CliApp, name: string, command: string): Operation {
  const found = app.operations.find((operation) => operation.name === name)
  if (found !== undefined) return found
  throw new AppError('invalid_input', `${command} is not part of this version`)
}
