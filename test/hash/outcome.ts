import { isAppError } from '../../src/errors.ts'

/** The code and message that a promise rejects with; anything but an AppError is thrown on. */
export async function failureOf(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await promise
  } catch (error) {
    if (!isAppError(error)) throw error
    return { code: error.code, message: error.message }
  }
  throw new Error('It was expected to fail')
}
