/** Prints what a walk of the roots named as arguments finds: for walks with other mounts or fewer rights. */
import { walked } from './walked.ts'

process.stdout.write(JSON.stringify(walked(...process.argv.slice(2))))
