/** Runs a program with its output passed through; false when it fails. */
export async function run(program: string, ...args: readonly string[]): Promise<boolean> {
  const child = Bun.spawn([program, ...args], { stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' })
  return (await child.exited) === 0
}
