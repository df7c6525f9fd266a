/**
 * What `make` answers, made when it is first asked for and kept. For what every start would have to pay for and few
 * runs need, statements of the database above all.
 */
export function onFirstUse<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The same of what has to be loaded; where that fails it is tried again with the next use. */
export function loadedOnFirstUse<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined
      throw error
    })
    return loaded
  }
}

/** The function that `load` answers, loaded with the first call. */
export function lateFunction<A extends unknown[], R>(
  load: () => Promise<(...given: A) => Promise<R>>,
): (...given: A) => Promise<R> {
  const loaded = loadedOnFirstUse(load)
  return async (...given) => (await loaded())(...given)
}
