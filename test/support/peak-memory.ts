import { projectDir } from './project-files.ts'

/** Of the process by itself: what `resourceUsage` calls its maximum begins with what its parent held. */
const TELL_PEAK = `console.error(require('node:fs').readFileSync('/proc/self/status', 'utf8'))`

/**
 * Runs TypeScript to its end in a process of its own, whose imports are seen from the project's folder. In the process
 * of the tests memory tells of the tests before.
 * @returns the most memory that it held at once, in bytes, and what it printed
 * @throws Error where it fails, with what it said
 */
export async function peakMemory(
  script: string,
  ...args: readonly string[]
): Promise<{ readonly peakBytes: number; readonly printed: string }> {
  const child = Bun.spawn([process.execPath, '-e', `${script}\n${TELL_PEAK}`, '--', ...args], {
    cwd: projectDir,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [printed, said] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(said)
  if ((await child.exited) !== 0 || peak === null) throw new Error(said)
  return { peakBytes: Number(peak[1]) * 1024, printed }
}
