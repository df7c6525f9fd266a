/** A worker that watches nothing and dies at once. */
throw new Error('planted')
