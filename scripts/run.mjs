// What the scripts beside this one share.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** What is said by its message alone, without a stack. */
export class Failure extends Error {}

/** Runs a program, passes signals on to it, and resolves with its exit code as a shell would give it. */
export function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options)
    const pass = (signal) => child.kill(signal)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, pass)
    child.once('error', (cause) => reject(new Failure(`Cannot run ${command}: ${cause.message}`, { cause })))
    child.once('exit', (code, signal) => {
      for (const name of signals) process.removeListener(name, pass)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

/** Ends the process with the exit code that `main` resolves with, given the arguments of the command line. */
export async function runMain(main) {
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
