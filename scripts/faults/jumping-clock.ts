/** `bun --preload` of this file: a program whose clock on the wall jumps. */
import { jumpClock } from './jump-clock.ts'

jumpClock(50)
