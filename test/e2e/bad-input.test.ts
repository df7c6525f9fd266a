import { describeBadInput } from '../support/bad-input.ts'
import { installExecutable } from '../support/executable.ts'

describeBadInput(() => installExecutable())
