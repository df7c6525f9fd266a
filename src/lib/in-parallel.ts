/**
 * Runs `work` for each item, at most `limit` at once, in their order.
 * @throws the first error, when nothing runs any more; what was not begun by then never is
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let at = 0
  let failure: { readonly error: unknown } | undefined
  const lane = async (): Promise<void> => {
    while (at < items.length && failure === undefined) {
      const item = items[at] as T
      at += 1
      try {
        await work(item)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  if (failure !== undefined) throw failure.error
}
