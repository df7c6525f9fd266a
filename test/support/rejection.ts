/**
 * The error of a promise that must fail: `expect(await rejection(promise)).toMatchObject({ code })`.
 * Bun 1.4's `expect(promise).rejects` waits in an event loop of its own that `setImmediate` does not wake, so that
 * whatever goes through the write queue takes up to a second there.
 */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`Expected a failure, got ${JSON.stringify(value)?.slice(0, 500)}`)
}
